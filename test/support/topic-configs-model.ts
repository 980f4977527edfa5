import type { ConfigEntry, KafkaTransport } from '../../src/kafka/transport.js'
import { fakeKafka } from './fake-kafka.js'

/** The configs of a Kafka 4 topic that a restore cares for, as they are without any of its own. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'local.retention.bytes': '-2',
  'local.retention.ms': '-2',
  'max.message.bytes': '1048588',
  'message.timestamp.after.max.ms': '3600000',
  'message.timestamp.before.max.ms': '9223372036854775807',
  'message.timestamp.type': 'CreateTime',
  'remote.log.copy.disable': 'false',
  'retention.bytes': '-1',
  // What `log.retention.hours`, the only one that a broker sets by default, comes to.
  'retention.ms': '604800000',
  'segment.ms': '604800000',
}

/** A topic of which only the configs matter. */
export class TopicConfigsModel {
  /** What the topic has of its own. */
  readonly own: Map<string, string>
  /** Each change that was asked for. */
  readonly changes: Readonly<Record<string, string | null>>[] = []

  constructor(own: Readonly<Record<string, string>>) {
    this.own = new Map(Object.entries(own))
  }

  /** What applies. */
  get effective(): Readonly<Record<string, string>> {
    return { ...DEFAULTS, ...Object.fromEntries(this.own) }
  }

  get transport(): KafkaTransport {
    return fakeKafka({
      topicConfigs: async ([topic = '']) => [{ topic, configs: this.#entries() }],
      alterTopicConfigs: async (_, changes) => {
        this.changes.push(changes)
        for (const [name, value] of Object.entries(changes)) {
          if (value === null) this.own.delete(name)
          else this.own.set(name, value)
        }
        this.#validate()
      },
    })
  }

  #entries(): ConfigEntry[] {
    return Object.entries(this.effective).map(([name, value]) => ({
      ...{ name, value, sensitive: false },
      source: this.own.has(name) ? 'topic' : 'default',
    }))
  }

  /** As brokers do with a tiered topic that copies nothing to its remote storage any more. */
  #validate(): void {
    const { effective } = this
    if (effective['remote.log.copy.disable'] !== 'true') return
    for (const limit of ['retention.ms', 'retention.bytes']) {
      const local = effective[`local.${limit}`]
      if (local !== '-2' && local !== effective[limit]) throw new Error(`local.${limit} and ${limit} must be the same`)
    }
  }
}

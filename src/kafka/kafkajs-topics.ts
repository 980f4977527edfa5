import type { TopicPartition } from '../batch/topic-partition.js'
import { TopicNotFoundError, TransportError } from '../errors.js'
import type { KafkaJsRouting } from './kafkajs-routing.js'
import {
  DESCRIBE_CONFIGS,
  describeConfigsRequest,
  INCREMENTAL_ALTER_CONFIGS,
  incrementalAlterConfigsRequest,
  type TopicOutcome,
} from './protocol/configs.js'
import { CREATE_TOPICS, createTopicRequest } from './protocol/create-topics.js'
import { DELETE_RECORDS, deleteRecordsRequest } from './protocol/delete-records.js'
import { DELETE_TOPICS, deleteTopicRequest } from './protocol/delete-topics.js'
import { isRetryable } from './protocol/error-codes.js'
import { protocolError } from './retry.js'
import type { NewTopic, TopicConfigs, TransportCallOptions } from './transport.js'

const REQUEST_TIMEOUT_MS = 25_000

/** Topics are created, configured and deleted. */
export class KafkaJsTopics {
  readonly #routing: KafkaJsRouting

  constructor(routing: KafkaJsRouting) {
    this.#routing = routing
  }

  async configs(topics: readonly string[], options: TransportCallOptions): Promise<readonly TopicConfigs[]> {
    if (topics.length === 0) return []
    const answers = await this.#routing.ask('describe topic configs', DESCRIBE_CONFIGS, options, (version) =>
      describeConfigsRequest(version, topics),
    )
    for (const answer of answers) checkTopic(answer, 'describe the configs')
    const byTopic = new Map(answers.map((answer) => [answer.topic, answer.configs]))
    return topics.map((topic) => ({ topic, configs: byTopic.get(topic) ?? [] }))
  }

  async alterConfigs(
    topic: string,
    changes: Readonly<Record<string, string | null>>,
    options: TransportCallOptions,
  ): Promise<void> {
    const doing = `alter the configs of ${topic}`
    const answers = await this.#routing.ask(doing, INCREMENTAL_ALTER_CONFIGS, options, (version) =>
      incrementalAlterConfigsRequest(version, topic, changes),
    )
    for (const answer of answers) checkTopic(answer, 'alter the configs')
  }

  async create(
    newTopic: NewTopic,
    { validateOnly, ...options }: TransportCallOptions & { readonly validateOnly: boolean },
  ): Promise<void> {
    const { topic } = newTopic
    await this.#routing.retrying(`create topic ${topic}`, options, async () => {
      const { controllerId } = await this.#routing.describe([], options)
      const request = (version: number) =>
        createTopicRequest(version, newTopic, { validateOnly, timeoutMs: REQUEST_TIMEOUT_MS })
      for (const answer of await this.#routing.send(controllerId, CREATE_TOPICS, request, options)) {
        checkTopic(answer, 'create the topic')
      }
    })
    if (validateOnly) return
    await this.#routing.retrying(`elect the leaders of topic ${topic}`, options, async () => {
      const { topics } = await this.#routing.describe([topic], options)
      const [created] = topics
      const elected = created?.error === undefined && created?.partitions.length === newTopic.partitions
      if (!elected || created.partitions.some(({ leaderId }) => leaderId < 0)) {
        throw protocolError('LEADER_NOT_AVAILABLE', `elect the leaders of topic ${topic}`)
      }
    })
  }

  async delete(topic: string, options: TransportCallOptions): Promise<void> {
    let asked = false
    await this.#routing.retrying(`delete topic ${topic}`, options, async () => {
      const { controllerId } = await this.#routing.describe([], options)
      const again = asked
      asked = true
      const request = (version: number) => deleteTopicRequest(version, topic, REQUEST_TIMEOUT_MS)
      for (const answer of await this.#routing.send(controllerId, DELETE_TOPICS, request, options)) {
        // The answer to the first request was lost, or came before the topic was gone.
        if (again && answer.error === 'UNKNOWN_TOPIC_OR_PARTITION') continue
        checkTopic(answer, 'delete the topic')
      }
    })
    await this.#routing.retrying(`wait until topic ${topic} is deleted`, options, async () => {
      const { topics, controllerId } = await this.#routing.describe([topic], options)
      const isKnown = topics.some(({ error }) => error !== 'UNKNOWN_TOPIC_OR_PARTITION')
      if (!isKnown && !(await this.#isTaken(topic, controllerId, options))) return
      throw new TransportError(`topic ${topic} is being deleted, but still known`, { system: 'kafka', retryable: true })
    })
  }

  async deleteRecords(partition: TopicPartition, before: bigint, options: TransportCallOptions): Promise<void> {
    // To Kafka -1 is the end of the log: a slip would cost all records.
    if (before < 0n) throw new RangeError(`\`before\` must be an offset, got ${before}`)
    const doing = `delete what lies before offset ${before}`
    await this.#routing.askLeaders(doing, [{ ...partition, before }], DELETE_RECORDS, options, (version, deletions) =>
      deleteRecordsRequest(version, deletions, REQUEST_TIMEOUT_MS),
    )
  }

  /**
   * Whether no topic of this name can be created because there is one. A controller with ZooKeeper still says so for a
   * while when its brokers have forgotten the topic.
   */
  async #isTaken(topic: string, controllerId: number, options: TransportCallOptions): Promise<boolean> {
    const probe = { topic, partitions: 1, replicationFactor: 1, configs: {} }
    const request = (version: number) =>
      createTopicRequest(version, probe, { validateOnly: true, timeoutMs: REQUEST_TIMEOUT_MS })
    const [answer] = await this.#routing.send(controllerId, CREATE_TOPICS, request, options)
    if (answer?.error !== undefined && isRetryable(answer.error)) checkTopic(answer, 'look for the topic')
    return answer?.error === 'TOPIC_ALREADY_EXISTS'
  }
}

function checkTopic({ topic, error, message }: TopicOutcome, doing: string): void {
  if (error === 'UNKNOWN_TOPIC_OR_PARTITION') throw new TopicNotFoundError(topic)
  if (error !== undefined) throw protocolError(error, `${doing} of ${topic}`, { message })
}

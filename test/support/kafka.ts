import { randomUUID } from 'node:crypto'
import {
  type Admin,
  CompressionTypes,
  type ITopicConfig,
  Kafka,
  logLevel,
  type Message,
  type RetryOptions,
} from 'kafkajs'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { expect } from 'vitest'
import { kafkaTool } from '../services/kafka-tool.js'
import { eventually } from './eventually.js'
import { services } from './services.js'

/** A version of Kafka that the tests run against. */
export type KafkaVersion = 'kafka39' | 'kafka4'

/** Gives up soon: in most tests the brokers are there. */
const QUICK: RetryOptions = { initialRetryTime: 50, retries: 5 }

/** A topic is known everywhere milliseconds after its creation, except where the machine is busy. */
const CREATION_LIMIT_MS = 30_000

/** A transaction of a producer of its own, which is disconnected in the end. */
export interface BenchTransaction extends AsyncDisposable {
  /** Writes one batch. */
  send(messages: readonly Message[]): Promise<void>
  end(how: 'commit' | 'abort'): Promise<void>
}

/** What a test does to a real broker besides calling kafkeep. */
export class KafkaBench {
  readonly brokers: string[]
  readonly version: KafkaVersion
  readonly #retry: RetryOptions
  readonly #client: Kafka

  /** `brokers` are those of another cluster than the one that all tests share. */
  constructor(version: KafkaVersion, brokers = services()[version].brokers, retry: RetryOptions = QUICK) {
    this.version = version
    this.brokers = brokers
    this.#retry = retry
    this.#client = this.client()
  }

  /** A client that prints nothing. */
  client(brokers = this.brokers): Kafka {
    return new Kafka({ clientId: 'test', brokers, logLevel: logLevel.NOTHING, retry: this.#retry })
  }

  transport(): KafkaJsTransport {
    return new KafkaJsTransport(this.client())
  }

  async admin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#client.admin()
    await admin.connect()
    try {
      return await use(admin)
    } finally {
      await admin.disconnect()
    }
  }

  /** Creates a topic of a name that no other test uses. */
  async createTopic(partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const topic = `t-${randomUUID().slice(0, 8)}`
    await this.createTopicNamed(topic, partitions, configs)
    return topic
  }

  /** Rejects where the topic exists, also while it is still being deleted. */
  async createTopicNamed(
    topic: string,
    partitions: number,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await this.create({ topic, numPartitions: partitions, configEntries })
  }

  /** Creates a topic, and waits until it has its leaders. Rejects where the topic exists. */
  async create(config: ITopicConfig): Promise<void> {
    await this.admin(async (admin) => {
      const created = await admin.createTopics({ topics: [config], waitForLeaders: false })
      if (!created) throw new Error(`topic ${config.topic} exists`)
      // kafkajs itself waits for leaders, but fails where the broker that it asks has not heard of the topic yet.
      await eventually(() => admin.fetchTopicMetadata({ topics: [config.topic] }), { limitMs: CREATION_LIMIT_MS })
    })
  }

  /** Produces each list of messages as one batch of partition `partition`, or of those that the messages name. */
  async produce(
    topic: string,
    batches: readonly (readonly Message[])[],
    partition = 0,
    compression = CompressionTypes.None,
  ): Promise<void> {
    const producer = this.#client.producer()
    await producer.connect()
    try {
      for (const batch of batches) {
        await producer.send({ topic, compression, messages: batch.map((message) => ({ partition, ...message })) })
      }
    } finally {
      await producer.disconnect()
    }
  }

  /** Produces one batch as an idempotent producer that is new. Returns the offset of its first record. */
  async produceIdempotently(topic: string, messages: readonly Message[]): Promise<bigint> {
    const producer = this.#client.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    try {
      const own = messages.map((message) => ({ ...message, partition: 0 }))
      const [answer] = await producer.send({ topic, messages: own })
      return BigInt(answer?.baseOffset ?? -1)
    } finally {
      await producer.disconnect()
    }
  }

  /** One transaction with one batch, committed or aborted. */
  async produceTransaction(topic: string, messages: readonly Message[], end: 'commit' | 'abort'): Promise<void> {
    {
      await using transaction = await this.beginTransaction(topic)
      await transaction.send(messages)
      await transaction.end(end)
    }
    await this.untilDecided(topic)
  }

  /** A transaction in partition 0 of a topic. */
  async beginTransaction(topic: string): Promise<BenchTransaction> {
    const producer = this.#client.producer({
      transactionalId: `tx-${randomUUID()}`,
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    const transaction = await producer.transaction()
    return {
      async send(messages) {
        await transaction.send({ topic, messages: messages.map((message) => ({ ...message, partition: 0 })) })
      },
      end: (how) => transaction[how](),
      [Symbol.asyncDispose]: () => producer.disconnect(),
    }
  }

  /** Waits until no transaction is open: brokers answer the end of one before its markers are in the log. */
  async untilDecided(topic: string): Promise<void> {
    await using kafka = this.transport()
    const partitions = [{ topic, partition: 0 }]
    await eventually(
      async () => {
        const stable = await kafka.listOffsets('last-stable', partitions)
        expect(stable).toEqual(await kafka.listOffsets('high-watermark', partitions))
      },
      { limitMs: 20_000 },
    )
  }

  /** Deletes everything before `offset`, as retention would. */
  async deleteRecords(topic: string, offset: bigint, partition = 0): Promise<void> {
    await this.admin(async (admin) => {
      // The client knows leaders only of topics that it was asked for before.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] })
    })
  }

  /** The first `records` records as Kafka's own console consumer shows them, with the fields asked for. */
  async shown(
    topic: string,
    records: number,
    fields: readonly string[] = [],
    isolation: 'read_uncommitted' | 'read_committed' = 'read_uncommitted',
  ): Promise<string[]> {
    return this.#consumed(topic, records, fields, [...['--isolation-level', isolation], '--from-beginning'])
  }

  /** The next `records` committed records of a group, which is moved by that. */
  async shownToGroup(groupId: string, topic: string, records: number, fields: readonly string[]): Promise<string[]> {
    return this.#consumed(topic, records, fields, ['--isolation-level', 'read_committed', '--group', groupId])
  }

  async #consumed(
    topic: string,
    records: number,
    fields: readonly string[],
    how: readonly string[],
  ): Promise<string[]> {
    const option = this.version === 'kafka39' ? '--property' : '--formatter-property'
    const { stdout } = await kafkaTool(this.version, 'console-consumer', [
      ...['--bootstrap-server', this.brokers.join(','), '--topic', topic, ...how],
      ...['--max-messages', String(records), '--timeout-ms', '20000'],
      ...fields.flatMap((field) => [option, `print.${field}=true`]),
    ])
    return stdout.split('\n').filter((line) => line !== '')
  }

  async offsets(topic: string, partition = 0): Promise<{ readonly low: bigint; readonly high: bigint }> {
    const offsets = await this.admin((admin) => admin.fetchTopicOffsets(topic))
    const found = offsets.find((known) => known.partition === partition)
    return { low: BigInt(found?.low ?? -1), high: BigInt(found?.high ?? -1) }
  }
}

/** Messages `from` to `to` (exclusive), each with a key, a value and a header of its own. */
export function messages(from: number, to: number): Message[] {
  return Array.from({ length: to - from }, (_, index) => {
    const number = from + index
    return { key: `key-${number}`, value: `value-${number}`, headers: { number: String(number) } }
  })
}

/** Every field of a record that the console consumer can show besides its value. */
export const ALL_FIELDS = ['partition', 'offset', 'timestamp', 'headers', 'key'] as const

import { Kafka, logLevel } from 'kafkajs'
import { type ArchiveStorage, MemoryStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { digestsOf, largeBatches } from '../support/kill-loop.js'

const PARTITIONS = 2

/** What a soak does to its broker besides killing what talks to it. */
export class SoakCluster {
  readonly brokers: readonly string[]
  readonly #client: Kafka

  constructor(brokers: readonly string[]) {
    this.brokers = brokers
    this.#client = new Kafka({ clientId: 'kafkeep-soak', brokers: [...brokers], logLevel: logLevel.ERROR })
  }

  async createTopic(topic: string): Promise<void> {
    await this.#admin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] }))
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#admin((admin) => admin.deleteTopics({ topics: [topic] }))
  }

  /** Appends records `from` to `to` (exclusive) to every partition. */
  async append(topic: string, from: number, to: number): Promise<void> {
    const producer = this.#client.producer()
    await producer.connect()
    try {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        for (const batch of largeBatches(from, to)) {
          await producer.send({ topic, messages: batch.map((message) => ({ ...message, partition })) })
        }
      }
    } finally {
      await producer.disconnect()
    }
  }

  /** Appends so many transactions of some records to every partition; every third one is aborted. */
  async appendTransactions(topic: string, count: number): Promise<void> {
    const producer = this.#client.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    try {
      for (let number = 0; number < count; number++) {
        const transaction = await producer.transaction()
        for (let partition = 0; partition < PARTITIONS; partition++) {
          for (const batch of largeBatches(0, 1 + (number % 7))) {
            await transaction.send({ topic, messages: batch.map((message) => ({ ...message, partition })) })
          }
        }
        if (number % 3 === 0) await transaction.abort()
        else await transaction.commit()
      }
    } finally {
      await producer.disconnect()
    }
  }

  /** An archive run that nobody kills. */
  async archive(topic: string, storage: ArchiveStorage, groupId: string): Promise<void> {
    await using kafka = new KafkaJsTransport(this.#client)
    const { complete } = await new TopicArchiver({ kafka, storage, groupId }).run({ topics: [topic], groups: false })
    if (!complete) throw new Error(`the archive of ${topic} is not complete, although nobody disturbed the run`)
  }

  /** A restore that nobody kills. */
  async restore(topic: string, storage: ArchiveStorage, target: string): Promise<void> {
    await using kafka = new KafkaJsTransport(this.#client)
    const { complete } = await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: () => target })
    if (!complete) throw new Error(`the restored ${target} is not complete, although nobody disturbed the run`)
  }

  /** What a topic holds now. */
  async digestsOf(topic: string): Promise<string[]> {
    const storage = new MemoryStorage()
    await this.archive(topic, storage, 'kafkeep-soak')
    return digestsOf(storage, topic)
  }

  async #admin(use: (admin: ReturnType<Kafka['admin']>) => Promise<unknown>): Promise<void> {
    const admin = this.#client.admin()
    await admin.connect()
    try {
      await use(admin)
    } finally {
      await admin.disconnect()
    }
  }
}

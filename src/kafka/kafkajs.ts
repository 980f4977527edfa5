import type { TopicPartition } from '../batch/topic-partition.js'
import { KafkaJsGroups } from './kafkajs-groups.js'
import { KafkaJsProducing } from './kafkajs-producing.js'
import { KafkaJsRouting } from './kafkajs-routing.js'
import { KafkaJsTopics } from './kafkajs-topics.js'
import { KafkaJsTransactions } from './kafkajs-transactions.js'
import { FETCH, FETCH_BY_NAME, fetchRequest } from './protocol/fetch.js'
import type { MetadataQuestion } from './protocol/metadata.js'
import {
  type EpochEnd,
  type EpochQuestion,
  LIST_OFFSETS,
  type LogPosition,
  listOffsetsRequest,
  OFFSET_FOR_LEADER_EPOCH,
  offsetForLeaderEpochRequest,
} from './protocol/offsets.js'
import type { ProduceAnswer } from './protocol/produce.js'
import { INIT_PRODUCER_ID, initProducerIdRequest } from './protocol/producer-id.js'
import type {
  ClusterMetadata,
  FetchedPartition,
  FetchRequest,
  GroupListing,
  GroupMembership,
  GroupOffset,
  KafkaTransport,
  NewTopic,
  ProducerIdentity,
  TopicConfigs,
  TransactionalProducer,
  TransactionDescription,
  TransportCallOptions,
} from './transport.js'

/**
 * Talks to Kafka (2.4 and newer, also 4.x) through the host's own `Kafka` instance of kafkajs 2.2: its brokers, TLS,
 * SASL, retries and logger are used, the instance itself is not changed.
 *
 * Connects on first use.
 *
 * @example
 * ```ts
 * await using kafka = new KafkaJsTransport(new Kafka({ brokers: ['localhost:9092'] }))
 * ```
 */
export class KafkaJsTransport implements KafkaTransport {
  readonly #routing: KafkaJsRouting
  readonly #topics: KafkaJsTopics
  readonly #producing: KafkaJsProducing
  readonly #transactions: KafkaJsTransactions
  readonly #groups: KafkaJsGroups

  /**
   * `kafka` is a `Kafka` instance of kafkajs 2.2.
   *
   * @throws UnsupportedClientError when it is something else.
   */
  constructor(kafka: object) {
    this.#routing = new KafkaJsRouting(kafka)
    this.#topics = new KafkaJsTopics(this.#routing)
    this.#producing = new KafkaJsProducing(this.#routing)
    this.#transactions = new KafkaJsTransactions(this.#routing)
    this.#groups = new KafkaJsGroups(kafka, this.#routing)
  }

  async metadata(
    topics?: readonly string[],
    options: TransportCallOptions & MetadataQuestion = {},
  ): Promise<ClusterMetadata> {
    const answer = await this.#routing.describe(topics, options)
    return { ...answer, brokerIds: answer.brokers.map(({ nodeId }) => nodeId) }
  }

  async fetch(request: FetchRequest, options: TransportCallOptions = {}): Promise<readonly FetchedPartition[]> {
    const api = request.topics.every(({ topicId }) => topicId !== undefined) ? FETCH : FETCH_BY_NAME
    try {
      const { nodeId, into } = request
      return await this.#routing.send(nodeId, api, (version) => fetchRequest(version, request), { ...options, into })
    } catch (error) {
      options.signal?.throwIfAborted()
      throw this.#routing.asError(error, 'read record batches')
    }
  }

  async listOffsets(
    position: LogPosition,
    partitions: readonly TopicPartition[],
    options: TransportCallOptions = {},
  ): Promise<readonly bigint[]> {
    const doing = `list the ${position} offsets`
    const answers = await this.#routing.askLeaders(doing, partitions, LIST_OFFSETS, options, (version, led) =>
      listOffsetsRequest(version, position, led),
    )
    return answers.map(({ offset }) => offset)
  }

  async epochEnds(
    questions: readonly EpochQuestion[],
    options: TransportCallOptions = {},
  ): Promise<readonly EpochEnd[]> {
    const doing = 'tell where leader epochs end'
    const answers = await this.#routing.askLeaders(
      doing,
      questions,
      OFFSET_FOR_LEADER_EPOCH,
      options,
      offsetForLeaderEpochRequest,
    )
    return answers.map(({ epoch, endOffset }) => ({ epoch, endOffset }))
  }

  async topicConfigs(topics: readonly string[], options: TransportCallOptions = {}): Promise<readonly TopicConfigs[]> {
    return this.#topics.configs(topics, options)
  }

  async alterTopicConfigs(
    topic: string,
    changes: Readonly<Record<string, string | null>>,
    options: TransportCallOptions = {},
  ): Promise<void> {
    await this.#topics.alterConfigs(topic, changes, options)
  }

  async createTopic(
    topic: NewTopic,
    { validateOnly = false, ...options }: TransportCallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<void> {
    await this.#topics.create(topic, { ...options, validateOnly })
  }

  async deleteTopic(topic: string, options: TransportCallOptions = {}): Promise<void> {
    await this.#topics.delete(topic, options)
  }

  async deleteRecords(partition: TopicPartition, before: bigint, options: TransportCallOptions = {}): Promise<void> {
    await this.#topics.deleteRecords(partition, before, options)
  }

  async initProducerId({
    transaction,
    ...options
  }: TransportCallOptions & {
    readonly transaction?: { readonly transactionalId: string; readonly timeoutMs: number }
  } = {}): Promise<ProducerIdentity> {
    if (transaction !== undefined) return this.#transactions.init(transaction, options)
    const doing = 'give a producer id'
    return this.#routing.retrying(doing, options, async () => {
      const request = (version: number) => initProducerIdRequest(version)
      const { error, ...identity } = await this.#routing.send(undefined, INIT_PRODUCER_ID, request, options)
      this.#routing.check(error, doing)
      return identity
    })
  }

  async produce(
    partition: TopicPartition,
    batch: Buffer | readonly Buffer[],
    options: TransportCallOptions & { readonly transactionalId?: string } = {},
  ): Promise<ProduceAnswer> {
    return this.#producing.produce(partition, batch, options)
  }

  async addToTransaction(
    producer: TransactionalProducer,
    partition: TopicPartition,
    options: TransportCallOptions = {},
  ): Promise<void> {
    await this.#transactions.add(producer, partition, options)
  }

  async endTransaction(
    producer: TransactionalProducer,
    outcome: 'commit' | 'abort',
    options: TransportCallOptions = {},
  ): Promise<void> {
    await this.#transactions.end(producer, outcome, options)
  }

  async describeTransaction(
    transactionalId: string,
    options: TransportCallOptions = {},
  ): Promise<TransactionDescription | undefined> {
    return this.#transactions.describe(transactionalId, options)
  }

  async listGroups(options: TransportCallOptions = {}): Promise<readonly GroupListing[]> {
    return this.#groups.list(options)
  }

  async groupOffsets(
    groupId: string,
    partitions?: readonly TopicPartition[],
    options: TransportCallOptions = {},
  ): Promise<readonly GroupOffset[]> {
    return this.#groups.offsets(groupId, partitions, options)
  }

  async commitGroupOffsets(
    groupId: string,
    offsets: readonly GroupOffset[],
    options: TransportCallOptions = {},
  ): Promise<void> {
    await this.#groups.commit(groupId, offsets, options)
  }

  async joinGroup(
    groupId: string,
    topics: readonly string[],
    options: TransportCallOptions = {},
  ): Promise<GroupMembership> {
    return this.#groups.join(groupId, topics, options)
  }

  async close(): Promise<void> {
    try {
      await this.#groups.close()
    } finally {
      await this.#routing.close()
    }
  }

  /** {@link KafkaJsTransport.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TopicNotFoundError } from '../errors.js'
import { KafkaJsGroups } from './kafkajs-groups.js'
import { KafkaJsRouting } from './kafkajs-routing.js'
import {
  DESCRIBE_CONFIGS,
  describeConfigsRequest,
  INCREMENTAL_ALTER_CONFIGS,
  incrementalAlterConfigsRequest,
  type TopicOutcome,
} from './protocol/configs.js'
import { CREATE_TOPICS, createTopicRequest } from './protocol/create-topics.js'
import { FETCH, FETCH_BY_NAME, fetchRequest } from './protocol/fetch.js'
import {
  type EpochEnd,
  type EpochQuestion,
  LIST_OFFSETS,
  type LogPosition,
  listOffsetsRequest,
  OFFSET_FOR_LEADER_EPOCH,
  offsetForLeaderEpochRequest,
} from './protocol/offsets.js'
import { PRODUCE, type ProduceAnswer, produceRequest } from './protocol/produce.js'
import { INIT_PRODUCER_ID, initProducerIdRequest } from './protocol/producer-id.js'
import { protocolError } from './retry.js'
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
  TransportCallOptions,
} from './transport.js'

const REQUEST_TIMEOUT_MS = 25_000

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
  readonly #groups: KafkaJsGroups

  /**
   * `kafka` is a `Kafka` instance of kafkajs 2.2.
   *
   * @throws UnsupportedClientError when it is something else.
   */
  constructor(kafka: object) {
    this.#routing = new KafkaJsRouting(kafka)
    this.#groups = new KafkaJsGroups(kafka, this.#routing)
  }

  async metadata(topics?: readonly string[], options: TransportCallOptions = {}): Promise<ClusterMetadata> {
    const answer = await this.#routing.describe(topics, options)
    return { ...answer, brokerIds: answer.brokers.map(({ nodeId }) => nodeId) }
  }

  async fetch(request: FetchRequest, options: TransportCallOptions = {}): Promise<readonly FetchedPartition[]> {
    const api = request.topics.every(({ topicId }) => topicId !== undefined) ? FETCH : FETCH_BY_NAME
    try {
      return await this.#routing.send(request.nodeId, api, (version) => fetchRequest(version, request), options)
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
    if (topics.length === 0) return []
    const answers = await this.#routing.ask('describe topic configs', DESCRIBE_CONFIGS, options, (version) =>
      describeConfigsRequest(version, topics),
    )
    for (const answer of answers) checkTopic(answer, 'describe the configs')
    const byTopic = new Map(answers.map((answer) => [answer.topic, answer.configs]))
    return topics.map((topic) => ({ topic, configs: byTopic.get(topic) ?? [] }))
  }

  async alterTopicConfigs(
    topic: string,
    changes: Readonly<Record<string, string | null>>,
    options: TransportCallOptions = {},
  ): Promise<void> {
    const answers = await this.#routing.ask(
      `alter the configs of ${topic}`,
      INCREMENTAL_ALTER_CONFIGS,
      options,
      (version) => incrementalAlterConfigsRequest(version, topic, changes),
    )
    for (const answer of answers) checkTopic(answer, 'alter the configs')
  }

  async createTopic(
    newTopic: NewTopic,
    { validateOnly = false, ...options }: TransportCallOptions & { readonly validateOnly?: boolean } = {},
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

  async initProducerId(options: TransportCallOptions = {}): Promise<ProducerIdentity> {
    const doing = 'give a producer id'
    return this.#routing.retrying(doing, options, async () => {
      const answer = await this.#routing.send(undefined, INIT_PRODUCER_ID, initProducerIdRequest, options)
      this.#routing.check(answer.error, doing)
      return answer
    })
  }

  async produce(partition: TopicPartition, batch: Buffer, options: TransportCallOptions = {}): Promise<ProduceAnswer> {
    try {
      const nodeId = this.#routing.knownLeader(partition) ?? (await this.#routing.leaderOf(partition, options))
      const request = (version: number) =>
        produceRequest(version, { ...partition, batch, timeoutMs: REQUEST_TIMEOUT_MS })
      const answer = await this.#routing.send(nodeId, PRODUCE, request, options)
      this.#routing.notice(answer.error, partition)
      return answer
    } catch (error) {
      options.signal?.throwIfAborted()
      throw this.#routing.asError(error, `append to ${partitionName(partition)}`)
    }
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

function checkTopic({ topic, error, message }: TopicOutcome, doing: string): void {
  if (error === 'UNKNOWN_TOPIC_OR_PARTITION') throw new TopicNotFoundError(topic)
  if (error !== undefined) throw protocolError(error, `${doing} of ${topic}`, { message })
}

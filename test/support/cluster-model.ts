import { FIELD } from '../../src/batch/batch-header.js'
import { RecordBatchView } from '../../src/batch/record-batch.js'
import { partitionName, type TopicPartition } from '../../src/batch/topic-partition.js'
import { TopicNotFoundError } from '../../src/errors.js'
import type { ProduceAnswer } from '../../src/kafka/protocol/produce.js'
import { protocolError } from '../../src/kafka/retry.js'
import type {
  FetchedPartition,
  FetchedTopic,
  FetchPosition,
  FetchRequest,
  KafkaTransport,
  NewTopic,
  TopicConfigs,
  TopicMetadata,
} from '../../src/kafka/transport.js'
import { fakeKafka } from './fake-kafka.js'
import { LogModel } from './log-model.js'
import { TransactionModel } from './transaction-model.js'
import type { TransactionalLog } from './transactional-log.js'

const LEADER = 1
/** Of topics that were there before; new ones have had no other leader. */
const LEADER_EPOCH = 3
const CLUSTER_ID = 'the-cluster'

/** What a {@link ClusterModel} is like. */
export interface ClusterModelOptions {
  /** Brokers before 2.8 have no topic ids, and those before 2.7 compare no epochs. @defaultValue `'new'` */
  readonly brokers?: 'new' | 'old'
  /**
   * How many calls after the end of a transaction its markers are in the logs. In reality they never are at once.
   *
   * @defaultValue `0`
   */
  readonly markersAfterCalls?: number
}

interface TopicModel {
  readonly topicId: string
  readonly logs: readonly LogModel[]
  readonly configs: Map<string, string>
}

/** A cluster of one broker in memory, as far as archivers and restorers need one that share nothing. */
export class ClusterModel {
  readonly #isOld: boolean
  readonly #topics = new Map<string, TopicModel>()
  readonly #transactions: TransactionModel
  /** What was committed, by partition. */
  readonly committed = new Map<string, bigint>()
  /** The most bytes of answers that were on their way at once, and how many requests there were. */
  mostInFlightBytes = 0
  requests = 0
  #inFlightBytes = 0
  #producers = 1_000n
  #created = 0

  constructor({ brokers = 'new', markersAfterCalls = 0 }: ClusterModelOptions = {}) {
    this.#isOld = brokers === 'old'
    this.#transactions = new TransactionModel({
      markersAfterCalls,
      newProducerId: () => this.#producers++,
      logOf: ({ topic, partition }) => this.#topics.get(topic)?.logs[partition],
    })
  }

  /** Adds a topic with a partition for each log, or replaces its logs. */
  add(topic: string, logs: readonly TransactionalLog[]): void {
    this.#topics.set(topic, {
      topicId: Buffer.from(topic.padEnd(16)).toString('base64url'),
      logs: logs.map(({ batches }) => LogModel.of(batches, LEADER_EPOCH)),
      configs: new Map(),
    })
  }

  /** The batches of a partition. */
  batchesOf(partition: TopicPartition): readonly RecordBatchView[] {
    return this.#log(partition).batches
  }

  /** Aborts an open transaction as Kafka does with one that has taken too long. */
  expireTransaction(transactionalId: string): void {
    this.#transactions.expire(transactionalId)
  }

  /** What the age of old records does to the memory of brokers. */
  forgetProducers(): void {
    for (const { logs } of this.#topics.values()) for (const log of logs) log.forgetProducers()
  }

  get transport(): KafkaTransport {
    const calls: Partial<KafkaTransport> = {
      ...this.#topicCalls(),
      ...this.#logCalls(),
      ...this.#transactionCalls(),
      listGroups: async () => [],
      groupOffsets: async () => [],
      commitGroupOffsets: async (_, offsets) => {
        for (const { offset, ...partition } of offsets) this.committed.set(partitionName(partition), offset)
      },
      close: async () => {},
    }
    return fakeKafka(
      new Proxy(calls, {
        get: (target, name) => {
          if (name in target) this.#transactions.tick()
          return Reflect.get(target, name)
        },
      }),
    )
  }

  #topicCalls(): Partial<KafkaTransport> {
    return {
      metadata: async (names) => ({
        clusterId: CLUSTER_ID,
        brokerIds: [LEADER],
        topics: (names ?? [...this.#topics.keys()]).map((topic) => this.#describe(topic)),
      }),
      topicConfigs: async (topics) => topics.map((topic) => this.#configs(topic)),
      alterTopicConfigs: async (topic, changes) => {
        const { configs } = this.#topic(topic)
        for (const [name, value] of Object.entries(changes)) {
          if (value === null) configs.delete(name)
          else configs.set(name, value)
        }
      },
      createTopic: async (topic, { validateOnly = false } = {}) => this.#create(topic, validateOnly),
      deleteTopic: async (topic) => {
        this.#topic(topic)
        this.#topics.delete(topic)
      },
      deleteRecords: async (partition, before) => {
        if (before < 0n) throw new RangeError(`\`before\` must be an offset, got ${before}`)
        const log = this.#log(partition)
        const policy = this.#topic(partition.topic).configs.get('cleanup.policy')
        const error = policy === 'compact' ? 'POLICY_VIOLATION' : log.deleteBefore(before)
        if (error !== undefined) throw protocolError(error, `delete records of ${partitionName(partition)}`)
      },
    }
  }

  #logCalls(): Partial<KafkaTransport> {
    return {
      listOffsets: async (position, partitions) =>
        partitions.map((partition) => {
          const { logStart, lastStable, end } = this.#log(partition)
          return { earliest: logStart, 'last-stable': lastStable, 'high-watermark': end }[position]
        }),
      epochEnds: async (questions) => questions.map((question) => this.#log(question).epochEnd(question.epoch)),
      fetch: (request) => this.#fetch(request),
      produce: async (partition, batch, { transactionalId } = {}) =>
        this.#produce(partition, Buffer.concat([batch].flat()), transactionalId),
    }
  }

  #transactionCalls(): Partial<KafkaTransport> {
    return {
      initProducerId: async ({ transaction } = {}) => {
        if (transaction === undefined) return { producerId: this.#producers++, producerEpoch: 0 }
        return this.#transactions.init(transaction.transactionalId, transaction.timeoutMs)
      },
      addToTransaction: async (producer, partition) => {
        this.#log(partition)
        this.#transactions.add(producer, partition)
      },
      endTransaction: async (producer, outcome) => this.#transactions.end(producer, outcome),
      describeTransaction: async (transactionalId) => this.#transactions.describe(transactionalId),
    }
  }

  #topic(topic: string): TopicModel {
    const known = this.#topics.get(topic)
    if (known === undefined) throw new TopicNotFoundError(topic)
    return known
  }

  #log({ topic, partition }: TopicPartition): LogModel {
    const log = this.#topic(topic).logs[partition]
    if (log === undefined) throw new Error(`the model has no partition ${topic}-${partition}`)
    return log
  }

  #describe(topic: string): TopicMetadata {
    const known = this.#topics.get(topic)
    const leader = { leaderId: LEADER, replicas: [LEADER] }
    return {
      topic,
      topicId: this.#isOld ? undefined : known?.topicId,
      internal: false,
      partitions: (known?.logs ?? []).map(({ leaderEpoch }, partition) => ({ partition, leaderEpoch, ...leader })),
      error: known === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : undefined,
    }
  }

  #configs(topic: string): TopicConfigs {
    const own = { source: 'topic', sensitive: false, inherited: null } as const
    return { topic, configs: [...this.#topic(topic).configs].map(([name, value]) => ({ name, value, ...own })) }
  }

  #create({ topic, partitions, configs }: NewTopic, validateOnly: boolean): void {
    if (this.#topics.has(topic)) throw protocolError('TOPIC_ALREADY_EXISTS', `create topic ${topic}`)
    if (validateOnly) return
    this.#topics.set(topic, {
      topicId: Buffer.from(String(++this.#created).padStart(16, '-')).toString('base64url'),
      logs: Array.from({ length: partitions }, () => new LogModel(0)),
      configs: new Map(Object.entries(configs)),
    })
  }

  #produce(partition: TopicPartition, bytes: Buffer, transactionalId: string | undefined): ProduceAnswer {
    const log = this.#log(partition)
    const { transactional, producerId } = new RecordBatchView(bytes)
    if (!transactional) return log.append(bytes)
    if (transactionalId === undefined) return { error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', baseOffset: -1n }
    // Brokers ask the coordinator only when a transaction begins in the log: one whose marker is not written yet goes on.
    const identity = { producerId, producerEpoch: bytes.readInt16BE(FIELD.producerEpoch) }
    const error = log.hasOpen(producerId) ? undefined : this.#transactions.refusal(transactionalId, partition, identity)
    return error === undefined ? log.append(bytes) : { error, baseOffset: -1n }
  }

  async #fetch({ topics, maxBytes, isolation }: FetchRequest): Promise<FetchedPartition[]> {
    this.requests++
    let room = maxBytes
    const answers = topics.flatMap((topic) =>
      topic.partitions.map((position) => {
        const wholeFirst = room === maxBytes
        const reading = { isolation, wholeFirst, maxBytes: Math.min(room, position.maxBytes) }
        const answer = this.#read(topic, { ...position, ...reading })
        room -= answer.bytes.length
        return answer
      }),
    )
    const bytes = maxBytes - room
    this.#inFlightBytes += bytes
    this.mostInFlightBytes = Math.max(this.mostInFlightBytes, this.#inFlightBytes)
    await new Promise(setImmediate)
    this.#inFlightBytes -= bytes
    return answers
  }

  #read(
    { topic, topicId }: FetchedTopic,
    {
      partition,
      lastFetchedEpoch,
      ...reading
    }: FetchPosition & Pick<FetchRequest, 'isolation'> & { readonly wholeFirst: boolean },
  ): FetchedPartition {
    const known = this.#topics.get(topic)
    const log = known?.logs[partition]
    const isOther = topicId !== undefined && topicId !== known?.topicId
    const error = isOther ? 'UNKNOWN_TOPIC_ID' : log === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : undefined
    const read =
      error === undefined ? log?.read({ ...reading, lastFetchedEpoch: this.#isOld ? -1 : lastFetchedEpoch }) : undefined
    const found = {
      highWatermark: log?.end ?? -1n,
      lastStableOffset: log?.lastStable ?? -1n,
      logStart: log?.logStart ?? -1n,
    }
    const nothing = { highWatermark: -1n, lastStableOffset: -1n, logStart: -1n, bytes: Buffer.alloc(0), aborted: [] }
    return {
      ...{ topic, partition, divergingEpoch: undefined, epochsCompared: !this.#isOld },
      ...{ error: read === undefined ? (error ?? 'OFFSET_OUT_OF_RANGE') : undefined },
      ...(read === undefined ? nothing : { ...found, ...read }),
    }
  }
}

import type { EpochEnd, EpochQuestion } from '../../src/kafka/protocol/offsets.js'
import type { FetchedPartition, FetchPosition, KafkaTransport, TopicMetadata } from '../../src/kafka/transport.js'
import { fakeKafka } from './fake-kafka.js'
import type { TransactionalLog } from './transactional-log.js'

const LEADER = 1
const CLUSTER_ID = 'the-cluster'

/** How old the brokers are. */
export interface ClusterModelOptions {
  /** Brokers before 2.8 have no topic ids, and those before 2.7 compare no epochs. @defaultValue `'new'` */
  readonly brokers?: 'new' | 'old'
}

/** A cluster of one broker in memory, as far as an archiver needs one. Every transaction in its logs is decided. */
export class ClusterModel {
  readonly #isOld: boolean
  readonly #topics = new Map<string, readonly TransactionalLog[]>()
  /** What was committed, by partition. */
  readonly committed = new Map<string, bigint>()
  /** The most bytes of answers that were on their way at once, and how many requests there were. */
  mostInFlightBytes = 0
  requests = 0
  #inFlightBytes = 0

  constructor({ brokers = 'new' }: ClusterModelOptions = {}) {
    this.#isOld = brokers === 'old'
  }

  /** Adds a topic with a partition for each log, or replaces its logs. */
  add(topic: string, logs: readonly TransactionalLog[]): void {
    this.#topics.set(topic, logs)
  }

  get transport(): KafkaTransport {
    return fakeKafka({
      metadata: async (names) => ({
        clusterId: CLUSTER_ID,
        brokerIds: [LEADER],
        topics: (names ?? [...this.#topics.keys()]).map((topic) => this.#describe(topic)),
      }),
      listOffsets: async (position, partitions) =>
        partitions.map(({ topic, partition }) => (position === 'earliest' ? 0n : this.#log(topic, partition).end)),
      epochEnds: async (questions) => questions.map((question) => this.#epochEnd(question)),
      topicConfigs: async (topics) => topics.map((topic) => ({ topic, configs: [] })),
      listGroups: async () => [],
      groupOffsets: async () => [],
      commitGroupOffsets: async (_, offsets) => {
        for (const { topic, partition, offset } of offsets) this.committed.set(`${topic}-${partition}`, offset)
      },
      fetch: async ({ topics, maxBytes }) => {
        this.requests++
        let room = maxBytes
        const answers = topics.flatMap(({ topic, partitions }) =>
          partitions.map((position) => {
            const answer = this.#read(topic, position, Math.min(room, position.maxBytes), room === maxBytes)
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
      },
    })
  }

  #log(topic: string, partition: number): TransactionalLog {
    const log = this.#topics.get(topic)?.[partition]
    if (log === undefined) throw new Error(`the model has no partition ${topic}-${partition}`)
    return log
  }

  #describe(topic: string): TopicMetadata {
    const logs = this.#topics.get(topic)
    const leader = { leaderId: LEADER, leaderEpoch: 3, replicas: [LEADER] }
    return {
      topic,
      topicId: this.#isOld ? undefined : Buffer.from(topic.padEnd(16)).toString('base64url'),
      internal: false,
      partitions: (logs ?? []).map((_, partition) => ({ partition, ...leader })),
      error: logs === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : undefined,
    }
  }

  /** The largest epoch up to the one asked for, and where the next one begins. */
  #epochEnd({ topic, partition, epoch: asked }: EpochQuestion): EpochEnd {
    const { batches, end } = this.#log(topic, partition)
    const epochs = batches.map(({ leaderEpoch }) => leaderEpoch).filter((epoch) => epoch <= asked)
    const epoch = Math.max(-1, ...epochs)
    const next = batches.find(({ leaderEpoch }) => leaderEpoch > asked)
    const isLatest = batches.some(({ leaderEpoch }) => leaderEpoch >= asked)
    if (!isLatest) return { epoch: -1, endOffset: -1n }
    return { epoch, endOffset: next?.baseOffset ?? end }
  }

  /** As a broker answers: whole batches from the one with the offset on, the last one cut off, a first one always whole. */
  #read(topic: string, { partition, offset }: FetchPosition, maxBytes: number, isFirst: boolean): FetchedPartition {
    const log = this.#log(topic, partition)
    const ahead = log.batches.filter(({ nextOffset }) => nextOffset > offset)
    const [next] = ahead
    const size = Math.max(maxBytes, isFirst ? (next?.bytes.length ?? 0) : 0)
    const bytes = Buffer.concat(ahead.map((batch) => batch.bytes)).subarray(0, size)
    const ends = { highWatermark: log.end, lastStableOffset: log.end, logStart: 0n }
    const epochsCompared = !this.#isOld
    const aborted = log.abortedIn(offset, log.end)
    return {
      topic,
      partition,
      error: undefined,
      ...ends,
      aborted,
      bytes,
      divergingEpoch: undefined,
      epochsCompared,
    }
  }
}

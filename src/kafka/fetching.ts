import type { TopicPartition } from '../batch/topic-partition.js'
import type { KafkaErrorName } from './protocol/error-codes.js'

/** Where to go on reading one partition. */
export interface FetchPosition {
  /** Number of the partition. */
  readonly partition: number
  /** The leader epoch the reader knows, so that a deposed leader refuses; -1 where unknown. */
  readonly leaderEpoch: number
  /** First offset to read. */
  readonly offset: bigint
  /** Leader epoch of the last batch read before `offset`, so that the leader can tell a diverged log; -1 where unknown. */
  readonly lastFetchedEpoch: number
  /** Limit of this partition's part of the answer. A first batch larger than it still comes whole. */
  readonly maxBytes: number
}

/** Partitions of one topic to read. */
export interface FetchedTopic {
  /** Name of the topic. */
  readonly topic: string
  /** Kafka's id of the topic, which the request is sent by where there is one. */
  readonly topicId: string | undefined
  /** Where to read in each partition. */
  readonly partitions: readonly FetchPosition[]
}

/** A request for whole record batches of partitions that one broker leads. */
export interface FetchRequest {
  /** The broker that is asked. */
  readonly nodeId: number
  /** What is read. */
  readonly topics: readonly FetchedTopic[]
  /** How long the broker may wait for data. */
  readonly maxWaitMs: number
  /** Limit of the whole answer. */
  readonly maxBytes: number
  /** `committed` reads up to the last stable offset and names aborted transactions, `uncommitted` up to the high watermark. */
  readonly isolation: 'committed' | 'uncommitted'
  /**
   * Memory that the answer may be put into, where it fits: then no other is needed for it. It must not be used until the
   * call has resolved, and never again when the call rejected: the answer may still come.
   */
  readonly into?: Buffer | undefined
}

/** A transaction that was aborted: its records are in the log, but no read_committed consumer sees them. */
export interface AbortedTransaction {
  /** Whose transaction it was. */
  readonly producerId: bigint
  /** Its first offset in the partition. */
  readonly firstOffset: bigint
}

/** Where two logs part. */
export interface DivergingEpoch {
  /** The largest epoch that the leader knows and that is not above the reader's. */
  readonly epoch: number
  /** Where that epoch ends in the leader's log. */
  readonly endOffset: bigint
}

/** One partition's part of an answer to a fetch. */
export interface FetchedPartition extends TopicPartition {
  /** Why there is nothing. */
  readonly error: KafkaErrorName | undefined
  /** -1 where the broker did not say. */
  readonly highWatermark: bigint
  /** Every transaction that begins before this offset is decided; -1 where the broker did not say. */
  readonly lastStableOffset: bigint
  /** First offset of the log; -1 where the broker did not say. */
  readonly logStart: bigint
  /** Aborted transactions that overlap what was read. */
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches one after the other; the last one may be cut off. */
  readonly bytes: Buffer
  /** Set where the leader's log does not contain the epoch the reader came from: where they part. */
  readonly divergingEpoch: DivergingEpoch | undefined
  /** Whether the leader looked at the epoch the reader came from; brokers before 2.7 do not. */
  readonly epochsCompared: boolean
}

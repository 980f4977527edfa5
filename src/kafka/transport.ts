import type { TopicPartition } from '../batch/topic-partition.js'
import type { KafkaErrorName } from './protocol/error-codes.js'
import type { EpochEnd, LogPosition } from './protocol/offsets.js'
import type { ProduceAnswer } from './protocol/produce.js'

/** What every transport call accepts. */
export interface TransportCallOptions {
  /** Ends the wait for an answer; the call rejects with the signal's reason itself. */
  readonly signal?: AbortSignal | undefined
}

/** Who leads a partition now. */
export interface PartitionMetadata {
  readonly partition: number
  /** -1 while the partition has no leader. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
}

/** A topic as the cluster describes it. */
export interface TopicMetadata {
  readonly topic: string
  /** Kafka's topic id in its usual base64url form; `undefined` on brokers before 2.8. */
  readonly topicId: string | undefined
  readonly internal: boolean
  /** In ascending order of the partition number. */
  readonly partitions: readonly PartitionMetadata[]
  /** Why this topic cannot be described, such as `UNKNOWN_TOPIC_OR_PARTITION`. */
  readonly error: KafkaErrorName | undefined
}

/** The cluster and the topics that were asked for. */
export interface ClusterMetadata {
  readonly clusterId: string
  readonly brokerIds: readonly number[]
  readonly topics: readonly TopicMetadata[]
}

/** Where to go on reading one partition. */
export interface FetchPosition {
  readonly partition: number
  /** The leader epoch the reader knows, so that a deposed leader refuses; -1 where unknown. */
  readonly leaderEpoch: number
  readonly offset: bigint
  /** Leader epoch of the last batch read before `offset`, so that the leader can tell a diverged log; -1 where unknown. */
  readonly lastFetchedEpoch: number
  /** Limit of this partition's part of the answer. A first batch larger than it still comes whole. */
  readonly maxBytes: number
}

/** A request for whole record batches of partitions that one broker leads. */
export interface FetchRequest {
  readonly nodeId: number
  readonly topics: readonly {
    readonly topic: string
    readonly topicId: string | undefined
    readonly partitions: readonly FetchPosition[]
  }[]
  /** How long the broker may wait for data. */
  readonly maxWaitMs: number
  /** Limit of the whole answer. */
  readonly maxBytes: number
  /** `committed` reads up to the last stable offset and names aborted transactions, `uncommitted` up to the high watermark. */
  readonly isolation: 'committed' | 'uncommitted'
}

/** A transaction that was aborted: its records are in the log, but no read_committed consumer sees them. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** One partition's part of an answer to a fetch. */
export interface FetchedPartition extends TopicPartition {
  readonly error: KafkaErrorName | undefined
  /** -1 where the broker did not say. */
  readonly highWatermark: bigint
  /** Every transaction that begins before this offset is decided; -1 where the broker did not say. */
  readonly lastStableOffset: bigint
  readonly logStart: bigint
  /** Aborted transactions that overlap what was read. */
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches one after the other; the last one may be cut off. */
  readonly bytes: Buffer
  /** Set where the leader's log does not contain the epoch the reader came from: where they part. */
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: bigint } | undefined
}

/** One topic config with where its value comes from. */
export interface ConfigEntry {
  readonly name: string
  readonly value: string | null
  readonly source: 'topic' | 'broker' | 'cluster-default' | 'broker-file' | 'default' | 'unknown'
  readonly sensitive: boolean
  /** What would apply without a value of the topic's own. */
  readonly inherited: string | null
}

/** The effective configuration of a topic. */
export interface TopicConfigs {
  readonly topic: string
  readonly configs: readonly ConfigEntry[]
}

/** A topic to create. */
export interface NewTopic {
  readonly topic: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

/** What makes a producer idempotent: the broker knows its batches by it. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** A group as its coordinator lists it. */
export interface GroupListing {
  readonly groupId: string
  /** `consumer` for consumer groups; empty for groups that only commit offsets. */
  readonly protocolType: string
}

/** What a group has committed for a partition. */
export interface GroupOffset extends TopicPartition {
  readonly offset: bigint
  /** -1 where the group did not say. */
  readonly leaderEpoch: number
  readonly metadata: string
}

/**
 * What kafkeep asks of a Kafka client. Hosts only construct one and close it: `KafkaJsTransport` from
 * `kafkeep/kafkajs` is the implementation.
 *
 * A transport connects on first use, finds leaders and coordinators by itself and repeats requests that failed for a
 * passing reason and certainly had no effect. It never repeats a produce request. Everything else rejects with
 * {@link TransportError}; a topic that does not exist with {@link TopicNotFoundError}.
 */
export interface KafkaTransport {
  /** Describes the given topics, or all with `undefined`. Always asks the cluster; unknown topics carry an `error`. */
  metadata(topics?: readonly string[], options?: TransportCallOptions): Promise<ClusterMetadata>
  /** Reads whole batches. Errors of single partitions are part of the answer. */
  fetch(request: FetchRequest, options?: TransportCallOptions): Promise<readonly FetchedPartition[]>
  /** First or last offset of each partition, in the order asked. */
  listOffsets(
    position: LogPosition,
    partitions: readonly TopicPartition[],
    options?: TransportCallOptions,
  ): Promise<readonly bigint[]>
  /** Where a leader epoch ends in the leader's log. */
  epochEnd(partition: TopicPartition, epoch: number, options?: TransportCallOptions): Promise<EpochEnd>
  /** Effective configuration of topics, in the order asked. */
  topicConfigs(topics: readonly string[], options?: TransportCallOptions): Promise<readonly TopicConfigs[]>
  /** Sets configs of a topic; `null` removes one. */
  alterTopicConfigs(
    topic: string,
    changes: Readonly<Record<string, string | null>>,
    options?: TransportCallOptions,
  ): Promise<void>
  /** Creates a topic and waits until every partition has a leader; with `validateOnly` only checks that it could. */
  createTopic(topic: NewTopic, options?: TransportCallOptions & { readonly validateOnly?: boolean }): Promise<void>
  /** A fresh producer identity. */
  initProducerId(options?: TransportCallOptions): Promise<ProducerIdentity>
  /** Sends one batch to its partition's leader, once. Requests to a partition arrive in the order of these calls. */
  produce(partition: TopicPartition, batch: Buffer, options?: TransportCallOptions): Promise<ProduceAnswer>
  /** All groups of the cluster. */
  listGroups(options?: TransportCallOptions): Promise<readonly GroupListing[]>
  /** What a group has committed, for all partitions with `undefined`. Partitions without a commit are left out. */
  groupOffsets(
    groupId: string,
    partitions?: readonly TopicPartition[],
    options?: TransportCallOptions,
  ): Promise<readonly GroupOffset[]>
  /** Commits offsets for a group that has no members. */
  commitGroupOffsets(groupId: string, offsets: readonly GroupOffset[], options?: TransportCallOptions): Promise<void>
  /** Closes every connection. Calling it again is harmless. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

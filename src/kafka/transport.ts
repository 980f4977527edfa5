import type { TopicPartition } from '../batch/topic-partition.js'
import type { KafkaErrorName } from './protocol/error-codes.js'
import type { EpochEnd, EpochQuestion, LogPosition } from './protocol/offsets.js'
import type { ProduceAnswer } from './protocol/produce.js'

/** What every transport call accepts. */
export interface TransportCallOptions {
  /** Ends the wait for an answer; the call rejects with the signal's reason itself. */
  readonly signal?: AbortSignal | undefined
}

/** Who leads a partition now. */
export interface PartitionMetadata {
  /** Number of the partition. */
  readonly partition: number
  /** -1 while the partition has no leader. */
  readonly leaderId: number
  /** Counts the partition's leaders. */
  readonly leaderEpoch: number
  /** Node ids of the brokers that have the partition. */
  readonly replicas: readonly number[]
}

/** A topic as the cluster describes it. */
export interface TopicMetadata {
  /** Name of the topic. */
  readonly topic: string
  /** Kafka's topic id in its usual base64url form; `undefined` on brokers before 2.8. */
  readonly topicId: string | undefined
  /** Whether it is one of Kafka's own, such as `__consumer_offsets`. */
  readonly internal: boolean
  /** In ascending order of the partition number. */
  readonly partitions: readonly PartitionMetadata[]
  /** Why this topic cannot be described, such as `UNKNOWN_TOPIC_OR_PARTITION`. */
  readonly error: KafkaErrorName | undefined
}

/** The cluster and the topics that were asked for. */
export interface ClusterMetadata {
  /** Kafka's id of the cluster. */
  readonly clusterId: string
  /** Node ids of the brokers that are up. */
  readonly brokerIds: readonly number[]
  /** What was asked for. */
  readonly topics: readonly TopicMetadata[]
}

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

/** One topic config with where its value comes from. */
export interface ConfigEntry {
  /** Name of the config. */
  readonly name: string
  /** The value in force; `null` where the broker keeps it to itself. */
  readonly value: string | null
  /** Where the value comes from. */
  readonly source: 'topic' | 'broker' | 'cluster-default' | 'broker-file' | 'default' | 'unknown'
  /** Whether the value is a secret. */
  readonly sensitive: boolean
  /** What would apply without a value of the topic's own. */
  readonly inherited: string | null
}

/** The effective configuration of a topic. */
export interface TopicConfigs {
  /** Name of the topic. */
  readonly topic: string
  /** All its configs. */
  readonly configs: readonly ConfigEntry[]
}

/** A topic to create. */
export interface NewTopic {
  /** Name of the topic. */
  readonly topic: string
  /** How many partitions it gets. */
  readonly partitions: number
  /** How many brokers have each partition. */
  readonly replicationFactor: number
  /** Configs of its own. */
  readonly configs: Readonly<Record<string, string>>
}

/** What makes a producer idempotent: the broker knows its batches by it. */
export interface ProducerIdentity {
  /** Given by the cluster, once. */
  readonly producerId: bigint
  /** Goes up when the identity is taken over. */
  readonly producerEpoch: number
}

/** A group as its coordinator lists it. */
export interface GroupListing {
  /** Name of the group. */
  readonly groupId: string
  /** `consumer` for consumer groups; empty for groups that only commit offsets. */
  readonly protocolType: string
}

/** What a group has committed for a partition. */
export interface GroupOffset extends TopicPartition {
  /** Offset of the next record the group will read. */
  readonly offset: bigint
  /** -1 where the group did not say. */
  readonly leaderEpoch: number
  /** Whatever the group has written beside it. */
  readonly metadata: string
}

/** How a group has divided partitions among its members, as one of them sees it. */
export interface GroupAssignment {
  /** What is this member's until the next division. */
  readonly partitions: readonly TopicPartition[]
  /** Whether this member is the group's leader. One of its members is, and another one once that one has gone. */
  readonly leader: boolean
}

/**
 * A membership in a consumer group: Kafka divides the partitions of the topics among all members. Nothing is read
 * through it.
 *
 * The member keeps itself alive. When it was silent for so long that Kafka took it for dead, or has lost its
 * connections, it joins again by itself, and a new assignment follows.
 */
export interface GroupMembership {
  /**
   * Waits for the next division; of several that have come since the last call only the newest is told. A call that its
   * signal ends takes none away.
   *
   * @throws {@link TransportError} when the membership has ended for good. Where that is `retryable`, another
   * {@link KafkaTransport.joinGroup} may succeed.
   */
  nextAssignment(options?: TransportCallOptions): Promise<GroupAssignment>
  /**
   * Joins again with these topics and no others: because topics were added, or partitions of one, of which the group
   * does not hear otherwise. A new division follows; until then everything stays as it is.
   *
   * A topic is divided among those members that have it. One that does not exist has no partitions.
   */
  subscribe(topics: readonly string[], options?: TransportCallOptions): Promise<void>
  /**
   * Commits offsets as a member, for partitions of the assignment that {@link nextAssignment} told last.
   *
   * @throws {@link TransportError} with the reason `ILLEGAL_GENERATION`, `UNKNOWN_MEMBER_ID` or
   * `REBALANCE_IN_PROGRESS` when the group was divided anew since, or is about to be. The membership goes on; a new
   * assignment follows.
   */
  commit(offsets: readonly GroupOffset[], options?: TransportCallOptions): Promise<void>
  /** Leaves the group, so that the others get its partitions at once. Calling it again is harmless. */
  leave(): Promise<void>
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
  /** Where leader epochs end in their leaders' logs, in the order asked, one epoch a partition. Each leader is asked once. */
  epochEnds(questions: readonly EpochQuestion[], options?: TransportCallOptions): Promise<readonly EpochEnd[]>
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
  /**
   * Joins a consumer group. Resolves once joining is under way; {@link GroupMembership.nextAssignment} tells what
   * became of it. Its other members notice nothing but the usual division.
   *
   * The group must be kafkeep's own: with members of another kind the membership ends, with the reason
   * `INCONSISTENT_GROUP_PROTOCOL`, and leaves them alone.
   */
  joinGroup(groupId: string, topics: readonly string[], options?: TransportCallOptions): Promise<GroupMembership>
  /** Leaves all groups and closes every connection. Calling it again is harmless. */
  close(): Promise<void>
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

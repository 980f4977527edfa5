import type { TopicPartition } from '../batch/topic-partition.js'
import type { FetchedPartition, FetchRequest } from './fetching.js'
import type { ProducerIdentity, TransactionalProducer, TransactionDescription } from './producers.js'
import type { KafkaErrorName } from './protocol/error-codes.js'
import type { MetadataQuestion } from './protocol/metadata.js'
import type { EpochEnd, EpochQuestion, LogPosition } from './protocol/offsets.js'
import type { ProduceAnswer } from './protocol/produce.js'
import type { TopicOperation } from './protocol/topic-operations.js'

export type {
  AbortedTransaction,
  DivergingEpoch,
  FetchedPartition,
  FetchedTopic,
  FetchPosition,
  FetchRequest,
} from './fetching.js'
export type {
  ProducerIdentity,
  TransactionalProducer,
  TransactionDescription,
  TransactionState,
} from './producers.js'

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
  /** What this principal may do with the topic, where that was asked and the broker tells. */
  readonly authorizedOperations?: readonly TopicOperation[] | undefined
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
 * passing reason and certainly had no effect, or may be made twice. It never repeats a produce request. Everything else rejects with
 * {@link TransportError}; a topic that does not exist with {@link TopicNotFoundError}.
 */
export interface KafkaTransport {
  /** Describes the given topics, or all with `undefined`. Always asks the cluster; unknown topics carry an `error`. */
  metadata(topics?: readonly string[], options?: TransportCallOptions & MetadataQuestion): Promise<ClusterMetadata>
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
  /** Deletes a topic and waits until the cluster does not know it any more. */
  deleteTopic(topic: string, options?: TransportCallOptions): Promise<void>
  /**
   * Deletes all records before an offset of a partition: the log then starts there.
   *
   * @throws TransportError with the reason `OFFSET_OUT_OF_RANGE` when the log ends before the offset, or
   * `POLICY_VIOLATION` when the topic is compacted and nothing else.
   */
  deleteRecords(partition: TopicPartition, before: bigint, options?: TransportCallOptions): Promise<void>
  /**
   * A fresh producer identity; with `transaction` that of a transactional id, which is the same one each time, with a
   * higher epoch. Whoever had the identity before is fenced, and the transaction that it has left open is aborted.
   *
   * It is asked again when an answer was lost: the epoch may go up by more than one.
   *
   * @throws TransportError with the reason `INVALID_TRANSACTION_TIMEOUT` when the brokers allow only shorter
   * transactions.
   */
  initProducerId(
    options?: TransportCallOptions & {
      readonly transaction?: { readonly transactionalId: string; readonly timeoutMs: number }
    },
  ): Promise<ProducerIdentity>
  /**
   * Sends one batch to its partition's leader, once: its bytes, or pieces of it that follow each other, which must not
   * change meanwhile. Requests to a partition arrive in the order of these calls. A batch of a transaction needs the
   * producer's `transactionalId`, and its partition must be part of the transaction.
   */
  produce(
    partition: TopicPartition,
    batch: Buffer | readonly Buffer[],
    options?: TransportCallOptions & { readonly transactionalId?: string },
  ): Promise<ProduceAnswer>
  /**
   * Makes a partition part of the producer's transaction, which begins with it. Saying it again is harmless. Waits while
   * the producer's last transaction is being ended.
   *
   * @throws TransportError with the reason `PRODUCER_FENCED` or `INVALID_PRODUCER_EPOCH` when somebody else has
   * the identity now, or the cluster has ended a transaction that took too long.
   */
  addToTransaction(
    producer: TransactionalProducer,
    partition: TopicPartition,
    options?: TransportCallOptions,
  ): Promise<void>
  /**
   * Ends the producer's transaction. Resolves before the marker is in the log. Saying the same again is harmless.
   *
   * @throws TransportError with the reason `INVALID_TXN_STATE` when no transaction is open, or the last one was
   * ended the other way, and as {@link KafkaTransport.addToTransaction} does.
   */
  endTransaction(
    producer: TransactionalProducer,
    outcome: 'commit' | 'abort',
    options?: TransportCallOptions,
  ): Promise<void>
  /**
   * What the coordinator knows of a transactional id; `undefined` where it knows nothing.
   *
   * @throws TransportError when the brokers are older than Kafka 3.0, which cannot tell.
   */
  describeTransaction(
    transactionalId: string,
    options?: TransportCallOptions,
  ): Promise<TransactionDescription | undefined>
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

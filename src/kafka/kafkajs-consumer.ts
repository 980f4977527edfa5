import { type Broker, type Cluster, hasFunctions, preparingClusters, unsupported } from './kafkajs-cluster.js'
import type { GroupMember } from './protocol/groups.js'
import type { BrokerAddress } from './protocol/metadata.js'

/** What kafkajs tells of a division of the group. */
export interface GroupJoinEvent {
  readonly payload: { readonly isLeader: boolean }
}

/** What kafkajs tells when its consumer has stopped working. */
export interface CrashEvent {
  readonly payload: {
    readonly error: unknown
    /** Whether kafkajs starts the consumer again by itself. */
    readonly restart: boolean
  }
}

/** A consumer of kafkajs, as far as kafkeep uses it: all of this is its public API. */
export interface Consumer {
  readonly events: { readonly GROUP_JOIN: string; readonly CRASH: string; readonly FETCH_START: string }
  connect(): Promise<void>
  disconnect(): Promise<void>
  run(options: { readonly autoCommit: boolean; readonly eachBatch: () => Promise<void> }): Promise<void>
  on<E>(event: string, listener: (event: E) => void): () => void
}

/** How members of a group come to an agreement. Also public API. */
export interface PartitionAssigner {
  readonly name: string
  readonly version: number
  /** Called for every join. */
  protocol(): { readonly name: string; readonly metadata: Buffer }
  /** Called for a join that made this member the leader. */
  assign(group: {
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]
  }): Promise<readonly { readonly memberId: string; readonly memberAssignment: Buffer }[]>
}

/** The options of kafkajs's consumer that kafkeep sets. Times are in milliseconds. */
export interface ConsumerOptions {
  readonly groupId: string
  readonly partitionAssigners: readonly (() => PartitionAssigner)[]
  readonly sessionTimeout: number
  readonly heartbeatInterval: number
  readonly rebalanceTimeout: number
  readonly maxWaitTimeInMs: number
  readonly retry: {
    readonly retries: number
    readonly initialRetryTime: number
    readonly maxRetryTime: number
    readonly restartOnFailure: (error: unknown) => Promise<boolean>
  }
}

/** What kafkajs does not do itself. */
export interface ConsumerHooks {
  /** Asked in its place: when it wants to know the brokers it asks for all topics, and fails for one without a leader. */
  readonly brokers: () => Promise<readonly BrokerAddress[]>
  /** Told in its place what this member is given, before the event of that join. */
  readonly onAssignment: (member: GroupMember, assignment: Buffer) => void
}

/**
 * Opens a consumer on the host's `Kafka` that is a member of a group, and believes that it is never given anything.
 * So it never fetches. Nothing is connected yet.
 *
 * @throws UnsupportedClientError when `kafka` is not a `Kafka` of kafkajs 2.2.
 */
export function openConsumer(kafka: object, options: ConsumerOptions, hooks: ConsumerHooks): Consumer {
  const own = preparingClusters(kafka, (cluster) => prepare(cluster, hooks))
  if (!isConsumerSource(own)) throw unsupported()
  const consumer = own.consumer(options)
  if (isConsumer(consumer)) return consumer
  throw unsupported()
}

function isConsumerSource(kafka: object): kafka is { consumer(options: ConsumerOptions): unknown } {
  return hasFunctions(kafka, ['consumer'])
}

function isConsumer(value: unknown): value is Consumer {
  return hasFunctions(value, ['connect', 'disconnect', 'run', 'on'])
}

function prepare({ brokerPool }: Cluster, hooks: ConsumerHooks): void {
  const createBroker = brokerPool.createBroker.bind(brokerPool)
  brokerPool.createBroker = (options) => hooked(createBroker(options), hooks)
}

const NOTHING = Buffer.alloc(0)

function hooked(broker: Broker, { brokers, onAssignment }: ConsumerHooks): Broker {
  if (!hasFunctions(broker, ['metadata', 'syncGroup'])) throw unsupported()
  const syncGroup = broker.syncGroup.bind(broker)
  broker.syncGroup = async (request) => {
    const answer = await syncGroup(request)
    onAssignment({ memberId: request.memberId, generationId: request.generationId }, answer.memberAssignment)
    return { ...answer, memberAssignment: NOTHING }
  }
  broker.metadata = async () => ({ brokers: await brokers(), topicMetadata: [] })
  return broker
}

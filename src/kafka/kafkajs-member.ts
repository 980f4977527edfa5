import type { TopicPartition } from '../batch/topic-partition.js'
import { divide } from './divide.js'
import {
  type Consumer,
  type CrashEvent,
  type GroupJoinEvent,
  openConsumer,
  type PartitionAssigner,
} from './kafkajs-consumer.js'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './protocol/consumer-protocol.js'
import type { GroupMember } from './protocol/groups.js'
import type { MetadataAnswer } from './protocol/metadata.js'

/** Times are in milliseconds. A member that is silent for longer than `sessionTimeout` is taken for dead. */
const TIMING = { sessionTimeout: 10_000, heartbeatInterval: 3_000, rebalanceTimeout: 15_000, maxWaitTimeInMs: 500 }

/** About 3 seconds until kafkajs starts its consumer anew and looks for the coordinator: less than a session. */
const RETRY = { retries: 5, initialRetryTime: 200, maxRetryTime: 1_000 }

/** Members with another way to divide cannot join the group, so that nobody takes part in an application's by mistake. */
const PROTOCOL = { name: 'kafkeep', version: 0 }

/** One division of a group, as one of its members sees it. */
export interface Division {
  /** As whom the member commits until the next division. */
  readonly member: GroupMember
  readonly leader: boolean
  readonly partitions: readonly TopicPartition[]
}

/** What a member is, and who hears of it. */
export interface MemberOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /** Describes topics once, unknown ones and ones without a leader too. */
  readonly describe: (topics: readonly string[]) => Promise<MetadataAnswer>
  readonly onDivision: (division: Division) => void
  /** The member is none any more, and does not come back by itself. */
  readonly onEnd: (error: unknown) => void
}

/** A consumer of kafkajs that joins a group, stays in it and reads nothing. */
export class KafkaJsMember {
  readonly #consumer: Consumer
  readonly #options: MemberOptions
  #topics: readonly string[]
  /** How often the topics were set, and how often they were when it joined last. */
  #subscriptions = 1
  #joinedFor = 0
  #assigned: Pick<Division, 'member' | 'partitions'> | undefined
  /** Until kafkajs has connected, or has joined for the first time. */
  #beginning: Promise<void> = Promise.resolve()
  #leaving = false

  constructor(kafka: object, options: MemberOptions) {
    this.#options = options
    this.#topics = [...options.topics]
    const { groupId, describe, onEnd } = options
    const retry = { ...RETRY, restartOnFailure: async () => !this.#leaving }
    const assigner = this.#assigner()
    this.#consumer = openConsumer(
      kafka,
      { groupId, ...TIMING, retry, partitionAssigners: [() => assigner] },
      {
        brokers: async () => (await describe([])).brokers,
        onAssignment: (member, assignment) => {
          this.#assigned = { member, partitions: decodeAssignment(assignment) }
        },
      },
    )
    const { GROUP_JOIN, CRASH, FETCH_START } = this.#consumer.events
    this.#consumer.on<GroupJoinEvent>(GROUP_JOIN, ({ payload }) => this.#joined(payload.isLeader))
    this.#consumer.on<CrashEvent>(CRASH, ({ payload: { error, restart } }) => {
      if (!restart) onEnd(error)
    })
    this.#consumer.on(FETCH_START, () => this.#joinAgainForNewTopics())
  }

  async connect(): Promise<void> {
    const connecting = this.#consumer.connect()
    this.#beginning = connecting.catch(() => {})
    await connecting
  }

  /** Begins to join. */
  join(): void {
    this.#beginning = this.#consumer.run({ autoCommit: false, eachBatch: async () => {} }).catch(this.#options.onEnd)
  }

  /** Joins again for other topics, or for the same ones that have more partitions now, without leaving. */
  joinFor(topics: readonly string[]): void {
    this.#topics = [...topics]
    this.#subscriptions++
  }

  /** Leaves the group and closes the connections. */
  async leave(): Promise<void> {
    this.#leaving = true
    // kafkajs would leave a socket open, or close all in the middle of its first join: the group would wait for nobody.
    await this.#beginning
    await this.#consumer.disconnect()
  }

  #joined(leader: boolean): void {
    if (this.#assigned !== undefined) this.#options.onDivision({ ...this.#assigned, leader })
  }

  /** kafkajs does this every `maxWaitTimeInMs`, and joins again when it fails like this: so it hears of a rebalance. */
  #joinAgainForNewTopics(): void {
    if (this.#subscriptions === this.#joinedFor) return
    throw Object.assign(new Error('the topics of this member have changed'), { type: 'REBALANCE_IN_PROGRESS' })
  }

  #assigner(): PartitionAssigner {
    return {
      ...PROTOCOL,
      protocol: () => {
        this.#joinedFor = this.#subscriptions
        return { name: PROTOCOL.name, metadata: encodeSubscription(this.#topics, this.#subscriptions) }
      },
      assign: async ({ members }) => {
        const subscribers = members.map(({ memberId, memberMetadata }) => ({
          memberId,
          topics: decodeSubscription(memberMetadata),
        }))
        const wanted = new Set(subscribers.flatMap(({ topics }) => topics))
        const { topics } = await this.#options.describe([...wanted])
        return divide(subscribers, topics).map(({ memberId, partitions }) => ({
          memberId,
          memberAssignment: encodeAssignment(partitions),
        }))
      },
    }
  }
}

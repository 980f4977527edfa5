import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TransportError } from '../errors.js'
import { nameOption } from '../internal/options.js'
import { KafkaJsMember } from './kafkajs-member.js'
import { KafkaJsMembership } from './kafkajs-membership.js'
import type { KafkaJsRouting } from './kafkajs-routing.js'
import {
  type GroupMember,
  LIST_GROUPS,
  listGroupsRequest,
  OFFSET_COMMIT,
  OFFSET_FETCH,
  offsetCommitRequest,
  offsetFetchRequest,
} from './protocol/groups.js'
import { protocolError } from './retry.js'
import type { GroupListing, GroupMembership, GroupOffset, TransportCallOptions } from './transport.js'

const NOT_A_MEMBER: ReadonlySet<string> = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'])

/** Consumer groups: what they have committed, and memberships in them. */
export class KafkaJsGroups {
  readonly #kafka: object
  readonly #routing: KafkaJsRouting
  readonly #memberships = new Set<KafkaJsMembership>()
  #closed = false

  constructor(kafka: object, routing: KafkaJsRouting) {
    this.#kafka = kafka
    this.#routing = routing
  }

  async list(options: TransportCallOptions): Promise<readonly GroupListing[]> {
    const doing = 'list the groups'
    return this.#routing.retrying(doing, options, async () => {
      // Anew each time: when a broker is gone, others have taken over its groups.
      const { brokers } = await this.#routing.describe([], options)
      const groups: GroupListing[] = []
      for (const { nodeId } of brokers) {
        const answer = await this.#routing.send(nodeId, LIST_GROUPS, listGroupsRequest, options)
        this.#routing.check(answer.error, doing)
        groups.push(...answer.groups)
      }
      return groups
    })
  }

  async offsets(
    groupId: string,
    partitions: readonly TopicPartition[] | undefined,
    options: TransportCallOptions,
  ): Promise<readonly GroupOffset[]> {
    const doing = `tell the offsets of group ${groupId}`
    return this.#routing.retrying(doing, options, async () => {
      const coordinator = await this.#routing.coordinatorOf({ kind: 'group', id: groupId }, options)
      const request = (version: number) => offsetFetchRequest(version, groupId, partitions ?? null)
      const { error, offsets } = await this.#routing.send(coordinator, OFFSET_FETCH, request, options)
      this.#routing.check(error, doing)
      return offsets
    })
  }

  /** Commits for a group without members, or as `member` of one that has some. */
  async commit(
    groupId: string,
    offsets: readonly GroupOffset[],
    { member, ...options }: TransportCallOptions & { readonly member?: GroupMember },
  ): Promise<void> {
    if (offsets.length === 0) return
    await this.#routing.retrying(`commit offsets of group ${groupId}`, options, async () => {
      const coordinator = await this.#routing.coordinatorOf({ kind: 'group', id: groupId }, options)
      const request = (version: number) => offsetCommitRequest(version, groupId, offsets, member)
      for (const { error, ...place } of await this.#routing.send(coordinator, OFFSET_COMMIT, request, options)) {
        if (error === undefined) continue
        const doing = `commit ${partitionName(place)} for group ${groupId}`
        throw protocolError(error, doing, NOT_A_MEMBER.has(error) ? { hint: membershipHint(member) } : {})
      }
    })
  }

  async join(groupId: string, topics: readonly string[], options: TransportCallOptions): Promise<GroupMembership> {
    options.signal?.throwIfAborted()
    nameOption('groupId', groupId)
    if (this.#closed) throw new TransportError('the Kafka transport is closed', { system: 'kafka' })
    const describe = (described: readonly string[]) => this.#routing.describeOnce(described)
    const membership: KafkaJsMembership = new KafkaJsMembership({
      groupId,
      openMember: (listeners) => new KafkaJsMember(this.#kafka, { ...listeners, groupId, topics, describe }),
      commit: (offsets, member, commitOptions) => this.commit(groupId, offsets, { ...commitOptions, member }),
      onLeft: () => this.#memberships.delete(membership),
    })
    this.#memberships.add(membership)
    try {
      await membership.join(options)
      return membership
    } catch (error) {
      // Not awaited: a signal ends the call at once. Closing the transport waits for it.
      membership.leave().catch(() => {})
      throw error
    }
  }

  /** Leaves all groups. */
  async close(): Promise<void> {
    this.#closed = true
    const left = await Promise.allSettled([...this.#memberships].map((membership) => membership.leave()))
    for (const outcome of left) if (outcome.status === 'rejected') throw outcome.reason
  }
}

function membershipHint(member: GroupMember | undefined): string {
  return member === undefined
    ? 'the group has running members: stop them, or use another group id'
    : 'the group was divided anew: go on with the newest assignment'
}

import { partitionName } from '../batch/topic-partition.js'
import { type KafkeepError, TransportError } from '../errors.js'
import { abortable } from '../internal/abort.js'
import { transportErrorFrom } from './kafkajs-errors.js'
import type { Division, KafkaJsMember, MemberOptions } from './kafkajs-member.js'
import type { GroupMember } from './protocol/groups.js'
import type { GroupAssignment, GroupMembership, GroupOffset, TransportCallOptions } from './transport.js'

/** What a membership needs of the transport. */
export interface MembershipOptions {
  readonly groupId: string
  readonly openMember: (listeners: Pick<MemberOptions, 'onDivision' | 'onEnd'>) => KafkaJsMember
  readonly commit: (
    offsets: readonly GroupOffset[],
    member: GroupMember,
    options: TransportCallOptions,
  ) => Promise<void>
  readonly onLeft: () => void
}

/** Tells what becomes of a member of a group to somebody who asks when it suits them. */
export class KafkaJsMembership implements GroupMembership {
  readonly #options: MembershipOptions
  readonly #member: KafkaJsMember
  readonly #waiters = new Waiters()
  #untold: Division | undefined
  #told: Division | undefined
  /** Names of the partitions of what was told last. */
  #own: ReadonlySet<string> = new Set()
  #end: KafkeepError | undefined
  #left: Promise<void> | undefined

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#member = options.openMember({
      onDivision: (division) => {
        this.#untold = division
        this.#waiters.wake()
      },
      onEnd: (error) => this.#endWith(transportErrorFrom(error, `stay in group ${options.groupId}`)),
    })
  }

  /** Connects, and begins to join. */
  async join({ signal }: TransportCallOptions): Promise<void> {
    const connected = this.#member.connect()
    try {
      await abortable(connected, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw transportErrorFrom(error, `join group ${this.#options.groupId}`)
    }
    this.#throwIfOver(signal)
    this.#member.join()
  }

  async nextAssignment({ signal }: TransportCallOptions = {}): Promise<GroupAssignment> {
    for (;;) {
      this.#throwIfOver(signal)
      const division = this.#untold
      if (division !== undefined) {
        this.#untold = undefined
        this.#told = division
        this.#own = new Set(division.partitions.map(partitionName))
        return { partitions: division.partitions, leader: division.leader }
      }
      await this.#waiters.wait(signal)
    }
  }

  async subscribe(topics: readonly string[], { signal }: TransportCallOptions = {}): Promise<void> {
    this.#throwIfOver(signal)
    this.#member.joinFor(topics)
  }

  async commit(offsets: readonly GroupOffset[], options: TransportCallOptions = {}): Promise<void> {
    this.#throwIfOver(options.signal)
    const told = this.#told
    // Kafka itself does not look at whose partition it is.
    for (const offset of offsets) if (!this.#own.has(partitionName(offset))) throw this.#notOwned(offset)
    if (told !== undefined) await this.#options.commit(offsets, told.member, options)
  }

  async leave(): Promise<void> {
    this.#left ??= this.#leave()
    await this.#left
  }

  async #leave(): Promise<void> {
    const { groupId } = this.#options
    this.#endWith(
      new TransportError(`this member has left group ${groupId}`, { system: 'kafka', reason: 'UNKNOWN_MEMBER_ID' }),
    )
    try {
      await this.#member.leave()
    } catch (error) {
      throw transportErrorFrom(error, `let a member leave group ${groupId}`)
    } finally {
      this.#options.onLeft()
    }
  }

  #throwIfOver(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted()
    if (this.#end !== undefined) throw this.#end
  }

  #endWith(error: KafkeepError): void {
    this.#end ??= error
    this.#waiters.wake()
  }

  #notOwned({ topic, partition }: GroupOffset): TransportError {
    const { groupId } = this.#options
    return new TransportError(`${partitionName({ topic, partition })} is not this member's part of group ${groupId}`, {
      system: 'kafka',
      reason: 'ILLEGAL_GENERATION',
      hint: 'the group was divided anew: go on with the newest assignment',
    })
  }
}

/** Those who wait until there is news. */
class Waiters {
  readonly #wakes = new Set<() => void>()

  /** Resolves at the next {@link wake}. Rejects with the signal's own reason. */
  async wait(signal: AbortSignal | undefined): Promise<void> {
    let wake = () => {}
    const awake = new Promise<void>((resolve) => {
      wake = resolve
    })
    this.#wakes.add(wake)
    try {
      await abortable(awake, signal)
    } finally {
      this.#wakes.delete(wake)
    }
  }

  wake(): void {
    for (const wake of this.#wakes) wake()
  }
}

import { partitionPrefix } from '../archive/names.js'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TopicNotFoundError, TransportError } from '../errors.js'
import { delay, linkedController } from '../internal/abort.js'
import type { GroupAssignment, GroupMembership, GroupOffset, KafkaTransport } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import type { ArchiveScheduler } from './archive-scheduler.js'
import type { ArchiveEvent } from './events.js'
import { liveTopicsOf, lossOf } from './live-topics.js'
import type { FoundPartition } from './open-cursors.js'
import type { PartitionOpener } from './partition-opener.js'
import { isPassingFailure } from './passing-failure.js'
import { RecordedState } from './recorded-state.js'

/** What a {@link PartitionSharing} works with. */
export interface PartitionSharingContext {
  readonly kafka: KafkaTransport
  readonly storage: ArchiveStorage
  readonly groupId: string
  readonly scheduler: ArchiveScheduler
  readonly opener: PartitionOpener
  readonly signal: AbortSignal | undefined
}

/** How often a process that has done its part asks whether the others have. */
const OTHERS_INTERVAL_MS = 500
const NOTHING: readonly ArchiveEvent[] = []

/** A commit that Kafka refuses because the group was divided anew: the partitions are somebody's who commits himself. */
const DIVIDED_ANEW: ReadonlySet<string | undefined> = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
])

/**
 * Keeps a run to the part of the partitions that is its own: Kafka's group protocol divides them among all processes
 * with the same group. Nothing depends on the division being obeyed: a process that woke up late stores segments that
 * agree with those of the new owner.
 */
export class PartitionSharing {
  readonly #context: PartitionSharingContext
  readonly #partitions = new Map<string, FoundPartition>()
  /** What must be archived before a bounded run is done, whoever does it. */
  readonly #owed = new Map<string, bigint>()
  readonly #givenUp = new Set<string>()
  /** Ends the wait for a division. */
  readonly #end: ReturnType<typeof linkedController>
  #membership: GroupMembership | undefined
  #assignment: GroupAssignment | undefined
  /** Whether there are partitions that the group does not know of yet. */
  #extended = false
  #askingOthers = false
  #othersAreDone = false

  constructor(context: PartitionSharingContext) {
    this.#context = context
    this.#end = linkedController(context.signal)
  }

  /** Whether this process is the group's leader, who writes the checkpoints. */
  get leader(): boolean {
    return this.#assignment?.leader === true
  }

  /** Whether this process has left, or is about to. */
  get ended(): boolean {
    return this.#end.controller.signal.aborted
  }

  /** Whether every partition is archived as far as it was when the run began, as far as this was asked. */
  get othersAreDone(): boolean {
    return this.#othersAreDone
  }

  /** Whether this process knows its part, and nobody is being asked whether the others are done. */
  get othersDue(): boolean {
    return this.#assignment !== undefined && !this.#askingOthers && !this.#othersAreDone
  }

  /** Joins the group, to divide these partitions. */
  async begin(found: readonly FoundPartition[]): Promise<void> {
    await this.#oweAll(found.filter(({ leaderId }) => leaderId >= 0).map(({ identity }) => identity))
    this.#add(found)
    await this.#join()
  }

  /** Has partitions divided that have come to be, and those of an earlier call that did not succeed. */
  async extend(found: readonly FoundPartition[]): Promise<void> {
    this.#add(found)
    // What was owed of a topic that was created again is gone with the old one.
    for (const { identity } of found) this.#owed.delete(partitionName(identity))
    this.#extended ||= found.length > 0
    if (!this.#extended) return
    await this.#membership?.subscribe(this.#topics, { signal: this.#context.signal })
    this.#extended = false
  }

  /** Waits until the group is divided anew, and takes over what is this process's part of it. */
  async nextAssignment(): Promise<readonly ArchiveEvent[]> {
    try {
      this.#assignment = await this.#membership?.nextAssignment({ signal: this.#end.controller.signal })
    } catch (error) {
      this.#context.signal?.throwIfAborted()
      if (this.ended) return NOTHING
      if (!isPassingFailure(error)) throw error
      await this.#joinAgain()
      return NOTHING
    }
    await this.#takeOver()
    return NOTHING
  }

  /** Asks, after a while, whether everything is archived that was there when the run began. */
  async askOthers(): Promise<readonly ArchiveEvent[]> {
    const { kafka, groupId, signal } = this.#context
    this.#askingOthers = true
    try {
      await delay(OTHERS_INTERVAL_MS, signal)
      for (const { error, identity } of this.#context.scheduler.cursors) {
        if (error !== undefined) this.#givenUp.add(partitionName(identity))
      }
      const owed = [...this.#partitions].filter(([name]) => this.#owed.has(name) && !this.#givenUp.has(name))
      const partitions = owed.map(([, { identity }]) => identity)
      const committed = new Map<string, bigint>()
      for (const offset of await kafka.groupOffsets(groupId, partitions, { signal })) {
        committed.set(partitionName(offset), offset.offset)
      }
      const open = owed.filter(([name]) => (committed.get(name) ?? -1n) < (this.#owed.get(name) ?? 0n))
      await this.#giveUpDeleted(open.map(([, partition]) => partition))
      this.#othersAreDone = open.every(([name]) => this.#givenUp.has(name))
      return NOTHING
    } finally {
      this.#askingOthers = false
    }
  }

  /** Notes where partitions end now; nothing of topics that are gone already. */
  async #oweAll(partitions: readonly TopicPartition[]): Promise<void> {
    const { kafka, signal } = this.#context
    try {
      const ends = await kafka.listOffsets('last-stable', partitions, { signal })
      partitions.forEach((partition, index) => {
        this.#owed.set(partitionName(partition), ends[index] ?? 0n)
      })
    } catch (error) {
      if (!(error instanceof TopicNotFoundError)) throw error
      await this.#oweAll(partitions.filter(({ topic }) => topic !== error.topic))
    }
  }

  /** Waits for nobody to archive what is not there any more. */
  async #giveUpDeleted(open: readonly FoundPartition[]): Promise<void> {
    if (open.length === 0) return
    const identities = open.map(({ identity }) => identity)
    const topics = await liveTopicsOf(identities, this.#context)
    for (const partition of open) {
      if (lossOf(partition, topics) !== undefined) this.#givenUp.add(partitionName(partition.identity))
    }
  }

  /** Commits positions as a member. */
  async commit(offsets: readonly GroupOffset[]): Promise<void> {
    try {
      await this.#membership?.commit(offsets, { signal: this.#context.signal })
    } catch (error) {
      if (!(error instanceof TransportError && DIVIDED_ANEW.has(error.reason))) throw error
    }
  }

  /** Leaves the group, so that the others get this process's part at once. */
  async leave(): Promise<void> {
    this.#end.unlink()
    this.#end.controller.abort()
    await this.#membership?.leave()
  }

  get #topics(): string[] {
    return [...new Set([...this.#partitions.values()].map(({ identity }) => identity.topic))]
  }

  #add(found: readonly FoundPartition[]): void {
    for (const partition of found) this.#partitions.set(partitionName(partition.identity), partition)
  }

  async #join(): Promise<void> {
    const { kafka, groupId, signal } = this.#context
    this.#membership = await kafka.joinGroup(groupId, this.#topics, { signal })
  }

  /** The connection to the group is lost for good; a new one may work, sooner or later. */
  async #joinAgain(): Promise<void> {
    await delay(OTHERS_INTERVAL_MS, this.#end.controller.signal)
    try {
      await this.#join()
    } catch (error) {
      if (!isPassingFailure(error)) throw error
    }
  }

  async #takeOver(): Promise<void> {
    const { scheduler, opener, storage, signal } = this.#context
    this.#othersAreDone = false
    const own = new Set(this.#assignment?.partitions.map(partitionName))
    for (const cursor of [...scheduler.cursors]) {
      const name = partitionName(cursor.identity)
      if (cursor.error !== undefined) this.#givenUp.add(name)
      if (!own.has(name)) scheduler.drop(cursor)
      else scheduler.recommit(cursor)
    }
    opener.keepOnly(own)
    const known = new Set([...scheduler.cursors].map(({ identity }) => partitionPrefix(identity)))
    // What others have recorded since, so that what they have seen does not count as unseen.
    opener.recorded = await RecordedState.read(storage, { signal })
    const assigned = [...this.#partitions].flatMap(([name, found]) => (own.has(name) ? [found] : []))
    opener.add(assigned.filter(({ identity }) => !known.has(partitionPrefix(identity))))
  }
}

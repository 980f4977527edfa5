import { partitionName } from '../batch/topic-partition.js'
import { type KafkeepError, TopicNotFoundError, TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import type { ArchiveScheduler } from './archive-scheduler.js'
import type { ArchiveEvent } from './events.js'
import { leaderIdOf, liveTopicsIfReachable } from './live-topics.js'
import { type FoundPartition, type OpenContext, openCursors, unreadableCursor } from './open-cursors.js'
import { openTransactions } from './open-transactions.js'
import { isPassingFailure } from './passing-failure.js'
import { RecordedState } from './recorded-state.js'

/** A partition that cannot be asked for its ends for this long is given up. */
const OPEN_LIMIT_MS = 60_000
const BACKOFF = { firstMs: 50, maxMs: 2_000 }

/** A partition that is to be opened, and since when. */
interface Waiting {
  readonly partition: FoundPartition
  readonly sinceMs: number
}

/** Brings partitions into a run: each one as soon as its leader answers, without waiting for the others. */
export class PartitionOpener {
  readonly #context: Omit<OpenContext, 'recorded'>
  readonly #scheduler: ArchiveScheduler
  readonly #waiting = new Map<string, Waiting>()
  /** What was known of partitions before; nothing of those that come to be during the run. */
  recorded = new RecordedState(undefined)
  #opening = false
  #attempts = 0

  constructor(scheduler: ArchiveScheduler, context: Omit<OpenContext, 'recorded'>) {
    this.#scheduler = scheduler
    this.#context = context
  }

  /** Whether partitions wait to be opened and nothing is done about it. */
  get due(): boolean {
    return this.#waiting.size > 0 && !this.#opening
  }

  /** Whether every partition is opened or given up. */
  get finished(): boolean {
    return this.#waiting.size === 0 && !this.#opening
  }

  add(partitions: readonly FoundPartition[]): void {
    const sinceMs = performance.now()
    for (const partition of partitions) this.#waiting.set(partitionName(partition.identity), { partition, sinceMs })
  }

  /** Leaves all partitions but those of these names to others. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#waiting.keys()) if (!names.has(name)) this.#waiting.delete(name)
  }

  /** Opens what can be opened. */
  async open(): Promise<readonly ArchiveEvent[]> {
    this.#opening = true
    try {
      if (this.#attempts++ > 0) {
        await delay(backoffMs(this.#attempts, BACKOFF), this.#context.signal)
        await this.#refreshLeaders()
      }
      const events = await this.#openReachable()
      events.push(...(await this.#giveUpStalled()))
      if (this.#waiting.size === 0) this.#attempts = 0
      return events
    } finally {
      this.#opening = false
    }
  }

  async #openReachable(): Promise<ArchiveEvent[]> {
    const partitions = [...this.#waiting.values()].map(({ partition }) => partition)
    const reachable = partitions.filter(({ leaderId }) => leaderId >= 0)
    if (reachable.length === 0) return []
    try {
      const opened = await openCursors(reachable, { ...this.#context, recorded: this.recorded })
      // Others may have got some of them meanwhile.
      const wanted = opened.filter(({ cursor }) => this.#waiting.delete(partitionName(cursor.identity)))
      for (const { cursor, suspicious } of wanted) this.#scheduler.add(cursor, { suspicious })
      return await openTransactions(
        wanted.map(({ cursor }) => cursor),
        this.#context,
      )
    } catch (error) {
      if (isPassingFailure(error)) return []
      if (error instanceof TopicNotFoundError)
        return this.#giveUp((partition) => partition.identity.topic === error.topic, error)
      throw error
    }
  }

  async #refreshLeaders(): Promise<void> {
    const identities = [...this.#waiting.values()].map(({ partition }) => partition.identity)
    const topics = await liveTopicsIfReachable(identities, this.#context)
    for (const [name, { partition, sinceMs }] of this.#waiting) {
      const leaderId = leaderIdOf(partition.identity, topics) ?? partition.leaderId
      this.#waiting.set(name, { partition: { ...partition, leaderId }, sinceMs })
    }
  }

  async #giveUpStalled(): Promise<ArchiveEvent[]> {
    const oldMs = performance.now() - OPEN_LIMIT_MS
    const events: ArchiveEvent[] = []
    for (const { partition: stalled, sinceMs } of [...this.#waiting.values()]) {
      if (sinceMs < oldMs)
        events.push(...(await this.#giveUp((partition) => partition === stalled, unreachable(stalled))))
    }
    return events
  }

  /** Gives up some of those that wait. What is archived of them is part of the run's state all the same. */
  async #giveUp(isMeant: (partition: FoundPartition) => boolean, error: KafkeepError): Promise<ArchiveEvent[]> {
    const events: ArchiveEvent[] = []
    for (const [name, { partition }] of this.#waiting) {
      if (!isMeant(partition) || !this.#waiting.delete(name)) continue
      const cursor = await unreadableCursor(partition, { ...this.#context, recorded: this.recorded })
      cursor.error = error
      this.#scheduler.add(cursor, { suspicious: false })
      events.push({ type: 'stopped', topic: partition.identity.topic, partition: partition.identity.partition, error })
    }
    return events
  }
}

function unreachable({ identity }: FoundPartition): TransportError {
  return new TransportError(`the ends of ${partitionName(identity)} could not be asked for during a minute`, {
    system: 'kafka',
    retryable: true,
    hint: 'check that the partition has a leader',
  })
}

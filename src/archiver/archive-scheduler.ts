import { partitionName } from '../batch/topic-partition.js'
import type { KafkeepError } from '../errors.js'
import type { TaskSet } from '../internal/task-set.js'
import { answerBuffers } from '../kafka/answer-buffers.js'
import type { FetchedPartition } from '../kafka/transport.js'
import { BrokerQueue, type FetchTurn } from './broker-queue.js'
import type { ArchiveEvent } from './events.js'
import { fetchOutcomes } from './fetch-outcomes.js'
import { fetchRequest, fetchSize } from './fetch-request.js'
import type { PartitionCursor } from './partition-cursor.js'
import { isPassingFailure } from './passing-failure.js'
import type { PositionCommits } from './position-commits.js'
import { goneError, Recovery } from './recovery.js'
import { type RepositionContext, reposition } from './reposition.js'
import type { SegmentMemory } from './segment-memory.js'
import { SegmentWriter } from './segment-writer.js'
import type { SegmentTarget } from './store-segment.js'
import { archiveAnew } from './unseen-tombstones.js'

/** What a scheduler works with. */
export interface SchedulerContext extends RepositionContext {
  /** Each one answers what it has made durable or found out. */
  readonly tasks: TaskSet<readonly ArchiveEvent[]>
  readonly target: SegmentTarget
  readonly commits: PositionCommits
  readonly segmentBytes: number
  readonly maxSegmentAgeMs: number
  readonly memoryBytes: number
  readonly memory: SegmentMemory
}

const REQUESTS_A_BROKER = 2
const NOTHING: readonly ArchiveEvent[] = []

/**
 * Decides what is read and what is stored next, within the memory that it has. Everything that takes time is a task;
 * between two of them {@link ArchiveScheduler.work} starts what can be started. There is no timer, promise or buffer for
 * a partition that is idle.
 */
export class ArchiveScheduler {
  readonly #context: SchedulerContext
  readonly #cursors = new Set<PartitionCursor>()
  readonly #byName = new Map<string, PartitionCursor>()
  /** Those that were not done when they were looked at last. */
  readonly #unfinished = new Set<PartitionCursor>()
  /** Those that hold something, the one that does longest first. */
  readonly #holding = new Set<PartitionCursor>()
  readonly #brokers = new Map<number, BrokerQueue>()
  readonly #writer: SegmentWriter
  readonly #recovery: Recovery
  readonly #answers: ReturnType<typeof answerBuffers>
  #recovering = false
  #moving = 0
  #ending = false

  constructor(context: SchedulerContext) {
    this.#context = context
    this.#writer = new SegmentWriter({
      ...context,
      onStored: (cursor) => this.#stored(cursor),
    })
    this.#recovery = new Recovery(context)
    this.#answers = answerBuffers(fetchSize(context.memoryBytes).maxBytes)
  }

  /** All partitions of the run. */
  get cursors(): ReadonlySet<PartitionCursor> {
    return this.#cursors
  }

  /** Whether everything that there is to read was read and is stored. */
  get finished(): boolean {
    if (this.#holding.size > 0 || this.#writer.storing > 0 || this.#moving > 0) return false
    for (const cursor of this.#unfinished) {
      if (!cursor.done) return false
      this.#unfinished.delete(cursor)
    }
    return true
  }

  /** Begins to archive a partition, after a look at its log where it is suspicious. */
  add(cursor: PartitionCursor, { suspicious }: { readonly suspicious: boolean }): void {
    if (this.#ending) cursor.finish()
    this.#replace(cursor)
    this.#cursors.add(cursor)
    this.#unfinished.add(cursor)
    this.#context.commits.note(cursor)
    if (suspicious) this.#move(cursor, reposition)
    else this.#enqueue(cursor)
  }

  /** Gives up what was the same partition of a topic that was deleted and created again. */
  #replace(cursor: PartitionCursor): void {
    const name = partitionName(cursor.identity)
    const former = this.#byName.get(name)
    this.#byName.set(name, cursor)
    if (former === undefined || former.error !== undefined || !this.#cursors.has(former)) return
    this.#brokers.get(former.leaderId)?.remove(former)
    this.#recovery.remove(former)
    this.#run(Promise.resolve([this.#giveUp(former, goneError(former))]))
  }

  /** Leaves a partition to others. What is held of it is forgotten: they read it again. */
  drop(cursor: PartitionCursor): void {
    cursor.finish()
    this.#cursors.delete(cursor)
    this.#unfinished.delete(cursor)
    this.#recovery.remove(cursor)
    this.#context.commits.forget(cursor)
    this.#brokers.get(cursor.leaderId)?.remove(cursor)
    if (!this.#holding.delete(cursor)) return
    cursor.closeSegment().release({ stored: false })
  }

  /** Has the position of a partition committed once more: an earlier commit may have been refused. */
  recommit(cursor: PartitionCursor): void {
    this.#context.commits.note(cursor)
  }

  /** Tries partitions again that were given up for a passing reason. */
  retryStopped(): void {
    for (const cursor of this.#cursors) {
      if (cursor.error?.retryable !== true) continue
      cursor.error = undefined
      this.#unfinished.add(cursor)
      this.#recovery.add(cursor)
    }
  }

  /** Reads no further; what is held is stored. */
  finish(): void {
    this.#ending = true
    for (const cursor of this.#cursors) cursor.finish()
  }

  /** Starts whatever can be started now. */
  work(): void {
    this.#storeWhatIsDue()
    for (const [nodeId, queue] of this.#brokers) this.#fetchFrom(nodeId, queue)
    if (this.#recovery.due && !this.#recovering) this.#run(this.#recover())
    if (this.#context.commits.due) this.#run(this.#context.commits.commitInPassing().then(() => NOTHING))
  }

  /** Milliseconds until a segment becomes due by its age. */
  get dueInMs(): number {
    for (const { storing, heldSinceMs } of this.#holding) {
      if (storing !== undefined || heldSinceMs === undefined) continue
      return Math.max(0, heldSinceMs + this.#context.maxSegmentAgeMs - performance.now())
    }
    return Number.POSITIVE_INFINITY
  }

  #run(task: Promise<readonly ArchiveEvent[]>): void {
    this.#context.tasks.add(task)
  }

  /** Puts a partition in the queue of its leader, unless it has nothing to read or no room for it. */
  #enqueue(cursor: PartitionCursor): void {
    if (cursor.done || !this.#cursors.has(cursor)) return
    if (cursor.heldBytes >= this.#context.segmentBytes) return
    if (cursor.leaderId < 0) {
      this.#recovery.add(cursor)
      return
    }
    const queue = this.#brokers.get(cursor.leaderId) ?? new BrokerQueue()
    this.#brokers.set(cursor.leaderId, queue)
    queue.add(cursor)
  }

  #fetchFrom(nodeId: number, queue: BrokerQueue): void {
    const { reservedBytes } = fetchSize(this.#context.memoryBytes)
    while (queue.requests < REQUESTS_A_BROKER && this.#hasRoom(reservedBytes)) {
      const turn = queue.next()
      if (turn === undefined) return
      const fetch = fetchRequest(nodeId, turn, this.#context)
      if (!this.#hasRoom(fetch.reservedBytes)) {
        for (const cursor of turn.cursors) queue.add(cursor)
        return
      }
      queue.requests++
      this.#context.memory.take(fetch.reservedBytes)
      this.#run(this.#fetch(queue, turn, fetch))
    }
  }

  /** Whether an answer can be held. Where it cannot, and nothing that is being stored will make room, room is made. */
  #hasRoom(bytes: number): boolean {
    const { memory } = this.#context
    if (memory.hasRoom(bytes)) return true
    if (this.#writer.storing > 0) return false
    const held = [...this.#holding].sort((a, b) => b.heldBytes - a.heldBytes)
    if (memory.hasIdle && held.some((cursor) => cursor.gather()) && memory.hasRoom(bytes)) return true
    while (memory.shrink()) if (memory.hasRoom(bytes)) return true
    if (held[0] !== undefined) this.#store(held[0])
    return false
  }

  async #fetch(
    queue: BrokerQueue,
    turn: FetchTurn,
    { request, reservedBytes }: ReturnType<typeof fetchRequest>,
  ): Promise<readonly ArchiveEvent[]> {
    const { kafka, signal } = this.#context
    try {
      // All that is kept of an answer is copied.
      return await this.#answers.lend(async (into) =>
        this.#handle(turn, await kafka.fetch({ ...request, into }, { signal })),
      )
    } catch (error) {
      if (!isPassingFailure(error)) throw error
      for (const cursor of turn.cursors) this.#recovery.add(cursor)
      return NOTHING
    } finally {
      queue.requests--
      this.#context.memory.give(reservedBytes)
    }
  }

  #handle({ cursors }: FetchTurn, answers: readonly FetchedPartition[]): readonly ArchiveEvent[] {
    const reading = cursors.filter(({ done }) => !done)
    const outcomes = fetchOutcomes(reading, answers)
    const events: ArchiveEvent[] = []
    for (const [cursor, outcome] of outcomes) {
      if (cursor.holds) this.#holding.add(cursor)
      if (outcome.next === 'give-up') events.push(this.#giveUp(cursor, outcome.error))
      else if (outcome.next === 'recover') this.#recovery.add(cursor, outcome.reason)
      else if (outcome.next === 'read-on') this.#readOn(cursor)
      else this.#move(cursor, outcome.next === 'anew' ? archiveAnew : reposition)
    }
    return events
  }

  #readOn(cursor: PartitionCursor): void {
    this.#recovery.succeeded(cursor)
    this.#enqueue(cursor)
  }

  #giveUp(cursor: PartitionCursor, error: KafkeepError): ArchiveEvent {
    cursor.error = error
    return { type: 'stopped', topic: cursor.identity.topic, partition: cursor.identity.partition, error }
  }

  #move(cursor: PartitionCursor, move: typeof reposition | typeof archiveAnew): void {
    this.#moving++
    this.#run(this.#moved(cursor, move))
  }

  async #moved(
    cursor: PartitionCursor,
    move: typeof reposition | typeof archiveAnew,
  ): Promise<readonly ArchiveEvent[]> {
    // What is held belongs to the log as it was, and is stored first.
    await cursor.storing
    if (this.#holding.has(cursor)) this.#store(cursor)
    await cursor.storing
    const events = await move(cursor, this.#context)
    cursor.foundToGoOn()
    this.#moving--
    this.#stored(cursor)
    // It may have been the leader's fault: it is asked again after a while.
    if (events.length === 0) this.#recovery.add(cursor)
    else this.#readOn(cursor)
    return events
  }

  async #recover(): Promise<readonly ArchiveEvent[]> {
    this.#recovering = true
    try {
      const { ready, suspicious, givenUp } = await this.#recovery.attempt()
      for (const cursor of suspicious) this.#move(cursor, reposition)
      for (const cursor of ready) this.#enqueue(cursor)
      return givenUp.map(({ cursor, error }) => this.#giveUp(cursor, error))
    } finally {
      this.#recovering = false
    }
  }

  /** Segments that are full, old or finished. */
  #storeWhatIsDue(): void {
    const { segmentBytes, maxSegmentAgeMs } = this.#context
    const oldMs = performance.now() - maxSegmentAgeMs
    for (const cursor of this.#holding) {
      const { storing, done, heldBytes, heldSinceMs = Number.POSITIVE_INFINITY } = cursor
      if (storing !== undefined) continue
      if (done || heldBytes >= segmentBytes || heldSinceMs <= oldMs) this.#store(cursor)
    }
  }

  #store(cursor: PartitionCursor): void {
    const full = cursor.heldBytes >= this.#context.segmentBytes
    this.#holding.delete(cursor)
    this.#run(this.#writer.store(cursor))
    // A full segment had no room for more; the next one has.
    if (full) this.#enqueue(cursor)
  }

  #stored(cursor: PartitionCursor): void {
    if (this.#cursors.has(cursor)) this.#context.commits.note(cursor)
  }
}

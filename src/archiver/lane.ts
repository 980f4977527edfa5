import pLimit from 'p-limit'
import { partitionName } from '../batch/topic-partition.js'
import { LogDivergedError, TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { isRetryable, type KafkaErrorName } from '../kafka/protocol/error-codes.js'
import { protocolError } from '../kafka/retry.js'
import type { FetchedPartition, FetchRequest, GroupOffset } from '../kafka/transport.js'
import type { ArchiveEvent } from './events.js'
import type { PartitionCursor } from './partition-cursor.js'
import { type RepositionContext, reposition } from './reposition.js'
import { type SegmentTarget, storeSegment } from './store-segment.js'

/** What a lane needs besides its partitions. */
export interface LaneContext extends RepositionContext {
  readonly target: SegmentTarget
  readonly groupId: string
  readonly segmentBytes: number
  /** This lane's share of the memory. */
  readonly memoryBytes: number
  /** Told whenever batches were taken. */
  readonly onTaken: () => void
}

const MAX_WAIT_MS = 500
const MAX_FETCH_BYTES = 16_777_216
const MIN_FETCH_BYTES = 65_536
const STORES_AT_ONCE = 4
/** A partition that cannot be read for this long is given up, so that a bounded run ends. */
const STALL_LIMIT_MS = 60_000
const BACKOFF = { firstMs: 50, maxMs: 2_000 }

const TOPIC_GONE: ReadonlySet<string> = new Set<KafkaErrorName>([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
])

/** What one answer did for a partition. */
type Outcome = 'moved' | 'idle' | 'failed'

/**
 * Archives some partitions one request after the other: read, keep, store what is full, and again until each has
 * reached its end. Several lanes run side by side; each keeps to its share of the memory.
 */
export class ArchiveLane {
  readonly #context: LaneContext
  readonly #cursors: readonly PartitionCursor[]
  readonly #fetchBytes: number
  readonly #stalledSinceMs = new Map<PartitionCursor, number>()
  readonly #refusedAt = new Map<PartitionCursor, bigint>()
  #failures = 0
  #turn = 0

  constructor(cursors: readonly PartitionCursor[], context: LaneContext) {
    this.#cursors = cursors
    this.#context = context
    this.#fetchBytes = Math.max(MIN_FETCH_BYTES, Math.min(MAX_FETCH_BYTES, Math.floor(context.memoryBytes / 4)))
  }

  /** Runs until every partition is done or given up. */
  async *run(): AsyncGenerator<ArchiveEvent, void, void> {
    for (;;) {
      const live = this.#cursors.filter(({ done }) => !done)
      if (live.length === 0) break
      yield* this.#round(live)
      yield* this.#store(this.#due())
    }
    yield* this.#store(this.#cursors.filter(({ open }) => !open.empty))
  }

  /** One request to one leader, for all partitions that it leads and that are not done. */
  async *#round(live: readonly PartitionCursor[]): AsyncGenerator<ArchiveEvent, void, void> {
    // Leaders take turns, so that one that does not answer, or a partition without one, does not hold up the others.
    const leaders = [...new Set(live.map(({ leaderId }) => leaderId))]
    const nodeId = leaders[this.#turn++ % leaders.length] ?? -1
    const led = live.filter(({ leaderId }) => leaderId === nodeId)
    const byName = new Map(led.map((cursor) => [partitionName(cursor.identity), cursor]))
    const outcomes = new Map<PartitionCursor, Outcome>(led.map((cursor) => [cursor, 'idle']))
    for (const answer of await this.#fetch(nodeId, led)) {
      const cursor = byName.get(partitionName(answer))
      if (cursor !== undefined) outcomes.set(cursor, yield* this.#handle(cursor, answer))
    }
    this.#context.onTaken()
    // An answer without bytes had no room for them while others filled it; when nobody came further it is a failure.
    const moved = [...outcomes.values()].includes('moved')
    const failed = led.filter((cursor) => outcomes.get(cursor) === 'failed' || !(moved || cursor.done))
    for (const cursor of led) if (!failed.includes(cursor)) this.#stalledSinceMs.delete(cursor)
    if (failed.length > 0) yield* this.#recover(failed)
    else this.#failures = 0
  }

  async #fetch(nodeId: number, led: readonly PartitionCursor[]): Promise<readonly FetchedPartition[]> {
    const { kafka, signal } = this.#context
    if (nodeId < 0) return []
    try {
      return await kafka.fetch(this.#request(nodeId, led), { signal })
    } catch (error) {
      if (error instanceof TransportError && error.retryable) return []
      throw error
    }
  }

  #request(nodeId: number, led: readonly PartitionCursor[]): FetchRequest {
    const byTopic = new Map<string, PartitionCursor[]>()
    for (const cursor of led) {
      const { topic } = cursor.identity
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), cursor])
    }
    return {
      nodeId,
      maxWaitMs: MAX_WAIT_MS,
      maxBytes: this.#fetchBytes,
      isolation: 'committed',
      // The order stays: the broker fills its answer from the front, so that the first partitions are finished, and
      // their segments full, before memory goes to the next ones.
      topics: [...byTopic].map(([topic, cursors]) => ({
        topic,
        topicId: cursors[0]?.kafkaTopicId,
        partitions: cursors.map((cursor) => ({
          partition: cursor.identity.partition,
          leaderEpoch: -1,
          offset: cursor.position,
          lastFetchedEpoch: cursor.lastEpoch,
          maxBytes: Math.max(
            MIN_FETCH_BYTES,
            Math.min(this.#fetchBytes, this.#context.segmentBytes - cursor.open.bytes),
          ),
        })),
      })),
    }
  }

  /** Answers whether the partition has come closer to its end, or is done. */
  async *#handle(cursor: PartitionCursor, answer: FetchedPartition): AsyncGenerator<ArchiveEvent, Outcome, void> {
    const { error } = answer
    if (answer.divergingEpoch !== undefined || error === 'OFFSET_OUT_OF_RANGE') return yield* this.#reposition(cursor)
    if (error !== undefined) {
      if (!isRetryable(error))
        yield this.#giveUp(cursor, protocolError(error, `read ${partitionName(cursor.identity)}`))
      else if (TOPIC_GONE.has(error) && (await this.#isGone(cursor))) yield this.#giveUp(cursor, gone(cursor))
      return cursor.done ? 'idle' : 'failed'
    }
    const before = cursor.position
    const refusal = cursor.take(answer)
    if (refusal !== undefined) {
      // Damage on the way is gone when the batch is read again; damage in the log is not.
      if (this.#refusedAt.get(cursor) === cursor.position) yield this.#giveUp(cursor, unreadable(cursor, refusal))
      this.#refusedAt.set(cursor, cursor.position)
    }
    return cursor.position > before ? 'moved' : 'idle'
  }

  async *#reposition(cursor: PartitionCursor): AsyncGenerator<ArchiveEvent, Outcome, void> {
    if (!cursor.open.empty) yield* this.#store([cursor])
    const { kafka, signal } = this.#context
    const [logStart = 0n] = await kafka.listOffsets('earliest', [cursor.identity], { signal })
    const before = cursor.position
    yield* reposition(cursor, logStart, this.#context)
    return cursor.position === before ? 'failed' : 'moved'
  }

  async #isGone({ identity, kafkaTopicId }: PartitionCursor): Promise<boolean> {
    const { kafka, signal } = this.#context
    const [topic] = (await kafka.metadata([identity.topic], { signal })).topics
    return (
      topic?.error === 'UNKNOWN_TOPIC_OR_PARTITION' || (topic?.error === undefined && topic?.topicId !== kafkaTopicId)
    )
  }

  /** Looks for the leaders anew after a wait, and gives up what has failed for too long. */
  async *#recover(failed: readonly PartitionCursor[]): AsyncGenerator<ArchiveEvent, void, void> {
    const { kafka, signal } = this.#context
    const nowMs = performance.now()
    for (const cursor of failed) {
      const sinceMs = this.#stalledSinceMs.get(cursor) ?? nowMs
      this.#stalledSinceMs.set(cursor, sinceMs)
      if (nowMs - sinceMs > STALL_LIMIT_MS) yield this.#giveUp(cursor, stalled(cursor))
    }
    await delay(backoffMs(this.#failures++, BACKOFF), signal)
    const names = [...new Set(failed.map(({ identity }) => identity.topic))]
    const { topics } = await kafka.metadata(names, { signal })
    for (const cursor of failed) {
      const described = topics.find(({ topic }) => topic === cursor.identity.topic)
      const found = described?.partitions.find(({ partition }) => partition === cursor.identity.partition)
      if (found !== undefined) cursor.leaderId = found.leaderId
    }
  }

  #giveUp(cursor: PartitionCursor, error: TransportError | LogDivergedError): ArchiveEvent {
    cursor.error = error
    return { type: 'stopped', topic: cursor.identity.topic, partition: cursor.identity.partition, error }
  }

  /** Segments that are full or finished, and the largest others as long as the lane holds more than its share. */
  #due(): PartitionCursor[] {
    const { segmentBytes, memoryBytes } = this.#context
    const filled = this.#cursors.filter(({ open }) => !open.empty)
    const due = new Set(filled.filter(({ done, open }) => done || open.bytes >= segmentBytes))
    let heldBytes = filled.filter((cursor) => !due.has(cursor)).reduce((sum, { open }) => sum + open.bytes, 0)
    for (const cursor of filled.toSorted((a, b) => b.open.bytes - a.open.bytes)) {
      if (heldBytes <= memoryBytes - 2 * this.#fetchBytes) break
      if (due.has(cursor)) continue
      due.add(cursor)
      heldBytes -= cursor.open.bytes
    }
    return [...due]
  }

  async *#store(cursors: readonly PartitionCursor[]): AsyncGenerator<ArchiveEvent, void, void> {
    if (cursors.length === 0) return
    const { kafka, target, groupId, signal } = this.#context
    const limit = pLimit(STORES_AT_ONCE)
    const stored = await Promise.allSettled(
      cursors.map((cursor) =>
        limit(async () => {
          const place = { ...cursor.identity, generation: cursor.generation }
          const segment = await storeSegment(target, place, cursor.open.close(), { signal })
          cursor.segments.push(segment)
          cursor.durable = segment.next
          return segment
        }),
      ),
    )
    const failure = stored.find(({ status }) => status === 'rejected')
    if (failure?.status === 'rejected') throw failure.reason
    await kafka.commitGroupOffsets(groupId, commitsOf(cursors), { signal })
    for (const outcome of stored) {
      if (outcome.status !== 'fulfilled') continue
      const { topic, topicId, partition, generation, from, next, records, sizeBytes: bytes, key } = outcome.value
      yield { type: 'segment', topic, topicId, partition, generation, from, next, records, bytes, key }
    }
  }
}

/**
 * What is committed for partitions: their durable ends, each with the key of the segment before it as a hint where to
 * list. Nothing for those that were given up: their topic may be gone.
 */
export function commitsOf(cursors: readonly PartitionCursor[]): GroupOffset[] {
  return cursors
    .filter(({ error }) => error === undefined)
    .map(({ identity: { topic, partition }, durable, segments }) => {
      return { topic, partition, offset: durable, leaderEpoch: -1, metadata: segments.at(-1)?.key ?? '' }
    })
}

function gone({ identity }: PartitionCursor): LogDivergedError {
  return new LogDivergedError(`topic ${identity.topic} was deleted, or deleted and created again, during the run`, {
    hint: 'what was archived of it stays; the next run archives the new topic beside it',
  })
}

function unreadable({ identity, position }: PartitionCursor, why: string): TransportError {
  return new TransportError(`${partitionName(identity)} cannot be archived from offset ${position} on: ${why}`, {
    system: 'kafka',
    reason: 'CORRUPT_MESSAGE',
    hint: 'if the log is damaged on this broker, move the leader to a replica',
  })
}

function stalled({ identity, position }: PartitionCursor): TransportError {
  return new TransportError(`${partitionName(identity)} could not be read from offset ${position} on for a minute`, {
    system: 'kafka',
    retryable: true,
    hint: 'check that the partition has a leader',
  })
}

import { type ArchivedPartition, withSegment } from '../archive/archived-partition.js'
import type { PartitionIdentity } from '../archive/names.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import type { Gap } from '../archive/verdict.js'
import { HEADER_BYTES, InvalidBatchError } from '../batch/batch-header.js'
import { batchesIn, RecordBatchView } from '../batch/record-batch.js'
import type { KafkeepError } from '../errors.js'
import { larger, smaller } from '../internal/bigint.js'
import type { FetchedPartition } from '../kafka/transport.js'
import type { LogEnds } from './log-ends.js'
import { OpenSegment, type SegmentContent } from './open-segment.js'
import type { SegmentMemory } from './segment-memory.js'

/** What is known of a partition when a run finds it. */
export interface CursorStart {
  readonly identity: PartitionIdentity
  /** Kafka's id of the topic, where brokers have ids. */
  readonly kafkaTopicId: string | undefined
  /** -1 while the partition has no leader. */
  readonly leaderId: number
  /** What is stored of the partition; the cursor goes on where that ends. */
  readonly archived: ArchivedPartition
  /** Where the log begins, if that is known. */
  readonly logStart?: bigint | undefined
  /** The last stable offset. */
  readonly end: bigint
  readonly highWatermark: bigint
  readonly memory: SegmentMemory
  /** Whether the run goes on behind `end`. */
  readonly follows: boolean
  /** Whether tombstones up to `end` may be gone already, if the log there was compacted. */
  readonly risksTombstones: boolean
}

/** How far one partition is archived in this run. */
export class PartitionCursor {
  readonly identity: PartitionIdentity
  readonly kafkaTopicId: string | undefined
  /** What is durable of the partition. */
  archived: ArchivedPartition
  leaderId: number
  /** What the run owes: the last stable offset when it found the partition, or found its log to be another one. */
  end: bigint
  /** The high watermark at the same moment as `end`. */
  highWatermark: bigint
  /** The last stable offset as it was last told. */
  stableEnd: bigint
  /** Where the log begins, as it was last told; `undefined` where nobody did. */
  logStart: bigint | undefined
  /** Next offset to read. */
  position: bigint
  /** Leader epoch of the batch right before `position`; -1 where there is none, as behind a gap. */
  lastEpoch: number
  /** The storing of the segment that was closed last; `undefined` once it is durable. */
  storing: Promise<unknown> | undefined
  /** Since when the first of the batches that are not durable is held. */
  heldSinceMs: number | undefined
  /** The largest batch so far that came although it is larger than what was asked for. */
  largestBatchBytes = 0
  /** Where a batch was refused, so that it is read once more before the partition is given up. */
  refusedAt: bigint | undefined
  /** Where a batch ends that shows that the log was compacted although tombstones may have gone unseen. */
  compactedUpTo: bigint | undefined
  /** Why this partition was given up while the others go on. */
  error: KafkeepError | undefined
  readonly #follows: boolean
  readonly #open: OpenSegment
  #finished = false
  #foundAt: bigint | undefined
  #risksTombstones: boolean
  #unseenTombstones: readonly Gap[] = []

  constructor(start: CursorStart) {
    this.identity = start.identity
    this.kafkaTopicId = start.kafkaTopicId
    this.leaderId = start.leaderId
    this.archived = start.archived
    this.end = start.end
    this.stableEnd = start.end
    this.highWatermark = start.highWatermark
    this.logStart = start.logStart
    this.position = start.archived.next
    this.lastEpoch = start.archived.lastEpoch
    this.#follows = start.follows
    this.#risksTombstones = start.risksTombstones
    this.#open = new OpenSegment(start.identity, this.position, start.memory)
  }

  /** Bytes that are held because they are not durable; those being stored are not counted. */
  get heldBytes(): number {
    return this.#open.bytes
  }

  /** Whether a segment can be closed. */
  get holds(): boolean {
    return !this.#open.empty
  }

  /** Whether nothing is left to read. */
  get done(): boolean {
    return this.#finished || this.error !== undefined || (!this.#follows && this.position >= this.end)
  }

  /** Whether there is something to read, as far as is known. */
  get lagging(): boolean {
    return this.position < (this.#follows ? this.stableEnd : this.end)
  }

  /** Offsets up to the last stable one that are not durable, as far as is known. */
  get lag(): bigint {
    const end = this.#follows ? this.stableEnd : this.end
    return end > this.archived.next ? end - this.archived.next : 0n
  }

  /** Whether everything is archived that could be read when the run found the partition. */
  get caughtUp(): boolean {
    return this.archived.next >= this.end
  }

  /** Whether everything is archived that was there when the run found the partition, open transactions included. */
  get complete(): boolean {
    return this.error === undefined && this.archived.next >= this.highWatermark
  }

  /** Where an open transaction kept the run from what was there when it found the partition. */
  get openFrom(): bigint | undefined {
    const isOpen = this.error === undefined && this.caughtUp && !this.complete && this.stableEnd < this.highWatermark
    return isOpen ? this.stableEnd : undefined
  }

  /** Where this run could not know what it had missed, and began anew. */
  get unseenTombstones(): readonly Gap[] {
    return this.#unseenTombstones
  }

  /** Takes note that the partition is archived anew because of tombstones that were missed in `gap`. */
  missedTombstones(gap: Gap): void {
    this.#unseenTombstones = [gap]
    this.#risksTombstones = false
    this.compactedUpTo = undefined
  }

  /** Reads no further; what is held can still be stored. */
  finish(): void {
    this.#finished = true
  }

  /** Goes on elsewhere, with what is durable now. There must be nothing that is held. */
  moveTo(archived: ArchivedPartition): void {
    this.archived = archived
    this.position = archived.next
    this.lastEpoch = archived.lastEpoch
    this.#open.startAt(archived.next)
  }

  /** Takes note that the log is another one, with other ends. The run owes no more than it has. */
  owes({ end, highWatermark }: LogEnds): void {
    this.end = smaller(this.end, end)
    this.stableEnd = end
    this.highWatermark = smaller(this.highWatermark, highWatermark)
  }

  /** {@inheritDoc SegmentBuffer.gather} */
  gather(): boolean {
    return this.#open.gather()
  }

  /** Closes what is held as a segment; the next one begins where it ends. */
  closeSegment(): SegmentContent {
    this.heldSinceMs = undefined
    return this.#open.close()
  }

  /** Takes note that a closed segment is durable. */
  stored(segment: SegmentInfo): void {
    this.archived = withSegment(this.archived, segment)
    this.storing = undefined
  }

  /** Takes note that the log was found to go on at the position. */
  foundToGoOn(): void {
    this.#foundAt = this.position
  }

  /**
   * Whether another leader has written what was read, so that its log may not be the one that was read before. Within
   * one answer a log is the same.
   */
  mustAskFor({ bytes }: FetchedPartition): boolean {
    if (this.lastEpoch < 0 || this.#foundAt === this.position || bytes.length < HEADER_BYTES) return false
    return new RecordBatchView(bytes).leaderEpoch !== this.lastEpoch
  }

  /**
   * Takes what a broker answered, up to where the run ends. Where a batch cannot be taken it answers why; everything
   * before it has been taken.
   */
  take({ bytes, aborted, lastStableOffset, logStart }: FetchedPartition): string | undefined {
    if (this.done) return undefined
    if (lastStableOffset >= 0n) this.stableEnd = lastStableOffset
    if (logStart >= 0n) this.logStart = logStart
    this.#open.expectAborted(aborted)
    const run = { start: 0, end: 0 }
    try {
      for (const batch of batchesIn(bytes, this.identity)) if (!this.#takeBatch(batch, run)) break
      return undefined
    } catch (error) {
      if (error instanceof InvalidBatchError) return error.message
      throw error
    } finally {
      this.#open.keep(bytes.subarray(run.start, run.end))
      if (this.holds) this.heldSinceMs ??= performance.now()
    }
  }

  /** Answers whether there may be more to take behind the batch. */
  #takeBatch(batch: RecordBatchView, run: { start: number; end: number }): boolean {
    const { length } = batch.bytes
    const { baseOffset, nextOffset } = batch
    if (run.end > run.start && baseOffset < this.position) {
      throw new InvalidBatchError(`the batch at offset ${baseOffset} follows offset ${this.position - 1n}`)
    }
    if (nextOffset <= this.position) {
      run.start += length
      run.end = run.start
      return true
    }
    if (!this.#follows && baseOffset >= this.end) {
      this.position = larger(this.position, this.end)
      this.#open.extendTo(this.end)
      return false
    }
    if (this.#risksTombstones && this.position < this.end && (baseOffset > this.position || hasHoles(batch))) {
      this.compactedUpTo = nextOffset
      return false
    }
    if (!batch.intact) throw new InvalidBatchError(`the checksum of the batch at offset ${baseOffset} is wrong`)
    this.#open.take(batch)
    this.position = nextOffset
    this.lastEpoch = batch.leaderEpoch
    if (length > this.largestBatchBytes) this.largestBatchBytes = length
    run.end += length
    return true
  }
}

/** Whether compaction has removed records of the batch. */
function hasHoles({ recordCount, lastOffsetDelta }: RecordBatchView): boolean {
  return recordCount <= lastOffsetDelta
}

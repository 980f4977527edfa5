import type { GapName, PartitionIdentity } from '../archive/names.js'
import type { PartitionLog, SegmentInfo } from '../archive/partition-log.js'
import { InvalidBatchError } from '../batch/batch-header.js'
import { batchesIn, type RecordBatchView } from '../batch/record-batch.js'
import type { KafkeepError } from '../errors.js'
import { larger } from '../internal/bigint.js'
import type { FetchedPartition } from '../kafka/transport.js'
import { OpenSegment } from './open-segment.js'

/** What is known of a partition when a run begins. */
export interface CursorStart {
  readonly identity: PartitionIdentity
  /** Kafka's id of the topic, where brokers have ids. */
  readonly kafkaTopicId: string | undefined
  readonly leaderId: number
  readonly generation: number
  /** Where to go on. */
  readonly position: bigint
  /** Leader epoch of the batch right before `position`; -1 where there is none. */
  readonly lastEpoch: number
  /** Where a bounded run ends: the last stable offset at its start. */
  readonly end: bigint
  readonly highWatermark: bigint
  readonly segments: readonly SegmentInfo[]
  readonly gaps: readonly GapName[]
  readonly cuts: ReadonlyMap<number, bigint>
}

/** How far one partition is archived in this run. */
export class PartitionCursor {
  readonly identity: PartitionIdentity
  readonly kafkaTopicId: string | undefined
  readonly end: bigint
  readonly highWatermark: bigint
  readonly open: OpenSegment
  /** What is stored of the partition, also by earlier runs. */
  readonly segments: SegmentInfo[]
  readonly gaps: GapName[]
  readonly cuts: Map<number, bigint>
  generation: number
  leaderId: number
  /** Next offset to read. */
  position: bigint
  /** Offset after the last one that is durable. */
  durable: bigint
  /** Leader epoch of the batch right before `position`; -1 where there is none, as behind a gap. */
  lastEpoch: number
  /** Why this partition was given up while the others go on. */
  error: KafkeepError | undefined

  constructor(start: CursorStart) {
    this.identity = start.identity
    this.kafkaTopicId = start.kafkaTopicId
    this.end = start.end
    this.highWatermark = start.highWatermark
    this.segments = [...start.segments]
    this.gaps = [...start.gaps]
    this.cuts = new Map(start.cuts)
    this.generation = start.generation
    this.leaderId = start.leaderId
    this.position = start.position
    this.durable = start.position
    this.lastEpoch = start.lastEpoch
    this.open = new OpenSegment(start.identity, start.position)
  }

  /** What is stored of the partition, as the archive's readers see it. */
  get log(): PartitionLog {
    const { identity, segments, gaps, cuts, generation } = this
    return { partition: identity, segments, gaps, cuts, newestGeneration: generation }
  }

  /** Whether nothing is left to read. */
  get done(): boolean {
    return this.error !== undefined || this.position >= this.end
  }

  /** Goes on elsewhere. There must be nothing that is not stored yet. */
  moveTo(position: bigint): void {
    this.position = position
    this.durable = position
    this.lastEpoch = -1
    this.open.startAt(position)
  }

  /**
   * Takes what a broker answered, up to where the run ends. Where a batch cannot be taken it answers why; everything
   * before it has been taken.
   */
  take({ bytes, aborted }: FetchedPartition): string | undefined {
    this.open.expectAborted(aborted)
    const run = { start: 0, end: 0 }
    try {
      for (const batch of batchesIn(bytes, this.identity)) if (!this.#takeBatch(batch, run)) break
      return undefined
    } catch (error) {
      if (error instanceof InvalidBatchError) return error.message
      throw error
    } finally {
      this.open.keep(bytes.subarray(run.start, run.end))
    }
  }

  /** Answers whether there may be more to take behind the batch. */
  #takeBatch(batch: RecordBatchView, run: { start: number; end: number }): boolean {
    const { length } = batch.bytes
    if (run.end > run.start && batch.baseOffset < this.position) {
      throw new InvalidBatchError(`the batch at offset ${batch.baseOffset} follows offset ${this.position - 1n}`)
    }
    if (batch.nextOffset <= this.position) {
      run.start += length
      run.end = run.start
      return true
    }
    if (batch.baseOffset >= this.end) {
      this.position = larger(this.position, this.end)
      this.open.extendTo(this.end)
      return false
    }
    if (!batch.intact) throw new InvalidBatchError(`the checksum of the batch at offset ${batch.baseOffset} is wrong`)
    this.open.take(batch)
    this.position = batch.nextOffset
    this.lastEpoch = batch.leaderEpoch
    run.end += length
    return true
  }
}

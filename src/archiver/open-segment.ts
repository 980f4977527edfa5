import { AbortedTracker } from '../archive/aborted.js'
import { batchesIn, type RecordBatchView } from '../batch/record-batch.js'
import type { TopicPartition } from '../batch/topic-partition.js'
import type { AbortedTransaction } from '../kafka/transport.js'

/** A slice that is less than this part of the answer it lies in is copied, so that it does not keep all of it alive. */
const PINNING_SHARE = 4

/** What a segment holds when it is closed. */
export interface SegmentContent {
  readonly from: bigint
  readonly next: bigint
  readonly firstEpoch: number
  readonly lastEpoch: number
  readonly records: number
  readonly maxTimestampMs: bigint
  readonly aborted: readonly AbortedTransaction[]
  batches(): Generator<RecordBatchView, void, void>
}

/** Gathers the batches of one partition in memory until they are stored as a segment. */
export class OpenSegment {
  readonly #partition: TopicPartition
  #aborted = new AbortedTracker()
  #runs: Buffer[] = []
  #from: bigint
  #next: bigint
  #bytes = 0
  #records = 0
  #maxTimestampMs = -1n
  #firstEpoch = -1
  #lastEpoch = -1

  constructor(partition: TopicPartition, from: bigint) {
    this.#partition = partition
    this.#from = from
    this.#next = from
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether there is nothing to store. */
  get empty(): boolean {
    return this.#next === this.#from
  }

  /** Adds the aborted transactions that the broker named for the batches taken next. */
  expectAborted(transactions: readonly AbortedTransaction[]): void {
    this.#aborted.add(transactions)
  }

  /** Notes a batch; its bytes come with {@link OpenSegment.keep}. */
  take(batch: RecordBatchView): void {
    this.#aborted.take(batch)
    if (this.#firstEpoch === -1) this.#firstEpoch = batch.leaderEpoch
    this.#lastEpoch = batch.leaderEpoch
    if (!batch.control) this.#records += batch.recordCount
    if (batch.maxTimestampMs > this.#maxTimestampMs) this.#maxTimestampMs = batch.maxTimestampMs
    this.#next = batch.nextOffset
  }

  /** Keeps the bytes of batches that were noted, in order. */
  keep(run: Buffer): void {
    if (run.length === 0) return
    const pins = run.length * PINNING_SHARE >= run.buffer.byteLength
    this.#runs.push(pins ? run : Buffer.from(run))
    this.#bytes += run.length
  }

  /** Says that the log holds nothing between the last batch and `next`: compaction has removed it. */
  extendTo(next: bigint): void {
    if (next > this.#next) this.#next = next
  }

  /**
   * Begins anew elsewhere. There must be nothing to store. What was known of aborted transactions is forgotten: their
   * markers may never be seen, and the broker names those that still matter again.
   */
  startAt(from: bigint): void {
    this.#aborted = new AbortedTracker()
    this.#from = from
    this.#next = from
  }

  /** Closes the segment; the next one begins where it ends. */
  close(): SegmentContent {
    const partition = this.#partition
    const runs = this.#runs
    const content: SegmentContent = {
      from: this.#from,
      next: this.#next,
      firstEpoch: this.#firstEpoch,
      lastEpoch: this.#lastEpoch,
      records: this.#records,
      maxTimestampMs: this.#maxTimestampMs,
      aborted: this.#aborted.seal(this.#next),
      *batches() {
        for (const run of runs) yield* batchesIn(run, partition)
      },
    }
    this.#runs = []
    this.#bytes = 0
    this.#records = 0
    this.#maxTimestampMs = -1n
    this.#firstEpoch = -1
    this.#from = this.#next
    return content
  }
}

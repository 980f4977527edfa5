import { AbortedTracker } from '../archive/aborted.js'
import { FIELD } from '../batch/batch-header.js'
import { batchesIn, type RecordBatchView } from '../batch/record-batch.js'
import type { TopicPartition } from '../batch/topic-partition.js'
import { combineCrc32c, extendCrc32c } from '../internal/crc32c-combine.js'
import type { AbortedTransaction } from '../kafka/transport.js'
import { SegmentBuffer, type SegmentBytes } from './segment-buffer.js'
import type { SegmentMemory } from './segment-memory.js'

/** What a segment holds when it is closed. */
export interface SegmentContent extends SegmentBytes {
  readonly from: bigint
  readonly next: bigint
  readonly firstEpoch: number
  readonly lastEpoch: number
  readonly records: number
  readonly maxTimestampMs: bigint
  readonly aborted: readonly AbortedTransaction[]
  /** CRC32C of the batches, one after the other. */
  readonly crc32c: number
  batches(): Generator<RecordBatchView, void, void>
}

/** Gathers the batches of one partition in memory until they are stored as a segment. */
export class OpenSegment {
  readonly #partition: TopicPartition
  #aborted: AbortedTracker | undefined
  readonly #buffer: SegmentBuffer
  #from: bigint
  #next: bigint
  #crc32c = 0
  #records = 0
  #maxTimestampMs = -1n
  #firstEpoch = -1
  #lastEpoch = -1

  constructor(partition: TopicPartition, from: bigint, memory: SegmentMemory) {
    this.#partition = partition
    this.#buffer = new SegmentBuffer(memory)
    this.#from = from
    this.#next = from
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#buffer.bytes
  }

  /** The offset behind what it answers for. */
  get next(): bigint {
    return this.#next
  }

  /** Whether there is nothing to store. */
  get empty(): boolean {
    return this.#next === this.#from
  }

  /** {@inheritDoc SegmentBuffer.gather} */
  gather(): boolean {
    return this.#buffer.gather()
  }

  /** Adds the aborted transactions that the broker named for the batches taken next. */
  expectAborted(transactions: readonly AbortedTransaction[]): void {
    if (transactions.length === 0) return
    this.#aborted ??= new AbortedTracker()
    this.#aborted.add(transactions)
  }

  /** Notes a batch whose checksum was found right; its bytes come with {@link OpenSegment.keep}. */
  take(batch: RecordBatchView): void {
    this.#aborted?.take(batch)
    this.#crc32c = joinedCrc32c(this.#crc32c, batch)
    const { leaderEpoch, maxTimestampMs } = batch
    if (this.#firstEpoch === -1) this.#firstEpoch = leaderEpoch
    this.#lastEpoch = leaderEpoch
    if (!batch.control) this.#records += batch.recordCount
    if (maxTimestampMs > this.#maxTimestampMs) this.#maxTimestampMs = maxTimestampMs
    this.#next = batch.nextOffset
  }

  /** Keeps the bytes of batches that were noted, in order. */
  keep(run: Buffer): void {
    if (run.length > 0) this.#buffer.add(run)
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
    this.#aborted = undefined
    this.#from = from
    this.#next = from
  }

  /** Closes the segment; the next one begins where it ends. */
  close(): SegmentContent {
    const partition = this.#partition
    const held = this.#buffer.close()
    const content: SegmentContent = {
      from: this.#from,
      next: this.#next,
      firstEpoch: this.#firstEpoch,
      lastEpoch: this.#lastEpoch,
      records: this.#records,
      maxTimestampMs: this.#maxTimestampMs,
      aborted: this.#aborted?.seal(this.#next) ?? [],
      ...held,
      crc32c: this.#crc32c,
      *batches() {
        for (const run of held.runs) yield* batchesIn(run, partition)
      },
    }
    this.#crc32c = 0
    this.#records = 0
    this.#maxTimestampMs = -1n
    this.#firstEpoch = -1
    this.#from = this.#next
    return content
  }
}

/**
 * The checksum of what came before and of a batch, from the checksum that the batch carries: its bytes are not read again.
 * So a checksum that a storage takes of what it was given is compared with Kafka's own.
 */
function joinedCrc32c(before: number, { bytes }: RecordBatchView): number {
  const head = extendCrc32c(before, bytes, 0, FIELD.attributes)
  return combineCrc32c(head, bytes.readUInt32BE(FIELD.crc), bytes.length - FIELD.attributes)
}

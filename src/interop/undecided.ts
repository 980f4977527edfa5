import type { RecordBatchView } from '../batch/record-batch.js'
import { writeMarker } from '../batch/write-batch.js'
import { ArchiveCorruptError } from '../errors.js'

/** What is known of a transaction whose end has not come yet. */
interface Undecided {
  readonly producerEpoch: number
  readonly end: 'abort' | 'commit'
  readonly timestampMs: bigint
}

/**
 * The transactions of a log whose markers have not come yet. Where the log ends, or goes on behind a gap, the markers
 * are missing although the archive knows how the transactions ended. A broker would wait for them for good.
 */
export class UndecidedTransactions {
  readonly #undecided = new Map<bigint, Undecided>()
  /** Producers whose marker found no offset in a gap: perhaps it was not there. */
  readonly #leftOver = new Set<bigint>()

  /**
   * Follows the next batch of the log; `committed` is whether a read_committed consumer sees it.
   *
   * @throws {@link ArchiveCorruptError} when it shows that a marker was in a gap and had no offset there.
   */
  take(batch: RecordBatchView, committed: boolean): void {
    if (!batch.transactional) return
    const { producerId, producerEpoch, maxTimestampMs: timestampMs } = batch
    const before = this.#undecided.get(producerId)
    const isLeftOver = this.#leftOver.delete(producerId)
    if (batch.control) {
      if (batch.recordCount > 0) this.#undecided.delete(producerId)
      return
    }
    const end = committed ? 'commit' : 'abort'
    if (isLeftOver && before?.end !== end) throw unknownEnd(batch)
    this.#undecided.set(producerId, { producerEpoch, end, timestampMs })
  }

  /**
   * Ends as many transactions as there are offsets in `[from, next)`, with a marker at each of the first ones. One more
   * marker does no harm to a transaction that goes on behind a gap.
   */
  *end(from: bigint, next: bigint): Generator<Buffer, void, void> {
    let offset = from
    for (const [producerId, transaction] of this.#undecided) {
      if (offset < next) {
        this.#undecided.delete(producerId)
        yield writeMarker(offset++, { producerId, ...transaction })
      } else if (from < next) {
        this.#leftOver.add(producerId)
      }
    }
  }
}

function unknownEnd({ producerId, baseOffset, nextOffset }: RecordBatchView): ArchiveCorruptError {
  return new ArchiveCorruptError(
    `the transaction of producer ${producerId} before offset ${baseOffset} ended in a gap, and it cannot be told where`,
    { from: baseOffset, next: nextOffset },
  )
}

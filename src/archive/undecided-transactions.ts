import type { RecordBatchView } from '../batch/record-batch.js'
import { ArchiveCorruptError } from '../errors.js'

/** A transaction whose marker has not come yet. */
interface UndecidedTransaction {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** How it ended in the source, as the sidecars say. */
  readonly end: 'abort' | 'commit'
  readonly timestampMs: bigint
}

/** What is missing of a transaction: a marker, and an offset at which it may stand. */
export interface MissingMarker extends UndecidedTransaction {
  readonly offset: bigint
}

/**
 * The transactions of a log whose markers have not come yet. Where the archive ends, or goes on behind a gap, markers
 * are missing although it is known how the transactions ended. A broker would wait for them for good, and what a
 * producer wrote behind the gap would share the fate of what it wrote before.
 */
export class UndecidedTransactions {
  readonly #undecided = new Map<bigint, UndecidedTransaction>()
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
    this.#undecided.set(producerId, { producerId, producerEpoch, end, timestampMs })
  }

  /**
   * Ends as many transactions as there are offsets in the gap `[from, next)`, with a marker at each of the first ones.
   * One more marker does no harm to a transaction that goes on behind a gap.
   */
  *endIn(from: bigint, next: bigint): Generator<MissingMarker, void, void> {
    let offset = from
    for (const [producerId, transaction] of this.#undecided) {
      if (offset < next) {
        this.#undecided.delete(producerId)
        yield { ...transaction, offset: offset++ }
      } else if (from < next) {
        this.#leftOver.add(producerId)
      }
    }
  }
}

function unknownEnd({ producerId, baseOffset, nextOffset }: RecordBatchView): ArchiveCorruptError {
  return new ArchiveCorruptError(
    `the transaction of producer ${producerId} before offset ${baseOffset} ended in a gap, and it cannot be told where`,
    {
      ...{ from: baseOffset, next: nextOffset },
      hint: "its committed records can be restored with `offsets: 'translate'`",
    },
  )
}

import { ascending } from '../internal/bigint.js'
import type { AbortedTransaction } from '../kafka/transport.js'
import type { RecordBatchView } from './record-batch.js'

/**
 * Drops what a read_committed consumer does not see: markers, and the batches of aborted transactions. The algorithm
 * is the Java consumer's (`CompletedFetch.nextFetchedRecord`): a producer's batches are dropped from the first offset of
 * its aborted transaction up to the abort marker. Batches must come in order of their offsets.
 */
export class CommittedFilter {
  readonly #pending: AbortedTransaction[] = []
  readonly #known = new Set<string>()
  readonly #aborting = new Set<bigint>()

  /** Adds aborted transactions that overlap the batches that follow. Naming one again is harmless. */
  add(transactions: readonly AbortedTransaction[]): void {
    for (const transaction of transactions) {
      const name = `${transaction.producerId}@${transaction.firstOffset}`
      if (this.#known.has(name)) continue
      this.#known.add(name)
      this.#pending.push(transaction)
    }
    this.#pending.sort((a, b) => ascending(a.firstOffset, b.firstOffset))
  }

  /** Whether a read_committed consumer sees the batch. */
  accepts(batch: RecordBatchView): boolean {
    const { nextOffset } = batch
    while (this.#pending[0] !== undefined && this.#pending[0].firstOffset < nextOffset) {
      const transaction = this.#pending.shift()
      if (transaction !== undefined) this.#aborting.add(transaction.producerId)
    }
    if (batch.control) {
      if (batch.marker === 'abort') this.#aborting.delete(batch.producerId)
      return false
    }
    return !(batch.transactional && this.#aborting.has(batch.producerId))
  }
}

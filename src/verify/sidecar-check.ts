import type { OffsetRange } from '../archive/names.js'
import type { RecordBatchView } from '../batch/record-batch.js'
import type { AbortedTransaction } from '../kafka/transport.js'

/** Compares what a sidecar says of aborted transactions with the batches of its segment. */
export class SidecarCheck {
  readonly #named: readonly AbortedTransaction[]
  readonly #unseen: AbortedTransaction[]
  readonly #undecided: Set<AbortedTransaction>
  /** Where the transaction began of which the segment has shown batches and no end yet, by producer. */
  readonly #open = new Map<bigint, bigint>()
  readonly #problems: string[] = []

  constructor(named: readonly AbortedTransaction[], { from }: OffsetRange) {
    this.#named = named
    this.#undecided = new Set(named)
    this.#unseen = named
      .filter(({ firstOffset }) => firstOffset >= from)
      .sort((a, b) => Number(a.firstOffset - b.firstOffset))
  }

  /** What contradicts each other. */
  get problems(): readonly string[] {
    return this.#problems
  }

  take(batch: RecordBatchView): void {
    if (this.#unseen.length > 0) this.#checkBeginnings(batch)
    if (!batch.transactional) return
    const { producerId, baseOffset } = batch
    if (!batch.control) {
      if (!this.#open.has(producerId)) this.#open.set(producerId, baseOffset)
      return
    }
    const { marker } = batch
    if (marker !== undefined) this.#checkEnd(producerId, baseOffset, marker)
  }

  /** A transaction begins with a batch of its producer, unless compaction has removed it. */
  #checkBeginnings({ baseOffset, nextOffset, producerId }: RecordBatchView): void {
    for (let [first] = this.#unseen; first !== undefined && first.firstOffset < nextOffset; [first] = this.#unseen) {
      this.#unseen.shift()
      if (first.firstOffset >= baseOffset && first.producerId !== producerId) {
        this.#problems.push(
          `names an aborted transaction of producer ${first.producerId} at offset ${first.firstOffset}, which another producer has written`,
        )
      }
    }
  }

  #checkEnd(producerId: bigint, offset: bigint, marker: 'abort' | 'commit'): void {
    const began = this.#open.get(producerId)
    this.#open.delete(producerId)
    const ended = [...this.#undecided].filter((known) => known.producerId === producerId && known.firstOffset < offset)
    for (const transaction of ended) this.#undecided.delete(transaction)
    if (marker === 'commit' && ended.length > 0) {
      this.#problems.push(
        `names a transaction of producer ${producerId} as aborted that was committed at offset ${offset}`,
      )
    }
    if (marker === 'commit' || began === undefined) return
    if (this.#named.some((known) => known.producerId === producerId && known.firstOffset <= began)) return
    this.#problems.push(
      `does not name the transaction of producer ${producerId} at offset ${began} that was aborted at offset ${offset}`,
    )
  }
}

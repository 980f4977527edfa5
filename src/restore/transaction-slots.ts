/** Transactions that follow each other need not wait for the coordinator to be done with the one before. */
const SLOTS_AT_LEAST = 8

/**
 * Which transactional id replays which transaction of a partition: each open one has an id of its own, and of the
 * others the one that was left longest ago is taken next. Follows from the log alone.
 */
export class TransactionSlots {
  readonly #free = Array.from({ length: SLOTS_AT_LEAST }, (_, slot) => slot)
  /** By the source's producer. */
  readonly #open = new Map<bigint, number>()
  #slots = SLOTS_AT_LEAST

  /** Those that replay nothing now, and at least one; so many of them are used in the order given. */
  use(count: bigint): readonly number[] {
    if (this.#free.length === 0) this.#free.push(this.#slots++)
    const free = [...this.#free]
    this.#free.push(...this.#free.splice(0, Number(count % BigInt(free.length))))
    return free
  }

  /** Whether a producer has an open transaction. */
  has(producerId: bigint): boolean {
    return this.#open.has(producerId)
  }

  /** The slot of a producer's transaction, which begins now if none is open. */
  open(producerId: bigint): { readonly slot: number; readonly first: boolean } {
    const known = this.#open.get(producerId)
    if (known !== undefined) return { slot: known, first: false }
    const slot = this.#free.shift() ?? this.#slots++
    this.#open.set(producerId, slot)
    return { slot, first: true }
  }

  /** Ends a producer's transaction. Answers its slot, or `undefined` where none was open. */
  close(producerId: bigint): number | undefined {
    const slot = this.#open.get(producerId)
    if (slot === undefined) return undefined
    this.#open.delete(producerId)
    this.#free.push(slot)
    return slot
  }
}

import type { PartitionCursor } from './partition-cursor.js'

/** What one request asks for. */
export interface FetchTurn {
  /** Those that are to be filled first come first. */
  readonly cursors: readonly PartitionCursor[]
  /** Whether something is known to be there. */
  readonly lagging: boolean
  /** Part of the broker's partitions that this request names, from 0 to 1. */
  readonly share: number
}

/** A broker that is asked for more partitions at once would spend its time on reading the question. */
const MAX_PARTITIONS_A_FETCH = 2_000

/**
 * The partitions that one broker leads and that no request is under way for, in the order in which they get their turn.
 *
 * A broker fills its answer from the front. So what already holds a part of a segment comes first, the largest before
 * the others: segments are finished one after the other, and memory does not go to all of them at once. Then come those
 * that are behind, and last those where nothing is known to be there; in each group the one that waits longest is first.
 */
export class BrokerQueue {
  readonly #filling = new Set<PartitionCursor>()
  readonly #behind = new Set<PartitionCursor>()
  readonly #caughtUp = new Set<PartitionCursor>()
  /** Requests that are under way. */
  requests = 0

  /** Partitions that wait for their turn. */
  get size(): number {
    return this.#filling.size + this.#behind.size + this.#caughtUp.size
  }

  add(cursor: PartitionCursor): void {
    if (!cursor.lagging) this.#caughtUp.add(cursor)
    else if (cursor.heldBytes > 0) this.#filling.add(cursor)
    else this.#behind.add(cursor)
  }

  remove(cursor: PartitionCursor): void {
    for (const group of [this.#filling, this.#behind, this.#caughtUp]) group.delete(cursor)
  }

  /** Takes out what the next request is for; `undefined` when that is nothing. */
  next(): FetchTurn | undefined {
    const lagging = this.#filling.size + this.#behind.size > 0
    if (this.size === 0 || (this.requests > 0 && !lagging)) return undefined
    const waiting = this.size
    const cursors = lagging ? this.#laggingTurn() : taken(this.#caughtUp, MAX_PARTITIONS_A_FETCH)
    return { cursors, lagging, share: cursors.length / waiting }
  }

  /** What is left out gets its turn in a second request, which the broker works on while the first answer is handled. */
  #laggingTurn(): PartitionCursor[] {
    const filling = [...this.#filling].sort((a, b) => b.heldBytes - a.heldBytes)
    const all = [...filling, ...this.#behind]
    const half = this.requests > 0 || all.length < 2 ? all : all.filter((_, index) => index % 2 === 0)
    const cursors = half.slice(0, MAX_PARTITIONS_A_FETCH)
    for (const cursor of cursors) this.remove(cursor)
    return [...cursors, ...taken(this.#caughtUp, MAX_PARTITIONS_A_FETCH - cursors.length)]
  }
}

function taken(group: Set<PartitionCursor>, most: number): PartitionCursor[] {
  const cursors: PartitionCursor[] = []
  for (const cursor of group) {
    if (cursors.length >= most) break
    group.delete(cursor)
    cursors.push(cursor)
  }
  return cursors
}

import type { PartitionCursor } from './partition-cursor.js'

/** Tells when all partitions of a run are archived as far as they had come when it found them, or given up. */
export class CatchUp {
  readonly #rest: Iterator<PartitionCursor>
  /** The first one that had not come so far when it was looked at last; those before it are not looked at again. */
  #behind: PartitionCursor | undefined
  readonly #cursors: ReadonlySet<PartitionCursor>

  /** `cursors` may still grow. */
  constructor(cursors: ReadonlySet<PartitionCursor>) {
    this.#cursors = cursors
    this.#rest = cursors.values()
  }

  get done(): boolean {
    while (this.#behind === undefined || !this.#isBehind(this.#behind)) {
      const next = this.#rest.next()
      if (next.done === true) return true
      this.#behind = next.value
    }
    return false
  }

  #isBehind(cursor: PartitionCursor): boolean {
    return !cursor.caughtUp && cursor.error === undefined && this.#cursors.has(cursor)
  }
}

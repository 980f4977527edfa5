interface Open<T> {
  readonly path: string
  readonly value: T
}

/**
 * The nodes of a snapshot that may have children still to come, each with what is kept for it. Snapshots are sorted by
 * path, so that these are the ones whose path the next one begins with, as text: `/a` stays open behind `/a-b`, until
 * `/a/c` and its like have come. Memory follows the depth of a tree and not its size.
 */
export class OpenNodes<T> {
  readonly #open: Open<T>[] = []

  /** Opens the node at `path`, behind which everything else was closed. */
  open(path: string, value: T): void {
    this.#open.push({ path, value })
  }

  /** Closes what cannot be above `path` or anything that comes after it, innermost first. */
  *closeBefore(path: string): Generator<T, void, void> {
    for (let last = this.#open.at(-1); last !== undefined; last = this.#open.at(-1)) {
      if (path.startsWith(last.path)) return
      this.#open.pop()
      yield last.value
    }
  }

  /** Closes everything, innermost first. */
  *closeAll(): Generator<T, void, void> {
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) yield last.value
  }

  /** What is kept for the node above `path`, behind which everything else was closed. */
  parentOf(path: string): T | undefined {
    const length = Math.max(1, path.lastIndexOf('/'))
    return this.#open.findLast((open) => open.path.length === length && path.length > length)?.value
  }

  /** Whether `path` itself is open. */
  has(path: string): boolean {
    return this.#open.at(-1)?.path === path
  }
}

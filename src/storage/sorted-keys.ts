import { compareUtf8 } from '../internal/utf8.js'

/** Up to this many new keys are put in their places one by one; more are sorted with all others. */
const FEW = 100

/** Distinct keys in UTF-8 byte order. New keys are put in order when somebody looks. */
export class SortedKeys {
  readonly #sorted: string[] = []
  #added: string[] = []

  /** Adds a key that is not there yet. */
  add(key: string): void {
    this.#added.push(key)
  }

  /** Removes a key that is there. */
  delete(key: string): void {
    this.#settle()
    this.#sorted.splice(this.#firstIndex(key, 'from'), 1)
  }

  /** The first keys, at most `limit`, that begin with `prefix` and come after `startAfter`. */
  page(prefix: string, { startAfter, limit }: { readonly startAfter: string; readonly limit: number }): string[] {
    this.#settle()
    const begin =
      compareUtf8(startAfter, prefix) < 0 ? this.#firstIndex(prefix, 'from') : this.#firstIndex(startAfter, 'after')
    const keys = this.#sorted.slice(begin, begin + limit)
    const end = keys.findIndex((key) => !key.startsWith(prefix))
    return end === -1 ? keys : keys.slice(0, end)
  }

  #settle(): void {
    const added = this.#added
    if (added.length === 0) return
    this.#added = []
    if (added.length <= FEW) {
      for (const key of added) this.#sorted.splice(this.#firstIndex(key, 'from'), 0, key)
    } else {
      for (const key of added) this.#sorted.push(key)
      this.#sorted.sort(compareUtf8)
    }
  }

  /** Index of the first key from `bound` on, or after it. */
  #firstIndex(bound: string, side: 'from' | 'after'): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = compareUtf8(this.#sorted[middle] ?? '', bound)
      if (order < 0 || (order === 0 && side === 'after')) low = middle + 1
      else high = middle
    }
    return low
  }
}

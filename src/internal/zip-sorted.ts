/** An item of each of two streams; `undefined` where only the other one has it. */
export type SortedPair<T> = readonly [T, T] | readonly [T, undefined] | readonly [undefined, T]

/**
 * Walks two streams side by side that are both sorted by `compare`, each item once: what compares as equal comes as a
 * pair. Holds one item of each. When one fails, or the consumer leaves, both are ended.
 */
export async function* zipSorted<T>(
  left: AsyncIterable<T>,
  right: AsyncIterable<T>,
  compare: (one: T, other: T) => number,
): AsyncGenerator<SortedPair<T>, void, void> {
  const lefts = left[Symbol.asyncIterator]()
  const rights = right[Symbol.asyncIterator]()
  try {
    let one = await lefts.next()
    let other = await rights.next()
    for (;;) {
      if (one.done === true && other.done === true) return
      const order = one.done === true ? 1 : other.done === true ? -1 : compare(one.value, other.value)
      if (order < 0) yield [one.value, undefined]
      else if (order > 0) yield [undefined, other.value]
      else yield [one.value, other.value]
      if (order <= 0) one = await lefts.next()
      if (order >= 0) other = await rights.next()
    }
  } finally {
    await Promise.allSettled([lefts.return?.(), rights.return?.()])
  }
}

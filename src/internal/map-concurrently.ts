/**
 * Maps items side by side, at most `limit` at once, and answers in their order. Unlike a promise for each item this takes
 * no more memory than the results do. After an error no further item is begun; the first error is thrown.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  const rest = items.entries()
  let failed = false
  const work = async () => {
    for (const [index, item] of rest) {
      if (failed) return
      try {
        results[index] = await map(item, index)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  return results
}

/** How far {@link mapAhead} goes ahead of the one who takes the results. */
export interface AheadLimits<T> {
  /** Items at once, at most. */
  readonly items: number
  /** Sum of the weights at once, at most; a single item may be heavier. */
  readonly weight: number
  /** How much of `weight` an item takes. */
  weightOf(item: T): number
}

/**
 * Maps a stream of any length, several items at once, and gives the results in the order of the items. The first error is
 * thrown in its turn.
 */
export async function* mapAhead<T, R>(
  items: AsyncIterable<T>,
  { items: most, weight: mostWeight, weightOf }: AheadLimits<T>,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const ahead: { readonly result: Promise<R>; readonly weight: number }[] = []
  let weight = 0
  for await (const item of items) {
    const own = weightOf(item)
    for (let [first] = ahead; first !== undefined; [first] = ahead) {
      if (ahead.length < most && weight + own <= mostWeight) break
      yield await first.result
      ahead.shift()
      weight -= first.weight
    }
    const result = map(item)
    // It may fail long before its turn comes, or after nobody waits for it any more.
    result.catch(() => {})
    ahead.push({ result, weight: own })
    weight += own
  }
  for (const { result } of ahead) yield await result
}

/**
 * Runs generators side by side and yields what they yield as it comes. Each one is at most one item ahead of the
 * consumer. When one fails, or the consumer leaves, the others are ended and waited for; the first error wins.
 */
export async function* merge<T>(sources: readonly AsyncGenerator<T, void, void>[]): AsyncGenerator<T, void, void> {
  type Step = { readonly source: AsyncGenerator<T, void, void>; readonly result: IteratorResult<T, void> }
  const pending = new Map<AsyncGenerator<T, void, void>, Promise<Step>>()
  const advance = (source: AsyncGenerator<T, void, void>) => {
    const step = source.next().then((result) => ({ source, result }))
    // A failure is seen by the race below; until then it must not count as unhandled.
    step.catch(() => {})
    pending.set(source, step)
  }
  try {
    for (const source of sources) advance(source)
    while (pending.size > 0) {
      const { source, result } = await Promise.race(pending.values())
      pending.delete(source)
      if (result.done === true) continue
      yield result.value
      advance(source)
    }
  } finally {
    await Promise.allSettled(sources.map((source) => source.return()))
  }
}

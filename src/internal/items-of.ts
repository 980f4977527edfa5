/** Items that are there already, as a stream. */
export async function* itemsOf<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  yield* items
}

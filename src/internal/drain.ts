/** Runs a generator to its end and answers what it returns. */
export async function drain<R>(generator: AsyncGenerator<unknown, R, void>): Promise<R> {
  for (;;) {
    const next = await generator.next()
    if (next.done === true) return next.value
  }
}

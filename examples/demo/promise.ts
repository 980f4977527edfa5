/** A step of the demo did not do what the README promises. */
class BrokenPromiseError extends Error {
  override readonly name = 'BrokenPromiseError'
}

/** Ends the demo with a clear reason unless `kept`. */
export function promised(kept: boolean, promise: string): asserts kept {
  if (!kept) throw new BrokenPromiseError(`this was promised and is not so: ${promise}`)
}

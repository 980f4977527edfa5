import { KafkeepError } from '../errors.js'
import { abortableItems } from '../internal/abortable-items.js'

/** Settings of {@link throughStream}. */
export interface ThroughStreamOptions {
  readonly signal: AbortSignal | undefined
  /**
   * What to throw for an error of the library's: that error itself, if not given. Errors of the source, kafkeep's own
   * and the signal's reason always come out as they are.
   */
  readonly failure?: ((cause: unknown) => unknown) | undefined
}

/**
 * Gives what a library makes of `source`, which is read no faster than the result is. However this ends, `source` is
 * closed before it does.
 */
export async function* throughStream(
  source: AsyncIterable<Uint8Array>,
  open: (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>,
  { signal, failure = (cause) => cause }: ThroughStreamOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sourceFailure: { readonly cause: unknown } | undefined
  async function* watched() {
    try {
      yield* abortableItems(source, signal)
    } catch (cause) {
      sourceFailure = { cause }
      throw cause
    }
  }
  signal?.throwIfAborted()
  const input = watched()
  try {
    yield* abortableItems(await open(input), signal)
  } catch (cause) {
    signal?.throwIfAborted()
    if (sourceFailure !== undefined) throw sourceFailure.cause
    throw cause instanceof KafkeepError ? cause : failure(cause)
  } finally {
    await input.return()
  }
}

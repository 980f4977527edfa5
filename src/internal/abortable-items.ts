import { abortable } from './abort.js'

/**
 * Iterates `source`, ending every wait for it when the signal fires, with the signal's own reason. A source that hangs
 * is left behind; one that is between two items is closed before this ends.
 */
export async function* abortableItems<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let idle = true
  let done = false
  try {
    while (!done) {
      signal?.throwIfAborted()
      idle = false
      const next = await abortable(iterator.next(), signal)
      idle = true
      if (next.done === true) done = true
      else yield next.value
    }
  } finally {
    if (!done) {
      const closed = iterator.return?.()
      // A generator queues return() behind the pending next(), which may never settle; and nothing may take the place
      // of the signal's reason.
      if (idle && signal?.aborted !== true) await closed
      else closed?.catch(() => {})
    }
  }
}

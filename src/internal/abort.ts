import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for `promise` or for the signal, whose reason is then thrown as it is. The work behind `promise` goes on. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  // Nobody may be left to hear of the promise once the signal has won.
  promise.catch(() => {})
  signal.throwIfAborted()
  let stopListening: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stopListening = onAbort(signal, () => reject(signal.reason))
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    stopListening?.()
  }
}

/**
 * A controller whose signal also fires when one of `signals` does, with that one's reason; `unlink` ends that. Node 20's
 * own `AbortSignal.any` may lose a signal that nothing else refers to.
 */
export function linkedController(...signals: readonly (AbortSignal | undefined)[]): {
  readonly controller: AbortController
  readonly unlink: () => void
} {
  const controller = new AbortController()
  const links = signals.flatMap((signal) => {
    if (signal?.aborted === true) controller.abort(signal.reason)
    return signal === undefined ? [] : [onAbort(signal, () => controller.abort(signal.reason))]
  })
  const unlink = () => {
    for (const stop of links) stop()
  }
  return { controller, unlink }
}

const listenersOf = new WeakMap<AbortSignal, { readonly callbacks: Set<() => void>; readonly callAll: () => void }>()

/**
 * Calls back when the signal fires; the answer ends that. Adds one real listener a signal, however many wait for it: Node
 * warns of a leak when a signal has more than ten.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const listeners = listenersOf.get(signal) ?? addListener(signal)
  listeners.callbacks.add(callback)
  return () => {
    listeners.callbacks.delete(callback)
    if (listeners.callbacks.size > 0) return
    signal.removeEventListener('abort', listeners.callAll)
    listenersOf.delete(signal)
  }
}

function addListener(signal: AbortSignal) {
  const callbacks = new Set<() => void>()
  const callAll = () => {
    for (const callback of callbacks) callback()
  }
  const listeners = { callbacks, callAll }
  signal.addEventListener('abort', callAll, { once: true })
  listenersOf.set(signal, listeners)
  return listeners
}

/** Waits for `ms` milliseconds; rejects with the signal's own reason. */
export async function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** A wait before attempt `attempt` (0 for the first repetition): exponential, capped, with full jitter. */
export function backoffMs(
  attempt: number,
  { firstMs, maxMs }: { readonly firstMs: number; readonly maxMs: number },
): number {
  return Math.random() * Math.min(maxMs, firstMs * 2 ** attempt)
}

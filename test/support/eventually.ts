import { setTimeout as delay } from 'node:timers/promises'

/** Options of {@link eventually}. */
export interface EventuallyOptions {
  /** How long the check may go on failing, in milliseconds. */
  readonly limitMs: number
  /**
   * Pause between two checks, in milliseconds.
   *
   * @defaultValue `25`
   */
  readonly intervalMs?: number | undefined
  /** Gives up at once, with the signal's own reason: for when what is waited for can no longer happen. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Calls `check` until it no longer throws, and returns what it returned. Once `limitMs` have passed, the check's last
 * error is thrown as it is. The check must end by itself: one that hangs is not interrupted.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { limitMs, intervalMs = 25, signal }: EventuallyOptions,
): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      signal?.throwIfAborted()
      if (performance.now() >= deadline) throw error
      await delay(intervalMs)
    }
  }
}

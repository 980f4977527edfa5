/** Thrown when a {@link Deadline} has passed. */
export class DeadlinePassedError extends Error {
  override readonly name = 'DeadlinePassedError'
}

/** A moment until which several waits, one after the other, must be over. */
export class Deadline {
  readonly #endMs: number

  /** The moment `ms` milliseconds from now. */
  constructor(ms: number) {
    this.#endMs = performance.now() + ms
  }

  /**
   * Waits for `promise`. The work behind it goes on.
   *
   * @throws DeadlinePassedError when it is not settled in time.
   */
  async wait<T>(promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const passed = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new DeadlinePassedError()), Math.max(0, this.#endMs - performance.now()))
    })
    try {
      return await Promise.race([promise, passed])
    } finally {
      clearTimeout(timer)
    }
  }
}

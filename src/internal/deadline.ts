/** Thrown when a {@link Deadline} has passed. */
export class DeadlinePassedError extends Error {
  override readonly name = 'DeadlinePassedError'
}

/** A moment until which several waits, one after the other, must be over. */
export interface Deadline {
  /**
   * Waits for `promise`. The work behind it goes on.
   *
   * @throws DeadlinePassedError when it is not settled in time.
   */
  wait<T>(promise: Promise<T>): Promise<T>
}

interface Wait {
  readonly endMs: number
  readonly expire: (error: DeadlinePassedError) => void
}

/** Gives deadlines that are all equally far away. However many waits there are, one timer ends them. */
export class Deadlines {
  readonly #limitMs: number
  readonly #waits = new Set<Wait>()
  #timer: NodeJS.Timeout | undefined
  #timerEndMs = 0

  /** Each deadline is `limitMs` milliseconds behind the moment at which it is asked for; at most 2^31 - 1. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** A deadline that counts from now. */
  next(): Deadline {
    const endMs = performance.now() + this.#limitMs
    return { wait: (promise) => this.#wait(promise, endMs) }
  }

  #wait<T>(promise: Promise<T>, endMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const wait = { endMs, expire: reject }
      this.#waits.add(wait)
      this.#wakeAt(endMs)
      const over = () => {
        this.#waits.delete(wait)
        if (this.#waits.size === 0) this.#sleep()
      }
      promise.then(
        (value) => {
          over()
          resolve(value)
        },
        (error: unknown) => {
          over()
          reject(error)
        },
      )
    })
  }

  #wakeAt(endMs: number): void {
    if (this.#timer !== undefined && this.#timerEndMs <= endMs) return
    this.#sleep()
    this.#timerEndMs = endMs
    this.#timer = setTimeout(() => this.#endOverdue(), Math.max(0, endMs - performance.now()))
  }

  #sleep(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #endOverdue(): void {
    this.#sleep()
    const nowMs = performance.now()
    for (const wait of this.#waits) {
      if (wait.endMs > nowMs) this.#wakeAt(wait.endMs)
      else {
        this.#waits.delete(wait)
        wait.expire(new DeadlinePassedError())
      }
    }
  }
}

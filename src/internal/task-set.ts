/** Longer waits overflow Node's timers. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Runs promises side by side and gives what they become, in the order in which they come to it. */
export class TaskSet<T> {
  readonly #running = new Set<Promise<void>>()
  readonly #settled: PromiseSettledResult<T>[] = []
  #wake: (() => void) | undefined

  /** Tasks that run, or whose result was not taken yet. */
  get size(): number {
    return this.#running.size + this.#settled.length
  }

  /** Runs a task beside the others. */
  add(task: Promise<T>): void {
    const watched: Promise<void> = task
      .then(
        (value) => this.#settled.push({ status: 'fulfilled', value }),
        (reason) => this.#settled.push({ status: 'rejected', reason }),
      )
      .then(() => {
        this.#running.delete(watched)
        this.#wake?.()
      })
    this.#running.add(watched)
  }

  /**
   * Waits until a task has come to its end, at most `limitMs` milliseconds, and gives the results of all that have;
   * none when the time is over first. The error of a task that failed is thrown in its turn.
   */
  async next(limitMs: number): Promise<readonly T[]> {
    if (this.#settled.length === 0) await this.#settling(limitMs)
    const results: T[] = []
    for (let [first] = this.#settled; first !== undefined; [first] = this.#settled) {
      if (first.status === 'rejected' && results.length > 0) break
      this.#settled.shift()
      if (first.status === 'rejected') throw first.reason
      results.push(first.value)
    }
    return results
  }

  /** Waits until no task runs; what they become is dropped. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
    this.#settled.length = 0
  }

  async #settling(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (limitMs <= MAX_TIMER_MS) timer = setTimeout(resolve, limitMs)
    })
    this.#wake = undefined
    clearTimeout(timer)
  }
}

/** How a call fails: `before` it has an effect, `after` it had one, or `dead`: with it, and so does every later call. */
type FaultKind = 'before' | 'after' | 'dead'

/** Options of {@link FaultyWorld}. */
export interface FaultyWorldOptions {
  /** Which call fails, counted from 0 over everything that the world is around. */
  readonly failAt: number
  readonly kind: FaultKind
  readonly error: Error
  /**
   * Methods that count.
   *
   * @defaultValue all
   */
  readonly only?: readonly string[]
}

/** Stands between a program and the outside, and lets one of its calls fail. */
export class FaultyWorld {
  readonly #options: FaultyWorldOptions
  #calls = 0
  /** Whether the call was made that fails. */
  failed = false

  constructor(options: FaultyWorldOptions) {
    this.#options = options
  }

  around<T extends object>(target: T): T {
    const { only } = this.#options
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function' || typeof name !== 'string') return value
        if (only !== undefined && !only.includes(name)) return value.bind(target)
        return (...args: unknown[]) => this.#call(() => Reflect.apply(value, target, args))
      },
    })
  }

  #call(call: () => unknown): unknown {
    const { failAt, kind, error } = this.#options
    const fails = this.#calls++ === failAt || (kind === 'dead' && this.failed)
    if (!fails) return call()
    this.failed = true
    if (kind !== 'after') return failing(error)
    const result = call()
    if (!(result instanceof Promise)) return failing(error)
    const lost = () => Promise.reject(error)
    return result.then(lost, lost)
  }
}

/** What fails as a promise and as an iteration. */
function failing(error: Error): unknown {
  const rejected = Promise.reject(error)
  rejected.catch(() => {})
  return Object.assign(rejected, {
    [Symbol.asyncIterator]: () => ({ next: () => rejected, return: async () => ({ done: true, value: undefined }) }),
  })
}

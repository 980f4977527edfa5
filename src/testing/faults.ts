/** Which calls of a method a fault hits. */
export interface FaultOptions {
  /** Calls of the method from now on that go through before the fault. @defaultValue `0` */
  readonly skip?: number | undefined
  /** Calls that fail one after the other; later ones work again. @defaultValue `1` */
  readonly times?: number | undefined
  /** For methods that return an async iterable: items that come out before the error. @defaultValue `0` */
  readonly afterItems?: number | undefined
  /**
   * `'call'`: the method is not called at all. `'answer'`: it does its work and its answer is lost, as when a
   * connection breaks. @defaultValue `'call'`
   */
  readonly at?: 'call' | 'answer' | undefined
}

/** An object whose methods can be told to fail; see {@link withFaults}. */
export interface Faults<T extends object> {
  /** The object to hand to the code under test. */
  readonly proxy: T
  /** Has a method fail with `error`. Of several faults that would hit one call the first one told wins. */
  fail(method: keyof T & string, error: unknown, options?: FaultOptions): void
  /** Has a method hang. The function that is returned lets the hanging calls go on. */
  hang(method: keyof T & string, options?: Pick<FaultOptions, 'skip' | 'times'>): () => void
}

type Call = () => unknown
type Fault = (call: Call) => unknown

interface PlannedFault {
  readonly method: string
  readonly fault: Fault
  skip: number
  times: number
}

/**
 * Wraps any object so that the k-th call of a method fails, or hangs. It knows no interface: methods may return
 * promises or async iterables.
 *
 * @example
 * ```ts
 * const { proxy, fail } = withFaults(new MemoryStorage())
 * fail('put', new Error('S3 is down'), { skip: 2 }) // the third put fails, later ones work
 * fail('get', new Error('reset'), { afterItems: 1 }) // the stream breaks after its first chunk
 * ```
 */
export function withFaults<T extends object>(target: T): Faults<T> {
  const planned: PlannedFault[] = []

  const plan = (method: string, fault: Fault, { skip = 0, times = 1 }: FaultOptions) => {
    planned.push({ method, fault, skip, times })
  }

  const proxy = new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const call = () => Reflect.apply(value, target, args)
        const fault = nextFault(planned, name)
        return fault === undefined ? call() : fault(call)
      }
    },
  })

  return {
    proxy,
    fail: (method, error, options = {}) => plan(method, failure(error, options), options),
    hang: (method, options = {}) => {
      let release = () => {}
      const gate = new Promise<void>((resolve) => {
        release = resolve
      })
      plan(method, (call) => eitherWay(() => gate.then(call)), options)
      return release
    },
  }
}

/** Counts the call for every fault of its method, and returns the first one that is due. */
function nextFault(planned: PlannedFault[], name: string | symbol): Fault | undefined {
  let due: PlannedFault | undefined
  for (const entry of planned) {
    if (entry.method !== name || entry.times === 0) continue
    if (entry.skip > 0) entry.skip -= 1
    else due ??= entry
  }
  if (due !== undefined) due.times -= 1
  return due?.fault
}

function failure(error: unknown, { afterItems, at = 'call' }: FaultOptions): Fault {
  if (afterItems !== undefined) {
    return (call) => failingAfter(async () => call(), { count: afterItems, error })
  }
  return (call) =>
    eitherWay(async () => {
      if (at === 'answer') await call()
      throw error
    })
}

async function* failingAfter(
  call: () => Promise<unknown>,
  { count, error }: { readonly count: number; readonly error: unknown },
): AsyncGenerator<unknown, void, undefined> {
  let left = count
  if (left > 0) {
    for await (const item of eitherWay(call)) {
      yield item
      left -= 1
      if (left === 0) break
    }
  }
  throw error
}

/** A result that serves as a promise and as an async iterable, because which one is wanted nobody knows here. */
function eitherWay(work: () => Promise<unknown>): Promise<unknown> & AsyncIterable<unknown> {
  const result = work()
  // Who iterates hears of the error there.
  result.catch(() => {})
  return Object.assign(result, {
    async *[Symbol.asyncIterator]() {
      const items = await result
      if (isAsyncIterable(items)) yield* items
    },
  })
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

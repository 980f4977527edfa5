/** An object whose calls are counted. */
export interface Counted<T extends object> {
  readonly proxy: T
  calls(): number
}

/** Counts the calls of all methods: against a real service each one is a round trip at least. */
export function counted<T extends object>(target: T): Counted<T> {
  let calls = 0
  const proxy = new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        calls++
        return Reflect.apply(value, target, args)
      }
    },
  })
  return { proxy, calls: () => calls }
}

/** Throws a `TypeError` that names the first key of `options` which is not among `known`: a typing mistake, or an
 * option of another version, must never be ignored in silence. */
export function rejectUnknownOptions(subject: string, options: object, known: readonly string[]): void {
  if (options === null || typeof options !== 'object') {
    throw new TypeError(`${subject} takes an options object, got ${String(options)}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`${subject} has no option \`${key}\` (it has: ${known.join(', ')})`)
  }
}

/** Returns `value`, or `fallback` when it is `undefined`, after checking it is a whole number within the range. */
export function integerOption(
  name: string,
  value: number | undefined,
  fallback: number,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): number {
  const result = value ?? fallback
  if (Number.isSafeInteger(result) && result >= min && result <= max) return result
  throw new RangeError(`\`${name}\` must be a whole number from ${min} to ${max}, got ${String(result)}`)
}

/** Returns `value`, or `fallback` when it is `undefined`, after checking it is one of `choices`. */
export function choiceOption<T extends string>(
  name: string,
  value: T | undefined,
  fallback: T,
  choices: readonly T[],
): T {
  const result = value ?? fallback
  if (choices.includes(result)) return result
  throw new TypeError(`\`${name}\` must be one of ${choices.map((c) => `'${c}'`).join(', ')}, got ${String(result)}`)
}

/** Returns `value`, or `fallback` when it is `undefined`, after checking it is a boolean. */
export function booleanOption(name: string, value: boolean | undefined, fallback: boolean): boolean {
  const result = value ?? fallback
  if (typeof result === 'boolean') return result
  throw new TypeError(`\`${name}\` must be true or false, got ${String(result)}`)
}

/** Returns `value`, or `fallback` when it is `undefined`, after checking it is a string that is not empty. */
export function nameOption(name: string, value: string | undefined, fallback?: string): string {
  const result = value ?? fallback
  if (typeof result === 'string' && result !== '') return result
  throw new TypeError(`\`${name}\` must be a string that is not empty, got ${String(result)}`)
}

/** Returns `value` after checking that it has every method named: how wiring that implements a port is checked. */
export function portOption<T extends object>(name: string, value: T, methods: readonly (keyof T & string)[]): T {
  const isObject = typeof value === 'object' && value !== null
  const missing = methods.filter((method) => !isObject || typeof value[method] !== 'function')
  if (missing.length === 0) return value
  throw new TypeError(
    `\`${name}\` must have the method(s) ${missing.join(', ')}, got ${isObject ? 'an object without' : String(value)}`,
  )
}

/** Checks an optional instant and returns it in epoch milliseconds. */
export function instantOption(name: string, value: Date | undefined): bigint | undefined {
  if (value === undefined) return undefined
  if (value instanceof Date && !Number.isNaN(value.getTime())) return BigInt(value.getTime())
  throw new TypeError(`\`${name}\` must be a valid Date, got ${String(value)}`)
}

/** Returns `value` after checking that it is a signal, if anything. */
export function signalOption(name: string, value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value
  throw new TypeError(`\`${name}\` must be an AbortSignal, got ${String(value)}`)
}

/** Checks the options that every run accepts. */
export function checkRunOptions(options: { readonly signal?: unknown; readonly onProgress?: unknown }): void {
  signalOption('signal', options.signal)
  if (options.onProgress !== undefined && typeof options.onProgress !== 'function') {
    throw new TypeError(`\`onProgress\` must be a function, got ${String(options.onProgress)}`)
  }
}

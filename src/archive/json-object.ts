import { ArchiveCorruptError } from '../errors.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'

/** Reads a small object that must be JSON. */
export async function readJson(storage: ArchiveStorage, key: string, options: StorageCallOptions): Promise<unknown> {
  const chunks: Uint8Array[] = []
  for await (const chunk of storage.get(key, { signal: options.signal })) chunks.push(chunk)
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (cause) {
    throw new ArchiveCorruptError(`${key} is not JSON`, { key, cause })
  }
}

/** The bytes of a small JSON object, readable by people too. Offsets and other 64-bit numbers become strings. */
export function jsonBytes(value: object): Buffer {
  const text = JSON.stringify(value, (_, field) => (typeof field === 'bigint' ? field.toString() : field), 2)
  return Buffer.from(`${text}\n`)
}

const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)

/** Reads fields of parsed JSON that nobody vouches for: each one is what it must be, or the object is corrupt. */
export class JsonFields {
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(
    value: unknown,
    readonly key: string,
    readonly path = '',
  ) {
    if (!isRecord(value)) throw new ArchiveCorruptError(`${key}: ${path || 'the object'} is not a JSON object`, { key })
    this.#fields = value
  }

  string(name: string): string {
    const value = this.#fields[name]
    return typeof value === 'string' ? value : this.#reject(name, 'a string')
  }

  /** A string that may be left out. */
  optionalString(name: string): string | undefined {
    return this.#fields[name] === undefined ? undefined : this.string(name)
  }

  /** A whole number of at least `min`. */
  integer(name: string, min = 0): number {
    const value = this.#fields[name]
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= min
      ? value
      : this.#reject(name, `a whole number from ${min}`)
  }

  /** A 64-bit number of at least `min`, which JSON keeps as a string. */
  bigint(name: string, min = MIN_INT64): bigint {
    const value = this.#fields[name]
    if (typeof value === 'string' && /^-?\d{1,19}$/.test(value)) {
      const number = BigInt(value)
      if (number <= MAX_INT64 && number >= min) return number
    }
    return this.#reject(name, `a 64-bit number from ${min} on, as a string`)
  }

  /** One of a few words. */
  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#fields[name]
    const known = choices.find((choice) => choice === value)
    return known ?? this.#reject(name, `one of ${choices.join(', ')}`)
  }

  /** Whether a mark is there, which may be left out. */
  isSet(name: string): boolean {
    const value = this.#fields[name]
    return value === undefined || value === true ? value === true : this.#reject(name, '`true` or left out')
  }

  list<T>(name: string, read: (item: JsonFields) => T): T[] {
    const value = this.#fields[name]
    if (!Array.isArray(value)) return this.#reject(name, 'a list')
    return value.map((item, index) => read(new JsonFields(item, this.key, `${this.#pathOf(name)}[${index}]`)))
  }

  /** A list of strings that may be left out, which says that there is none. */
  optionalStringList(name: string): string[] {
    return this.#fields[name] === undefined ? [] : this.stringList(name)
  }

  /** A list of strings. */
  stringList(name: string): string[] {
    const value = this.#fields[name]
    const valid = Array.isArray(value) && value.every((item) => typeof item === 'string')
    return valid ? value : this.#reject(name, 'a list of strings')
  }

  /** A map from names to strings or null. */
  strings(name: string): Readonly<Record<string, string | null>> {
    const value = this.#fields[name]
    const valid = isRecord(value) && Object.values(value).every((item) => item === null || typeof item === 'string')
    return valid ? (value as Readonly<Record<string, string | null>>) : this.#reject(name, 'a map of strings')
  }

  #pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }

  #reject(name: string, expected: string): never {
    throw new ArchiveCorruptError(`${this.key}: \`${this.#pathOf(name)}\` is not ${expected}`, { key: this.key })
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

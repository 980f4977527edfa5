import { crc32c } from '@node-rs/crc32'
import { ArchiveCorruptError } from '../errors.js'
import { allOf } from '../internal/all-of.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { crcHex } from './names.js'

const SEAL = /"crc32c": "(?<crc>[0-9a-f]{8})"\n\}\n$/
const NO_SEAL = '00000000'

/** Reads a small object that must be JSON. */
export async function readJson(storage: ArchiveStorage, key: string, options: StorageCallOptions): Promise<unknown> {
  return (await readSealedJson(storage, key, options)).value
}

/**
 * {@link readJson}, and whether the object proves to be what was written under its key.
 *
 * @throws {@link ArchiveCorruptError} when it proves not to be.
 */
export async function readSealedJson(
  storage: ArchiveStorage,
  key: string,
  { signal }: StorageCallOptions,
): Promise<{ readonly value: unknown; readonly sealed: boolean }> {
  const text = Buffer.concat(await allOf(storage.get(key, { signal }))).toString('utf8')
  const value = parsed(text, key)
  const seal = SEAL.exec(text)?.groups?.['crc']
  if (seal === undefined && !(isRecord(value) && 'crc32c' in value)) return { value, sealed: false }
  if (seal !== undefined && sealOf(key, `${text.slice(0, -SEAL_END)}${NO_SEAL}${text.slice(-SEAL_END + 8)}`) === seal) {
    return { value, sealed: true }
  }
  throw new ArchiveCorruptError(`${key} is not what was written under this name: its checksum is wrong`, { key })
}

/** Characters from the checksum's first digit to the end of the object. */
const SEAL_END = `${NO_SEAL}"\n}\n`.length

/**
 * The bytes of a small JSON object, readable by people too. Offsets and other 64-bit numbers become strings. Its last
 * field is the checksum of the key and of all else, so that a changed object is noticed, and one under another's name.
 */
export function jsonBytes(key: string, value: object): Buffer {
  const unsealed = { ...value, crc32c: NO_SEAL }
  const text = JSON.stringify(unsealed, (_, field) => (typeof field === 'bigint' ? field.toString() : field), 2)
  const body = `${text}\n`
  return Buffer.from(`${body.slice(0, -SEAL_END)}${sealOf(key, body)}${body.slice(-SEAL_END + 8)}`)
}

function sealOf(key: string, unsealed: string): string {
  return crcHex(crc32c(Buffer.from(`${key}\n${unsealed}`)))
}

function parsed(text: string, key: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ArchiveCorruptError(`${key} is not JSON`, { key, cause })
  }
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

  /** Whether there is such a field. */
  has(name: string): boolean {
    return this.#fields[name] !== undefined
  }

  /** A string that may be left out. */
  optionalString(name: string): string | undefined {
    return this.has(name) ? this.string(name) : undefined
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

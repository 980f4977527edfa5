import { Buffer, isUtf8 } from 'node:buffer'

const INT16 = { min: -(2 ** 15), max: 2 ** 15 - 1 }
const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 }
const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
const LONE_SURROGATE = /\p{Surrogate}/u

/** The bytes as text where they are UTF-8, so that people can read them, else as base64. */
export function bytesToText(bytes: Uint8Array): { readonly text: string } | { readonly base64: string } {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(content) ? { text: content.toString('utf8') } : { base64: content.toString('base64') }
}

/**
 * The fields of a JSON object from outside: each is taken once, and none may be left over. Whatever is not as it must
 * be is a `TypeError` that names the field.
 */
export class JsonLineFields {
  readonly #left: Map<string, unknown>

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object')
    this.#left = new Map(Object.entries(value))
  }

  has(name: string): boolean {
    return this.#left.has(name)
  }

  isNull(name: string): boolean {
    return this.#left.get(name) === null
  }

  optional<T>(name: string, take: () => T): T | undefined {
    return this.has(name) ? take() : undefined
  }

  string(name: string): string {
    return this.#take(name, (value): value is string => typeof value === 'string')
  }

  null(name: string): null {
    return this.#take(name, (value): value is null => value === null)
  }

  boolean(name: string): boolean {
    return this.#take(name, (value): value is boolean => typeof value === 'boolean')
  }

  true(name: string): true {
    return this.#take(name, (value): value is true => value === true)
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    return this.#take(name, (value): value is T => choices.some((choice) => choice === value))
  }

  list<T>(name: string, item: (value: unknown) => T): T[] {
    return this.#take(name, (value): value is unknown[] => Array.isArray(value)).map(item)
  }

  /** Text, as its UTF-8 bytes. */
  text(name: string): Buffer {
    const text = this.string(name)
    if (LONE_SURROGATE.test(text)) throw new TypeError(`\`${name}\` has half of a character`)
    return Buffer.from(text)
  }

  /** Base64 in its one canonical form. */
  base64(name: string): Buffer {
    const text = this.string(name)
    const bytes = Buffer.from(text, 'base64')
    if (bytes.toString('base64') !== text) throw new TypeError(`\`${name}\` is not base64`)
    return bytes
  }

  int16(name: string): number {
    return this.integer(name, INT16)
  }

  int32(name: string): number {
    return this.integer(name, INT32)
  }

  integer(name: string, { min, max }: { readonly min: number; readonly max: number }): number {
    return this.#take(name, (value): value is number => {
      return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
    })
  }

  /** A 64-bit number, which JSON holds safely only as a string. */
  int64(name: string): bigint {
    const text = this.string(name)
    const value = /^(?:0|-?[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined
    if (value !== undefined && value >= INT64.min && value <= INT64.max) return value
    throw new TypeError(`\`${name}\` is not a 64-bit number`)
  }

  end(): void {
    for (const name of this.#left.keys()) throw new TypeError(`\`${name}\` is not a known field, or is one too many`)
  }

  #take<T>(name: string, fits: (value: unknown) => value is T): T {
    const value = this.#left.get(name)
    this.#left.delete(name)
    if (fits(value)) return value
    throw new TypeError(`\`${name}\` is missing or not what it must be`)
  }
}

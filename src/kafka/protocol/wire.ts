/**
 * Kafka's wire types. Flexible versions (KIP-482) write lengths as unsigned varints plus one and end every structure
 * with tagged fields; the same calls write both forms. Source: https://kafka.apache.org/protocol#protocol_types.
 */

const NULL_LENGTH = -1

/** Builds the body of one request. */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(512)
  #length = 0
  readonly #attached: { readonly at: number; readonly pieces: readonly Buffer[] }[] = []

  constructor(readonly flexible: boolean) {}

  int8(value: number): this {
    this.#length = this.#room(1).writeInt8(value, this.#length)
    return this
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  int16(value: number): this {
    this.#length = this.#room(2).writeInt16BE(value, this.#length)
    return this
  }

  int32(value: number): this {
    this.#length = this.#room(4).writeInt32BE(value, this.#length)
    return this
  }

  int64(value: bigint): this {
    this.#length = this.#room(8).writeBigInt64BE(value, this.#length)
    return this
  }

  string(value: string | null): this {
    if (value === null) return this.#lengthOf(NULL_LENGTH, 2)
    const byteLength = Buffer.byteLength(value)
    this.#lengthOf(byteLength, 2)
    this.#length += this.#room(byteLength).write(value, this.#length)
    return this
  }

  /** 16 bytes as they are. */
  uuid(value: Uint8Array): this {
    this.#room(value.length).set(value, this.#length)
    this.#length += value.length
    return this
  }

  array<T>(items: readonly T[] | null, write: (item: T) => void): this {
    if (items === null) return this.#lengthOf(NULL_LENGTH, 4)
    this.#lengthOf(items.length, 4)
    for (const item of items) write(item)
    return this
  }

  /** The length of a byte field. */
  bytesLength(byteLength: number): this {
    return this.#lengthOf(byteLength, 4)
  }

  /** A byte field. Its pieces are attached as they are, without being copied: only {@link WireWriter.parts} has them. */
  attach(pieces: readonly Buffer[]): this {
    this.bytesLength(lengthOf(pieces))
    this.#attached.push({ at: this.#length, pieces })
    return this
  }

  /** Ends a structure: no tagged fields. Writes nothing in versions that are not flexible. */
  end(): this {
    return this.flexible ? this.int8(0) : this
  }

  toBuffer(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** What was written and what was attached, in order. */
  parts(): Buffer[] {
    const parts: Buffer[] = []
    let from = 0
    for (const { at, pieces } of this.#attached) {
      parts.push(this.#bytes.subarray(from, at), ...pieces)
      from = at
    }
    if (from < this.#length || parts.length === 0) parts.push(this.#bytes.subarray(from, this.#length))
    return parts
  }

  #lengthOf(length: number, fixedBytes: 2 | 4): this {
    if (!this.flexible) return fixedBytes === 2 ? this.int16(length) : this.int32(length)
    let rest = length + 1
    while (rest > 0x7f) {
      this.#room(1)[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#room(1)[this.#length++] = rest
    return this
  }

  #room(bytes: number): Buffer {
    if (this.#length + bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + bytes))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    return this.#bytes
  }
}

/** How long pieces of bytes are together. */
export function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0)
}

/** Reads the body of one response. Reading past its end throws a `RangeError`. */
export class WireReader {
  readonly #bytes: Buffer
  #position = 0

  constructor(
    bytes: Buffer,
    readonly flexible: boolean,
  ) {
    this.#bytes = bytes
  }

  int8(): number {
    return this.#bytes.readInt8(this.#advance(1))
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#advance(8))
  }

  uuid(): Buffer {
    const start = this.#advance(16)
    return this.#bytes.subarray(start, start + 16)
  }

  nullableString(): string | null {
    const length = this.#lengthOf(2)
    if (length < 0) return null
    const start = this.#advance(length)
    return this.#bytes.toString('utf8', start, start + length)
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  /** A view on the field's bytes; empty where the field is null. */
  bytes(): Buffer {
    const length = Math.max(this.#lengthOf(4), 0)
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  /** Items in order; empty where the array is null. */
  array<T>(read: () => T): T[] {
    const count = this.#lengthOf(4)
    if (count > this.#bytes.length) throw new RangeError(`an array of ${count} items does not fit its response`)
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read())
    return items
  }

  /** Ends a structure, handing its tagged fields to `onTag`. Reads nothing in versions that are not flexible. */
  end(onTag?: (tag: number, field: WireReader) => void): void {
    if (!this.flexible) return
    for (let count = this.#unsignedVarint(); count > 0; count--) {
      const tag = this.#unsignedVarint()
      const length = this.#unsignedVarint()
      const start = this.#advance(length)
      onTag?.(tag, new WireReader(this.#bytes.subarray(start, start + length), true))
    }
  }

  #lengthOf(fixedBytes: 2 | 4): number {
    if (this.flexible) return this.#unsignedVarint() - 1
    return fixedBytes === 2 ? this.int16() : this.int32()
  }

  #unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#advance(1))
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new RangeError('an unsigned varint is longer than five bytes')
  }

  #advance(bytes: number): number {
    const start = this.#position
    if (start + bytes > this.#bytes.length) {
      throw new RangeError(`the response ends after ${this.#bytes.length} bytes, in the middle of a field`)
    }
    this.#position = start + bytes
    return start
  }
}

import { InvalidBatchError } from './batch-header.js'

const MAX_VARINT_BYTES = 5
const MAX_VARLONG_BYTES = 10
/** Seven bytes hold 49 bits, which a number holds exactly. */
const EXACT_VARINT_BYTES = 7

/** Reads Kafka's zigzag varints one after the other; never past the end of its bytes. */
export class VarintReader {
  readonly #bytes: Buffer
  position: number

  constructor(bytes: Buffer, position = 0) {
    this.#bytes = bytes
    this.position = position
  }

  /** How many bytes are not read yet. */
  get left(): number {
    return this.#bytes.length - this.position
  }

  /** Whether all bytes are read. */
  get ended(): boolean {
    return this.position === this.#bytes.length
  }

  /** A signed 32-bit number. */
  varint(): number {
    let value = 0
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.byte()
      value |= (byte & 0x7f) << (7 * index)
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    throw new InvalidBatchError(`a varint is longer than ${MAX_VARINT_BYTES} bytes`)
  }

  /** A signed 64-bit number. */
  varlong(): bigint {
    let value = 0
    let scale = 1
    for (let index = 0; index < EXACT_VARINT_BYTES; index++) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return BigInt(value % 2 === 0 ? value / 2 : -(value + 1) / 2)
      scale *= 128
    }
    return this.#longVarlong(BigInt(value))
  }

  /** The rest of a varlong that a number cannot hold exactly. */
  #longVarlong(low: bigint): bigint {
    let value = low
    for (let index = EXACT_VARINT_BYTES; index < MAX_VARLONG_BYTES; index++) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
    }
    throw new InvalidBatchError(`a varlong is longer than ${MAX_VARLONG_BYTES} bytes`)
  }

  byte(): number {
    const byte = this.#bytes[this.position]
    if (byte === undefined) throw new InvalidBatchError('a record ends in the middle of a field')
    this.position++
    return byte
  }

  /** A view on the next `length` bytes. */
  slice(length: number): Buffer {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, this.position)
  }

  /** Copies the next `length` bytes to `position` of `target`; returns the position after them. */
  copy(length: number, target: Buffer, position: number): number {
    const start = this.#advance(length)
    return position + this.#bytes.copy(target, position, start, this.position)
  }

  /** The next `length` bytes as UTF-8. */
  text(length: number): string {
    const start = this.#advance(length)
    return this.#bytes.toString('utf8', start, this.position)
  }

  /** A field with its length before it; `null` where the length is -1. */
  nullableSlice(): Buffer | null {
    const length = this.varint()
    return length === -1 ? null : this.slice(length)
  }

  #advance(length: number): number {
    const start = this.position
    if (length < 0 || start + length > this.#bytes.length) {
      throw new InvalidBatchError(`a field of ${length} bytes does not fit its record`)
    }
    this.position = start + length
    return start
  }
}

/** Bytes that `value`, a signed 32-bit number, takes as a zigzag varint. */
export function varintBytes(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let bytes = 1
  for (; rest > 0x7f; rest >>>= 7) bytes++
  return bytes
}

/** Writes `value`, a signed 32-bit number, as a zigzag varint; returns the position after it. */
export function writeVarint(bytes: Buffer, value: number, position: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let end = position
  for (; rest > 0x7f; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80
  bytes[end++] = rest
  return end
}

/** Bytes that `value` takes as a zigzag varlong. */
export function varlongBytes(value: bigint): number {
  if (isInt32(value)) return varintBytes(Number(value))
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  let bytes = 1
  for (; rest > 0x7fn; rest >>= 7n) bytes++
  return bytes
}

/** Writes `value` as a zigzag varlong (the same bytes as a varint where it fits one); returns the position after it. */
export function writeVarlong(bytes: Buffer, value: bigint, position: number): number {
  if (isInt32(value)) return writeVarint(bytes, Number(value), position)
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  let end = position
  for (; rest > 0x7fn; rest >>= 7n) bytes[end++] = Number(rest & 0x7fn) | 0x80
  bytes[end++] = Number(rest)
  return end
}

/** Most values are so small, and counting with numbers is much faster. */
function isInt32(value: bigint): boolean {
  return value >= -0x8000_0000n && value <= 0x7fff_ffffn
}

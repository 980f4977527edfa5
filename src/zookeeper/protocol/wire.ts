import { Buffer } from 'node:buffer'
import type { Acl, ZnodeStat } from '../znode.js'

/** Pieces of a message in ZooKeeper's encoding (jute): big-endian numbers, everything else behind its length. */
export type Pieces = readonly Uint8Array[]

/** A 32-bit number. */
export function int(value: number): Uint8Array {
  const piece = Buffer.allocUnsafe(4)
  piece.writeInt32BE(value)
  return piece
}

/** A 64-bit number. */
export function long(value: bigint): Uint8Array {
  const piece = Buffer.allocUnsafe(8)
  piece.writeBigInt64BE(value)
  return piece
}

/** Bytes, or `null`. */
export function bytes(value: Uint8Array | null): Pieces {
  return value === null ? [int(-1)] : [int(value.length), value]
}

/** A string. */
export function text(value: string): Pieces {
  return bytes(Buffer.from(value))
}

/** A truth value. */
export function flag(value: boolean): Uint8Array {
  return Uint8Array.of(value ? 1 : 0)
}

/** An access control list. */
export function aclList(acl: readonly Acl[]): Pieces {
  return [
    int(acl.length),
    ...acl.flatMap(({ permissions, scheme, id }) => [int(permissions), ...text(scheme), ...text(id)]),
  ]
}

/** Reads a message from front to back. Reading past its end throws a `RangeError`. */
export class WireReader {
  readonly #message: Buffer
  #position: number

  /** Begins at byte `position` of `message`. */
  constructor(message: Buffer, position = 0) {
    this.#message = message
    this.#position = position
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#message.length - this.#position
  }

  int(): number {
    const value = this.#message.readInt32BE(this.#position)
    this.#position += 4
    return value
  }

  /** The next 32-bit number, which stays to be read. */
  peekInt(): number {
    return this.#message.readInt32BE(this.#position)
  }

  long(): bigint {
    const value = this.#message.readBigInt64BE(this.#position)
    this.#position += 8
    return value
  }

  flag(): boolean {
    const value = this.#message.readUInt8(this.#position)
    this.#position += 1
    return value !== 0
  }

  /** A view of the message, which it keeps alive. */
  bytes(): Uint8Array | null {
    const slice = this.#slice()
    return slice === null ? null : new Uint8Array(slice.buffer, slice.byteOffset, slice.length)
  }

  text(): string {
    return this.#slice()?.toString('utf8') ?? ''
  }

  list<T>(item: () => T): T[] {
    const items: T[] = []
    for (let left = this.int(); left > 0; left -= 1) items.push(item())
    return items
  }

  acl(): Acl[] {
    return this.list(() => ({ permissions: this.int(), scheme: this.text(), id: this.text() }))
  }

  stat(): ZnodeStat {
    return this.sizedStat().stat
  }

  /** Counters, and how many bytes the data has. */
  sizedStat(): { stat: ZnodeStat; dataBytes: number } {
    // In the order in which they come. A tree has millions of them: nothing is put together twice.
    const stat = {
      createdZxid: this.long(),
      modifiedZxid: this.long(),
      createdMs: this.long(),
      modifiedMs: this.long(),
      version: this.int(),
      childrenVersion: this.int(),
      aclVersion: this.int(),
      ephemeralOwner: this.long(),
      childCount: 0,
      childrenZxid: 0n,
    }
    const dataBytes = this.int()
    stat.childCount = this.int()
    stat.childrenZxid = this.long()
    return { stat, dataBytes }
  }

  #slice(): Buffer | null {
    const length = this.int()
    if (length < 0) return null
    const end = this.#position + length
    if (end > this.#message.length) throw new RangeError(`a value of ${length} bytes ends beyond its message`)
    const slice = this.#message.subarray(this.#position, end)
    this.#position = end
    return slice
  }
}

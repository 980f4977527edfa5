import { Buffer } from 'node:buffer'

const CHUNK_BYTES = 1_048_576
/** Pieces begin at multiples of it, so that positions of 31 bits reach further than any tree. */
const UNIT_BYTES = 4
const CHUNK_UNITS = CHUNK_BYTES / UNIT_BYTES
const MAX_POSITION = 2 ** 31 - 1

interface Chunk {
  readonly bytes: Buffer
  /** Bytes that are still needed. */
  live: number
}

/**
 * Keeps many small pieces of bytes outside of the garbage-collected heap, in which each of them would take several times
 * its size. A piece is known by its position, a number of 31 bits that says in which chunk it is, and where there.
 */
export class PackedBytes {
  readonly #chunks: (Chunk | undefined)[] = []
  #end = CHUNK_BYTES

  /**
   * Room for a piece of `size` bytes, which is to be written at once.
   *
   * @throws RangeError behind 8 GiB.
   */
  reserve(size: number): number {
    if (this.#end + size > CHUNK_BYTES) {
      this.#chunks.push({ bytes: Buffer.allocUnsafeSlow(Math.max(size, CHUNK_BYTES)), live: 0 })
      this.#end = 0
    }
    const index = this.#chunks.length - 1
    const position = index * CHUNK_UNITS + this.#end / UNIT_BYTES
    if (position > MAX_POSITION) throw new RangeError('a tree of znodes takes more memory than there are positions for')
    this.#chunk(position).live += size
    this.#end = Math.ceil((this.#end + size) / UNIT_BYTES) * UNIT_BYTES
    return position
  }

  /** The chunk that the piece at `position` is in. */
  bytesAt(position: number): Buffer {
    return this.#chunk(position).bytes
  }

  /** Where the piece at `position` begins in its chunk. */
  offsetOf(position: number): number {
    return (position % CHUNK_UNITS) * UNIT_BYTES
  }

  /** Whether a piece is in a chunk of which less than half is still needed, so that moving it frees memory. */
  isSparse(position: number): boolean {
    const { bytes, live } = this.#chunk(position)
    return live * 2 < bytes.length && !this.#isLast(position)
  }

  /** Moves a piece of `size` bytes to another position. */
  move(position: number, size: number): number {
    const bytes = this.bytesAt(position)
    const offset = this.offsetOf(position)
    const moved = this.reserve(size)
    bytes.copy(this.bytesAt(moved), this.offsetOf(moved), offset, offset + size)
    this.release(position, size)
    return moved
  }

  /** The piece of `size` bytes is not needed any more. */
  release(position: number, size: number): void {
    const chunk = this.#chunk(position)
    chunk.live -= size
    if (chunk.live === 0 && !this.#isLast(position)) this.#chunks[Math.floor(position / CHUNK_UNITS)] = undefined
  }

  #isLast(position: number): boolean {
    return Math.floor(position / CHUNK_UNITS) === this.#chunks.length - 1
  }

  #chunk(position: number): Chunk {
    const chunk = this.#chunks[Math.floor(position / CHUNK_UNITS)]
    if (chunk === undefined) throw new RangeError(`nothing is kept at ${position}`)
    return chunk
  }
}

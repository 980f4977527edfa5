import type { SegmentMemory } from './segment-memory.js'

/** What is held is put together once there is so much of it. */
const JOIN_BYTES = 4_194_304

/** The bytes of a segment that is closed. */
export interface SegmentBytes {
  /** The batches, one after the other, in as few pieces as possible. */
  readonly runs: readonly Buffer[]
  readonly bytes: number
  /** Gives the memory back; `stored` says that nobody looks at the bytes any more. */
  release(options: { readonly stored: boolean }): void
}

/**
 * The bytes of a segment while it grows, which are copied: the memory that they came in is used again. A small one holds
 * the pieces as they came. A large one is put together in one buffer, so that a storage is given one piece.
 */
export class SegmentBuffer {
  readonly #memory: SegmentMemory
  #pieces: Buffer[] = []
  #pieceBytes = 0
  #joined: Buffer | undefined
  #joinedBytes = 0

  constructor(memory: SegmentMemory) {
    this.#memory = memory
  }

  get bytes(): number {
    return this.#joinedBytes + this.#pieceBytes
  }

  /** Moves a large amount of pieces to a buffer that has become idle; answers whether that was possible. */
  gather(): boolean {
    if (this.#joined !== undefined || this.#pieceBytes < JOIN_BYTES) return false
    this.#join()
    return this.#joined !== undefined
  }

  /** Adds whole batches, so that every piece begins and ends with one. */
  add(run: Buffer): void {
    if (this.#joined === undefined && this.#pieceBytes + run.length >= JOIN_BYTES) this.#join()
    if (this.#append(run)) return
    this.#pieces.push(Buffer.from(run))
    this.#pieceBytes += run.length
    this.#memory.take(run.length)
  }

  /** Gives all that was added, and begins anew. */
  close(): SegmentBytes {
    const memory = this.#memory
    const joined = this.#joined
    const pieceBytes = this.#pieceBytes
    const runs = joined === undefined ? this.#pieces : [joined.subarray(0, this.#joinedBytes), ...this.#pieces]
    const { bytes } = this
    this.#pieces = []
    this.#pieceBytes = 0
    this.#joined = undefined
    this.#joinedBytes = 0
    return {
      runs,
      bytes,
      release(options) {
        memory.give(pieceBytes)
        if (joined !== undefined) memory.giveBack(joined, options)
      },
    }
  }

  #join(): void {
    this.#joined = this.#memory.borrow()
    if (this.#joined === undefined) return
    const pieces = this.#pieces
    this.#memory.give(this.#pieceBytes)
    this.#pieces = []
    this.#pieceBytes = 0
    for (const piece of pieces) this.add(piece)
  }

  #append(run: Buffer): boolean {
    // Behind a piece that did not fit, everything is a piece: the order counts.
    if (this.#joined === undefined || this.#pieces.length > 0) return false
    if (this.#joinedBytes + run.length > this.#joined.length) return false
    this.#joinedBytes += run.copy(this.#joined, this.#joinedBytes)
    return true
  }
}

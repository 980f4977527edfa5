/** Large against most batches, small against a processor's cache. */
const WINDOW_BYTES = 2_097_152
/** Less is not asked for at once. */
const MIN_SPACE_BYTES = 1_048_576

/**
 * The part of a stream of batches that is looked at, in memory that is used again: what was taken out of it stays as it
 * is until something behind it was taken and {@link BatchWindow.space} is called.
 */
export class BatchWindow {
  #memory: Buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES)
  /** What the window was in before: what was taken last may still be looked at there. */
  #former: Buffer | undefined
  #start = 0
  #end = 0
  #neededBytes = 0

  /** All that was added and not taken. */
  get bytes(): Buffer {
    return this.#memory.subarray(this.#start, this.#end)
  }

  /** Where what comes next is best put; never empty. */
  space(): Buffer {
    const { length } = this.#memory
    if (length - this.#end < MIN_SPACE_BYTES || length - this.#start < this.#neededBytes) this.#move()
    return this.#memory.subarray(this.#end)
  }

  /** Adds as much of `chunk` as there is space for, and answers the rest. It may lie where the space is already. */
  add(chunk: Uint8Array): Uint8Array {
    const space = this.space()
    const isThere = chunk.buffer === space.buffer && chunk.byteOffset === space.byteOffset
    if (!isThere) space.set(chunk.subarray(0, space.length))
    const added = Math.min(chunk.length, space.length)
    this.#end += added
    return chunk.subarray(added)
  }

  /** Takes so many bytes away; what begins behind them needs `neededBytes`, if that is known. */
  take(bytes: number, neededBytes = 0): void {
    this.#start += bytes
    this.#neededBytes = neededBytes
  }

  #move(): void {
    const { bytes } = this
    const wantedBytes = Math.max(WINDOW_BYTES, this.#neededBytes + MIN_SPACE_BYTES)
    // Where nothing was taken out of this memory, what was taken last lies in the former.
    const free = this.#start > 0 ? this.#former : undefined
    this.#former = this.#memory
    this.#memory = free !== undefined && free.length >= wantedBytes ? free : Buffer.allocUnsafeSlow(wantedBytes)
    bytes.copy(this.#memory)
    this.#start = 0
    this.#end = bytes.length
  }
}

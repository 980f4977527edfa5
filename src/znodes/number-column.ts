type Numbers = Int32Array | Float64Array

const CHUNK_LENGTH = 65_536

/** A list of numbers that grows without ever being copied. */
export class NumberColumn<T extends Numbers> {
  readonly #chunks: T[] = []
  readonly #newChunk: (length: number) => T
  #length = 0

  /** Keeps what the arrays of `newChunk` can keep. */
  constructor(newChunk: (length: number) => T) {
    this.#newChunk = newChunk
  }

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    const index = this.#length
    if (index % CHUNK_LENGTH === 0) this.#chunks.push(this.#newChunk(CHUNK_LENGTH))
    this.#length += 1
    this.set(index, value)
  }

  get(index: number): number {
    return this.#chunk(index)[index % CHUNK_LENGTH] ?? Number.NaN
  }

  set(index: number, value: number): void {
    this.#chunk(index)[index % CHUNK_LENGTH] = value
  }

  #chunk(index: number): T {
    const chunk = this.#chunks[Math.floor(index / CHUNK_LENGTH)]
    if (chunk === undefined || index >= this.#length) throw new RangeError(`there is no number ${index}`)
    return chunk
  }
}

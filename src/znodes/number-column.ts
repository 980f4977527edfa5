const CHUNK_LENGTH = 65_536

/** A list of 32-bit numbers that grows without ever being copied. */
export class NumberColumn {
  readonly #chunks: Int32Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    const index = this.#length
    if (index % CHUNK_LENGTH === 0) this.#chunks.push(new Int32Array(CHUNK_LENGTH))
    this.#length += 1
    this.set(index, value)
  }

  get(index: number): number {
    return this.#chunk(index)[index % CHUNK_LENGTH] ?? Number.NaN
  }

  set(index: number, value: number): void {
    this.#chunk(index)[index % CHUNK_LENGTH] = value
  }

  #chunk(index: number): Int32Array {
    const chunk = this.#chunks[Math.floor(index / CHUNK_LENGTH)]
    if (chunk === undefined || index >= this.#length) throw new RangeError(`there is no number ${index}`)
    return chunk
  }
}

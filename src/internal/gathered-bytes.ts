/** Bytes of a stream up to where the next whole thing is there; what comes in many chunks is joined once, not once a chunk. */
export class GatheredBytes {
  #chunks: Uint8Array[] = []
  #neededBytes = 0
  #length = 0

  /** Bytes that are there. */
  get length(): number {
    return this.#length
  }

  /** Adds a chunk; answers whether there may be a whole thing now. */
  add(chunk: Uint8Array): boolean {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    return this.#length >= this.#neededBytes
  }

  /** All that is there, as one piece. */
  joined(): Buffer {
    const [first] = this.#chunks
    if (first === undefined || this.#chunks.length > 1) return Buffer.concat(this.#chunks)
    return Buffer.from(first.buffer, first.byteOffset, first.byteLength)
  }

  /** Goes on with what is left of {@link GatheredBytes.joined}; the next whole thing takes `neededBytes`, if that is known. */
  keep(rest: Buffer, neededBytes = 0): void {
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#length = rest.length
    this.#neededBytes = neededBytes
  }
}

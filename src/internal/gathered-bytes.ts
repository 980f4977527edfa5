/**
 * Bytes of a stream as pieces that hold whole things. Only a thing that lies in several chunks is copied, and once, not
 * once a chunk.
 */
export class GatheredBytes {
  readonly #chunks: Uint8Array[] = []
  /** Bytes at the beginning in which nothing whole was found. */
  #tried = 0
  #neededBytes = 0
  #length = 0

  /** Bytes that are there. */
  get length(): number {
    return this.#length
  }

  /** Adds a chunk. */
  add(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** Takes the next piece in which a whole thing may begin, if there is one. What is left of it goes back with {@link keep}. */
  next(): Buffer | undefined {
    if (this.#length <= this.#tried || this.#length < this.#neededBytes) return undefined
    if (this.#tried === 0) return this.#take(this.#chunks[0]?.length ?? 0)
    if (this.#neededBytes > this.#tried) return this.#take(this.#neededBytes)
    return this.#take(this.#tried + (this.#chunks[1]?.length ?? 0))
  }

  /** Gives back what is left of the last piece; the whole thing that begins there takes `neededBytes`, if that is known. */
  keep(rest: Buffer, neededBytes = 0): void {
    if (rest.length > 0) this.#chunks.unshift(rest)
    this.#length += rest.length
    this.#tried = rest.length
    this.#neededBytes = neededBytes
  }

  #take(bytes: number): Buffer {
    const parts: Uint8Array[] = []
    for (let missing = bytes; missing > 0; ) {
      const chunk = this.#chunks.shift()
      if (chunk === undefined) throw new RangeError(`${missing} bytes are taken that are not there`)
      parts.push(chunk.subarray(0, missing))
      if (chunk.length > missing) this.#chunks.unshift(chunk.subarray(missing))
      missing -= Math.min(chunk.length, missing)
    }
    this.#length -= bytes
    this.#tried = 0
    this.#neededBytes = 0
    const [first] = parts
    if (first === undefined || parts.length > 1) return Buffer.concat(parts)
    return Buffer.from(first.buffer, first.byteOffset, first.byteLength)
  }
}

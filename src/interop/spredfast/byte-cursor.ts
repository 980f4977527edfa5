/** Reads a stream of bytes in portions of the reader's choice. */
export class ByteCursor {
  readonly #chunks: AsyncIterator<Uint8Array>
  /** Bytes that come next, before what is still in the stream. */
  readonly #pending: Uint8Array[] = []
  #position = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#position
  }

  /** The next bytes, at most so many; none at the end. */
  async read(most: number): Promise<Uint8Array> {
    const chunk = this.#pending.shift() ?? (await this.#nextChunk())
    const bytes = chunk.subarray(0, most)
    if (bytes.length < chunk.length) this.#pending.unshift(chunk.subarray(most))
    this.#position += bytes.length
    return bytes
  }

  /** Exactly so many bytes; `undefined` when there are fewer. */
  async readExactly(bytes: number): Promise<Buffer | undefined> {
    const parts: Uint8Array[] = []
    for (let missing = bytes; missing > 0; ) {
      const part = await this.read(missing)
      if (part.length === 0) return undefined
      parts.push(part)
      missing -= part.length
    }
    return Buffer.concat(parts)
  }

  /** Gives bytes back that were read last. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#pending.unshift(bytes)
    this.#position -= bytes.length
  }

  /** Lets the stream go. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
  /** The next chunk that is not empty; an empty one at the end. */
  async #nextChunk(): Promise<Uint8Array> {
    for (;;) {
      const { done, value } = await this.#chunks.next()
      if (done === true) return new Uint8Array(0)
      if (value.length > 0) return value
    }
  }
}

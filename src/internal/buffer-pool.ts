/** Options of {@link BufferPool}. */
export interface BufferPoolOptions {
  /** Size of each buffer. */
  readonly bufferBytes: number
  /**
   * How many that nobody uses are kept.
   *
   * @defaultValue all
   */
  readonly mostIdle?: number | undefined
}

/** Buffers of one size that are used again and again; several users may share them. What is in one is undefined. */
export class BufferPool {
  readonly #bufferBytes: number
  readonly #mostIdle: number
  readonly #idle: Buffer[] = []

  constructor({ bufferBytes, mostIdle = Number.POSITIVE_INFINITY }: BufferPoolOptions) {
    this.#bufferBytes = bufferBytes
    this.#mostIdle = mostIdle
  }

  borrow(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.#bufferBytes)
  }

  /** Takes back a buffer that nobody reads or writes any more. One that never comes back is left to the garbage collector. */
  giveBack(buffer: Buffer): void {
    if (this.#idle.length < this.#mostIdle) this.#idle.push(buffer)
  }

  /** Lends a buffer until a call has resolved. When it rejects the buffer may still be written to, and is let go of. */
  async lend<T>(call: (buffer: Buffer) => Promise<T>): Promise<T> {
    const buffer = this.borrow()
    const result = await call(buffer)
    this.giveBack(buffer)
    return result
  }
}

/** What an answer tells of its partitions comes on top of their batches. */
const OVERHEAD_BYTES = 262_144
/** How many are kept; more are only needed while several brokers answer at once. */
const MOST_IDLE = 2

/** The memory that answers of brokers are read to, used again and again. */
export class AnswerBuffers {
  readonly #bytes: number
  readonly #idle: Buffer[] = []

  /** For answers with batches of so many bytes. */
  constructor(maxBytes: number) {
    this.#bytes = maxBytes + OVERHEAD_BYTES
  }

  /** Lends a buffer until a call has resolved. When it rejects an answer may still come: then the buffer is let go of. */
  async lend<T>(call: (buffer: Buffer) => Promise<T>): Promise<T> {
    const buffer = this.borrow()
    const result = await call(buffer)
    this.giveBack(buffer)
    return result
  }

  borrow(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
  }

  /** Takes back a buffer that nobody reads or writes any more. One to which an answer may still come is let go of. */
  giveBack(buffer: Buffer): void {
    if (this.#idle.length < MOST_IDLE) this.#idle.push(buffer)
  }
}

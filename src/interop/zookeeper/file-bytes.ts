import { Buffer } from 'node:buffer'
import { ArchiveCorruptError } from '../../errors.js'
import { Adler32 } from './adler32.js'

/** What is read, for error messages. */
interface FileName {
  readonly key: string
  /** Whether positions are those of what the file becomes. */
  readonly compressed: boolean
}

/** {@link FileBytes} of `content`. */
export function bytesOfFile(content: AsyncIterable<Uint8Array>, name: FileName): FileBytes {
  return new FileBytes(content, name)
}

/**
 * Reads a file from front to back, knows at which byte it is, and sums up what was taken. Memory is taken for bytes that
 * are there, never for those that a length only speaks of.
 */
export class FileBytes {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #name: FileName
  readonly #sum = new Adler32()
  #buffer: Buffer = Buffer.alloc(0)
  /** Where in the buffer the next byte is. */
  #next = 0
  /** Up to where in the buffer everything is summed up. */
  #summed = 0
  #startOfBuffer = 0

  constructor(content: AsyncIterable<Uint8Array>, name: FileName) {
    this.#source = content[Symbol.asyncIterator]()
    this.#name = name
  }

  /** Bytes that were taken. */
  get position(): number {
    return this.#startOfBuffer + this.#next
  }

  /** Adler-32 of the bytes that were taken. */
  get checksum(): number {
    this.#sum.add(this.#buffer.subarray(this.#summed, this.#next))
    this.#summed = this.#next
    return this.#sum.value
  }

  /** Whether so many more bytes are there at once, without waiting. */
  has(bytes: number): boolean {
    return this.#buffer.length - this.#next >= bytes
  }

  /** Gets so many bytes ready to be taken, and answers whether there are as many. */
  async fill(bytes: number): Promise<boolean> {
    if (this.has(bytes)) return true
    void this.checksum
    const rest = this.#buffer.subarray(this.#next)
    const chunks: Uint8Array[] = [rest]
    let length = rest.length
    while (length < bytes) {
      const { done, value } = await this.#pull()
      if (done === true) break
      chunks.push(value)
      length += value.length
    }
    this.#startOfBuffer += this.#next
    this.#buffer = Buffer.concat(chunks, length)
    this.#next = 0
    this.#summed = 0
    return length >= bytes
  }

  /** How many of the bytes that are ready can be taken. */
  get ready(): number {
    return this.#buffer.length - this.#next
  }

  /** Bytes that are ready, which stay where they are. */
  peek(bytes: number): Buffer {
    return this.#buffer.subarray(this.#next, this.#next + bytes)
  }

  /** Takes bytes that are ready. They stay good until the next {@link fill}, and longer. */
  take(bytes: number): Buffer {
    if (!this.has(bytes)) throw new RangeError(`${bytes} bytes are taken that are not there`)
    this.#next += bytes
    return this.#buffer.subarray(this.#next - bytes, this.#next)
  }

  /** The error of a file that is not as it must be, at the byte `at`. */
  damage(why: string, at = this.position, cause?: unknown): ArchiveCorruptError {
    const { key, compressed } = this.#name
    const where = compressed ? `byte ${at} of what it decompresses to` : `byte ${at}`
    return new ArchiveCorruptError(`${key} is damaged at ${where}: ${why}`, { key, cause })
  }

  /** Ends the reading. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }

  async #pull(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#source.next()
    } catch (error) {
      if (!(error instanceof ArchiveCorruptError) || error.key !== undefined) throw error
      throw this.damage(error.message, this.#startOfBuffer + this.#buffer.length, error)
    }
  }
}

import { constants, type FileHandle, open } from 'node:fs/promises'
import { ALIGNMENT_BYTES, isAligned } from '../internal/aligned-memory.js'
import { hasCode } from './filesystem-errors.js'

/** Less is not worth a second handle. */
const MIN_BYTES = 1_048_576

/**
 * Writes large chunks of a file past the page cache (`O_DIRECT`), where the system, the file system and the chunk's
 * memory allow it. An archive is rarely read soon: in the cache it would push out what is, and copying it there can take
 * the system more time than all else that is done with it.
 */
export class DirectWriter implements AsyncDisposable {
  readonly #path: string
  #handle: FileHandle | undefined
  #refused = false

  /** For the file at `path`, which exists. */
  constructor(path: string) {
    this.#path = path
  }

  /** Writes the beginning of `chunk` at `position`, and tells how much of it: all whole blocks, or nothing. */
  async write(chunk: Uint8Array, position: number): Promise<number> {
    if (this.#refused || constants.O_DIRECT === undefined) return 0
    if (chunk.length < MIN_BYTES || position % ALIGNMENT_BYTES !== 0 || !isAligned(chunk)) return 0
    try {
      this.#handle ??= await open(this.#path, constants.O_WRONLY | constants.O_DIRECT)
      const wholeBlocks = chunk.length - (chunk.length % ALIGNMENT_BYTES)
      const { bytesWritten } = await this.#handle.write(chunk, 0, wholeBlocks, position)
      return bytesWritten
    } catch (error) {
      // This file system does not do it, or wants larger blocks.
      if (!hasCode(error, 'EINVAL')) throw error
      this.#refused = true
      return 0
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close()
  }
}

import { allocateAligned } from '../internal/aligned-memory.js'

/** Options of {@link SegmentMemory}. */
export interface SegmentMemoryOptions {
  /** What may be held in all. */
  readonly memoryBytes: number
  /** Size that segments are to have. */
  readonly segmentBytes: number
  /** Whether a buffer may be used again once what was in it is stored. */
  readonly reuses: boolean
}

/** A segment that is meant to become at least so large gets a buffer of its own. */
const MIN_BUFFERED_BYTES = 16_777_216
/** The answer that fills a segment may go beyond its size. */
const OVERRUN_BYTES = 4_194_304

/**
 * Counts the bytes that a run holds or has asked for, and lends the buffers in which large segments grow. Those are used
 * again and again: fresh memory costs the system more than what is done with it. And they are aligned, so that a disk can
 * be written from them without a copy. Taking more than is free is possible, because a batch may be larger.
 */
export class SegmentMemory {
  readonly #capacityBytes: number
  readonly #bufferBytes: number
  readonly #reuses: boolean
  readonly #idle: Buffer[] = []
  #usedBytes = 0

  constructor({ memoryBytes, segmentBytes, reuses }: SegmentMemoryOptions) {
    this.#capacityBytes = memoryBytes
    this.#bufferBytes = segmentBytes < MIN_BUFFERED_BYTES ? Number.POSITIVE_INFINITY : segmentBytes + OVERRUN_BYTES
    this.#reuses = reuses
  }

  /** Whether so many bytes can be taken, or nothing is held that could be waited for. */
  hasRoom(bytes: number): boolean {
    return this.#freeBytes >= bytes || this.#usedBytes === 0
  }

  /** Whether there is a buffer that nobody uses. */
  get hasIdle(): boolean {
    return this.#idle.length > 0
  }

  /** Does away with a buffer that nobody uses; answers whether there was one. */
  shrink(): boolean {
    if (this.#idle.pop() === undefined) return false
    this.give(this.#bufferBytes)
    return true
  }

  take(bytes: number): void {
    this.#usedBytes += bytes
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
  }

  /** Lends a buffer for a whole segment; `undefined` where there is no room for one. */
  borrow(): Buffer | undefined {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    if (this.#freeBytes < this.#bufferBytes) return undefined
    this.take(this.#bufferBytes)
    return allocateAligned(this.#bufferBytes)
  }

  /** Takes a buffer back; `stored` says that nobody looks at what is in it any more. */
  giveBack(buffer: Buffer, { stored }: { readonly stored: boolean }): void {
    if (stored && this.#reuses) this.#idle.push(buffer)
    else this.give(this.#bufferBytes)
  }

  get #freeBytes(): number {
    return this.#capacityBytes - this.#usedBytes
  }
}

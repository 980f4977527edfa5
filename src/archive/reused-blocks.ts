import { BufferPool } from '../internal/buffer-pool.js'

const BLOCK_BYTES = 4_194_304
/** What is left of a block is not asked for when it is less. */
const MIN_SPACE_BYTES = 1_048_576
/** More wait for what they are read for only where it waits for something else; then new memory is taken. */
const MOST_BLOCKS = 64

/** Blocks for {@link ReusedBlocks}, of which several may share them. */
export function blockPool(): BufferPool {
  return new BufferPool({ bufferBytes: BLOCK_BYTES })
}

/** A block, and how much of what was read lies in it. */
interface UsedBlock {
  readonly memory: Buffer
  bytes: number
  /** Where it ends, counted over all that was read. */
  endByte: number
  /** What begins before this offset may lie in it; `undefined` while not all of it was given. */
  next: bigint | undefined
}

/**
 * The memory that one reader reads segments to, whole one after the other. A block goes back to the pool once all of it
 * was given and {@link ReusedBlocks.release} has said that this is done with.
 *
 * Without it every chunk is a buffer of its own, and V8 marks its heap again for every 16 MB of them.
 */
export class ReusedBlocks {
  readonly #pool: BufferPool
  #blocks: UsedBlock[] = []
  #readBytes = 0
  #givenBytes = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  /** Begins another object. What was not given of the one before is left to the garbage collector. */
  begin(): void {
    this.#blocks = this.#blocks.filter(({ next }) => next !== undefined).slice(-MOST_BLOCKS)
    this.#givenBytes = this.#readBytes
  }

  /** Where to read to. */
  space(): Buffer {
    const last = this.#blocks.at(-1)
    if (last !== undefined && last.next === undefined && last.memory.length - last.bytes >= MIN_SPACE_BYTES) {
      return last.memory.subarray(last.bytes)
    }
    const memory = this.#pool.borrow()
    this.#blocks.push({ memory, bytes: 0, endByte: this.#readBytes, next: undefined })
    return memory
  }

  /** Takes so many bytes that were read to where {@link ReusedBlocks.space} said. */
  read(bytes: number): void {
    const last = this.#blocks.at(-1)
    if (last === undefined) throw new RangeError('nothing can be read before there is space')
    last.bytes += bytes
    this.#readBytes += bytes
    last.endByte = this.#readBytes
  }

  /** All that was read of the object, in as few pieces as possible. */
  get pieces(): readonly Buffer[] {
    return this.#blocks.filter(({ next }) => next === undefined).map(({ memory, bytes }) => memory.subarray(0, bytes))
  }

  /** Takes note that the next so many bytes were given; what comes behind them begins at the offset `next`. */
  given(bytes: number, next: bigint): void {
    this.#givenBytes += bytes
    for (const block of this.#blocks) {
      if (block.endByte > this.#givenBytes) return
      block.next ??= next
    }
  }

  /** Says that nobody looks any more at what was given and begins before the offset `next`. */
  release(next: bigint): void {
    for (let first = this.#blocks[0]; first?.next !== undefined && first.next <= next; first = this.#blocks[0]) {
      this.#pool.giveBack(first.memory)
      this.#blocks.shift()
    }
  }
}

import { BufferPool } from '../internal/buffer-pool.js'

/** What an answer tells of its partitions comes on top of their batches. */
const OVERHEAD_BYTES = 262_144
/** More are only needed while several brokers answer at once. */
const MOST_IDLE = 2

/**
 * The memory that answers to fetches with batches of so many bytes are read to. A buffer to which an answer may still come
 * must not be given back.
 */
export function answerBuffers(maxBytes: number): BufferPool {
  return new BufferPool({ bufferBytes: maxBytes + OVERHEAD_BYTES, mostIdle: MOST_IDLE })
}

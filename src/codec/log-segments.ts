import { batchBytesAt, InvalidBatchError } from '../batch/batch-header.js'
import { batchesIn, type RecordBatch } from '../batch/record-batch.js'
import { ArchiveCorruptError } from '../errors.js'
import type { Codec, CodecCallOptions } from './codec.js'

/**
 * Whole record batches one after the other, byte for byte as the broker has them: the object is a Kafka log segment,
 * and `kafka-dump-log` reads it when it is copied to `<first offset>.log`. The default codec of topics.
 */
export function logSegments(): Codec<RecordBatch> {
  return { id: 'log-segments', extension: '.log', lossless: true, seekable: true, encode, decode }
}

async function* encode(batches: AsyncIterable<RecordBatch>, { signal }: CodecCallOptions = {}) {
  for await (const { bytes } of batches) {
    signal?.throwIfAborted()
    yield bytes
  }
}

async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  { signal }: CodecCallOptions = {},
): AsyncGenerator<RecordBatch, void, void> {
  const gathered = new Gathered()
  for await (const chunk of bytes) {
    signal?.throwIfAborted()
    if (!gathered.add(chunk)) continue
    try {
      yield* gathered.batches()
    } catch (cause) {
      if (cause instanceof InvalidBatchError) throw new ArchiveCorruptError(cause.message, { cause })
      throw cause
    }
  }
  if (gathered.length > 0) {
    throw new ArchiveCorruptError(`a log segment ends ${gathered.length} bytes into a record batch`)
  }
}

/** Bytes of a stream up to where a whole batch is there; a batch of many chunks is joined once, not once a chunk. */
class Gathered {
  #chunks: Uint8Array[] = []
  #needed = 0
  length = 0

  /** Answers whether there may be a whole batch now. */
  add(chunk: Uint8Array): boolean {
    this.#chunks.push(chunk)
    this.length += chunk.length
    return this.length >= this.#needed
  }

  *batches(): Generator<RecordBatch, void, void> {
    const bytes = this.#joined()
    const end = yield* batchesIn(bytes)
    this.#chunks = end === bytes.length ? [] : [bytes.subarray(end)]
    this.length = bytes.length - end
    this.#needed = batchBytesAt(bytes, end) ?? 0
  }

  #joined(): Buffer {
    const [first] = this.#chunks
    if (first === undefined || this.#chunks.length > 1) return Buffer.concat(this.#chunks)
    return Buffer.from(first.buffer, first.byteOffset, first.byteLength)
  }
}

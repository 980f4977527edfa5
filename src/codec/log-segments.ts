import { batchBytesAt, InvalidBatchError } from '../batch/batch-header.js'
import { batchesIn, type RecordBatch } from '../batch/record-batch.js'
import { ArchiveCorruptError } from '../errors.js'
import { GatheredBytes } from '../internal/gathered-bytes.js'
import type { Codec, CodecCallOptions } from './codec.js'

/**
 * Whole record batches one after the other, byte for byte as the broker has them: the object is a Kafka log segment,
 * and `kafka-dump-log` reads it when it is copied to `<first offset>.log`. The default codec of topics.
 */
export function logSegments(): Codec<RecordBatch> {
  return { id: 'log-segments', extension: '.log', lossless: true, seekable: true, verbatim: true, encode, decode }
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
  const gathered = new GatheredBytes()
  for await (const chunk of bytes) {
    signal?.throwIfAborted()
    gathered.add(chunk)
    try {
      for (let piece = gathered.next(); piece !== undefined; piece = gathered.next()) {
        const end = yield* batchesIn(piece)
        gathered.keep(piece.subarray(end), batchBytesAt(piece, end))
      }
    } catch (cause) {
      if (cause instanceof InvalidBatchError) throw new ArchiveCorruptError(cause.message, { cause })
      throw cause
    }
  }
  if (gathered.length > 0) {
    throw new ArchiveCorruptError(`a log segment ends ${gathered.length} bytes into a record batch`)
  }
}

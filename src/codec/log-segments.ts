import { batchBytesAt, InvalidBatchError } from '../batch/batch-header.js'
import type { RecordPlace } from '../batch/read-records.js'
import { batchesIn, type RecordBatch, type RecordBatchView } from '../batch/record-batch.js'
import { ArchiveCorruptError } from '../errors.js'
import { GatheredBytes } from '../internal/gathered-bytes.js'
import { BatchWindow } from './batch-window.js'
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
  for await (const batches of batchLists(bytes, { signal })) yield* batches
}

/** What the batches of a log segment are read with. */
export interface BatchListOptions {
  readonly signal?: AbortSignal | undefined
  /** What their records will say they are from. */
  readonly place?: RecordPlace | undefined
}

/**
 * The batches of an object that holds nothing else, those of a chunk at once: to wait for each small batch would take
 * longer than to read it.
 *
 * @throws {@link ArchiveCorruptError} as `decode` does, once everything before is given.
 */
export async function* batchLists(
  bytes: AsyncIterable<Uint8Array>,
  { signal, place }: BatchListOptions,
): AsyncGenerator<readonly RecordBatchView[], void, void> {
  const gathered = new GatheredBytes()
  for await (const chunk of bytes) {
    signal?.throwIfAborted()
    gathered.add(chunk)
    for (let piece = gathered.next(); piece !== undefined; piece = gathered.next()) {
      const end = yield* listIn(piece, place)
      gathered.keep(piece.subarray(end), batchBytesAt(piece, end))
    }
  }
  checkEnd(gathered.length)
}

/**
 * {@link batchLists} for those who look at batches and pass them by: their memory is used again. Each list stays as it
 * is until the next but one is asked for.
 *
 * @param open - Gives the bytes of the object, in chunks that may be put where `space` says.
 */
export async function* passingBatchLists(
  open: (space: () => Uint8Array) => AsyncIterable<Uint8Array>,
  { signal, place }: BatchListOptions,
): AsyncGenerator<readonly RecordBatchView[], void, void> {
  const window = new BatchWindow()
  for await (const chunk of open(() => window.space())) {
    signal?.throwIfAborted()
    for (let rest = chunk; rest.length > 0; ) {
      rest = window.add(rest)
      const { bytes } = window
      const end = yield* listIn(bytes, place)
      window.take(end, batchBytesAt(bytes, end))
    }
  }
  checkEnd(window.bytes.length)
}

/** Gives the whole batches at the beginning of a piece, and answers where they end. */
function* listIn(piece: Buffer, place: RecordPlace | undefined): Generator<readonly RecordBatchView[], number, void> {
  const { batches, end, invalid } = wholeBatches(piece, place)
  if (batches.length > 0) yield batches
  if (invalid !== undefined) throw new ArchiveCorruptError(invalid.message, { cause: invalid })
  return end
}

function checkEnd(restBytes: number): void {
  if (restBytes > 0) throw new ArchiveCorruptError(`a log segment ends ${restBytes} bytes into a record batch`)
}

/** The whole batches at the beginning of a piece, where they end, and why not more can be one. */
function wholeBatches(piece: Buffer, place: RecordPlace | undefined) {
  const batches: RecordBatchView[] = []
  let end = 0
  try {
    for (const batch of batchesIn(piece, place)) {
      batches.push(batch)
      end += batch.bytes.length
    }
    return { batches, end }
  } catch (error) {
    if (error instanceof InvalidBatchError) return { batches, end, invalid: error }
    throw error
  }
}

import type { RecordBatch } from '../batch/record-batch.js'
import { booleanOption, choiceOption, rejectUnknownOptions } from '../internal/options.js'
import { BatchedRecords, inBatches } from './batched-records.js'
import type { Codec, CodecCallOptions } from './codec.js'
import { FramedRecordReader, type FramingOptions, framesOf } from './framed-records.js'

/** Options of {@link binaryFraming}. */
export interface BinaryFramingOptions {
  /** Whether keys are in the frames. Must be the same when reading and when writing. */
  readonly keys: boolean
  /**
   * What a length of 0 means when read: the format writes null and empty the same way.
   *
   * @defaultValue `'empty'`, which never turns an empty value into a tombstone
   */
  readonly emptyAs?: 'empty' | 'null' | undefined
}

/**
 * The framing of the spredfast Kafka Connect connector (`format=binary`): `[int32 length, key] int32 length, value` for
 * each record, big-endian. It keeps keys and values and nothing else: headers, timestamps, offsets and null against
 * empty are lost, and only records that a read_committed consumer sees are written.
 */
export function binaryFraming(options: BinaryFramingOptions): Codec<RecordBatch> {
  rejectUnknownOptions('binaryFraming', options, ['keys', 'emptyAs'])
  if (options.keys === undefined) throw new TypeError('`keys` must be given: true or false')
  const keys = booleanOption('keys', options.keys, true)
  const empty = choiceOption('emptyAs', options.emptyAs, 'empty', ['empty', 'null']) === 'null' ? null : Buffer.alloc(0)
  return {
    id: keys ? 'binary-framing-with-keys' : 'binary-framing',
    extension: keys ? '.keyed.bin' : '.bin',
    lossless: false,
    seekable: false,
    encode: (batches, { signal }: CodecCallOptions = {}) => encode(batches, keys, signal),
    decode: (bytes, { signal }: CodecCallOptions = {}) => decode(bytes, { keys, empty, signal }),
  }
}

async function* encode(
  batches: AsyncIterable<RecordBatch>,
  keys: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const batch of batches) {
    signal?.throwIfAborted()
    if (batch.control || batch.recordCount === 0) continue
    yield Buffer.concat(framesOf(batch.records(), { keys }))
  }
}

async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  { signal, ...framing }: FramingOptions & CodecCallOptions,
): AsyncGenerator<RecordBatch, void, void> {
  const reader = new FramedRecordReader(framing)
  const batched = new BatchedRecords()
  for await (const chunk of bytes) {
    signal?.throwIfAborted()
    yield* inBatches(reader.push(chunk), batched)
  }
  yield* inBatches(reader.end(), batched)
  yield* batched.take()
}

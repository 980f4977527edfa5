import type { KafkaRecord } from '../batch/read-records.js'
import { type RecordBatch, RecordBatchView } from '../batch/record-batch.js'
import { type RecordContent, writeBatch } from '../batch/write-batch.js'
import { ArchiveCorruptError } from '../errors.js'
import { GatheredBytes } from '../internal/gathered-bytes.js'
import { booleanOption, choiceOption, rejectUnknownOptions } from '../internal/options.js'
import type { Codec, CodecCallOptions } from './codec.js'

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

const LENGTH_BYTES = 4
/** Decoded records are given back in batches of about this size. */
const BATCH_BYTES = 1_048_576
/** More than any broker accepts in one record: a frame that claims more is not believed. */
const MAX_FIELD_BYTES = 1_073_741_824

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
    yield Buffer.concat(framesOf(batch.records(), keys))
  }
}

function framesOf(records: Iterable<KafkaRecord>, keys: boolean): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (const { key, value } of records) {
    if (keys) frames.push(...frameOf(key))
    frames.push(...frameOf(value))
  }
  return frames
}

function frameOf(field: Uint8Array | null): Uint8Array[] {
  const length = Buffer.allocUnsafe(LENGTH_BYTES)
  length.writeInt32BE(field?.length ?? 0)
  return field === null || field.length === 0 ? [length] : [length, field]
}

interface DecodeOptions {
  readonly keys: boolean
  readonly empty: Buffer | null
  readonly signal: AbortSignal | undefined
}

async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  { keys, empty, signal }: DecodeOptions,
): AsyncGenerator<RecordBatch, void, void> {
  const gathered = new GatheredBytes()
  let offset = 0n
  let records: RecordContent[] = []
  let recordsBytes = 0
  for await (const chunk of bytes) {
    signal?.throwIfAborted()
    gathered.add(chunk)
    for (let piece = gathered.next(); piece !== undefined; piece = gathered.next()) {
      const frames = new FrameReader(piece, keys, empty)
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        records.push({ offset, timestampMs: -1n, headers: [], ...frame })
        offset++
        recordsBytes += (frame.key?.length ?? 0) + (frame.value?.length ?? 0)
        if (recordsBytes < BATCH_BYTES) continue
        yield new RecordBatchView(writeBatch(records))
        records = []
        recordsBytes = 0
      }
      gathered.keep(piece.subarray(frames.position), frames.neededBytes)
    }
  }
  if (gathered.length > 0) throw new ArchiveCorruptError(`framed records end ${gathered.length} bytes into a record`)
  if (records.length > 0) yield new RecordBatchView(writeBatch(records))
}

/** Reads whole frames; leaves `position` before the first one that is not complete. */
class FrameReader {
  position = 0
  /** Bytes from `position` on that the frame there takes, as far as they are known. */
  neededBytes = 0

  constructor(
    readonly bytes: Buffer,
    readonly keys: boolean,
    readonly empty: Buffer | null,
  ) {}

  next(): { readonly key: Uint8Array | null; readonly value: Uint8Array | null } | undefined {
    const key = this.keys ? this.#field(this.position) : { field: null, end: this.position }
    if (key === undefined) return undefined
    const value = this.#field(key.end)
    if (value === undefined) return undefined
    this.position = value.end
    return { key: key.field, value: value.field }
  }

  #field(start: number): { readonly field: Uint8Array | null; readonly end: number } | undefined {
    if (start + LENGTH_BYTES > this.bytes.length) return this.#incomplete(start + LENGTH_BYTES)
    const length = this.bytes.readInt32BE(start)
    if (length < 0 || length > MAX_FIELD_BYTES) {
      throw new ArchiveCorruptError(`a framed record claims ${length} bytes`)
    }
    const end = start + LENGTH_BYTES + length
    if (end > this.bytes.length) return this.#incomplete(end)
    return { field: length === 0 ? this.empty : this.bytes.subarray(start + LENGTH_BYTES, end), end }
  }

  #incomplete(end: number): undefined {
    this.neededBytes = end - this.position
    return undefined
  }
}

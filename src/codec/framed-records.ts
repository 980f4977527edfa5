import type { KafkaRecord, RecordHeader } from '../batch/read-records.js'
import { ArchiveCorruptError } from '../errors.js'
import { GatheredBytes } from '../internal/gathered-bytes.js'
import { headersFromJson } from './framed-headers.js'

/** What a frame keeps of a record. */
export type FramedRecord = Pick<KafkaRecord, 'key' | 'value' | 'headers'>

/** How framed records are to be read. */
export interface FramingOptions {
  /** Whether keys are in the frames. */
  readonly keys: boolean
  /** What a length of 0 stands for. */
  readonly empty: Uint8Array | null
}

/** Takes records apart that come as bytes cut anywhere. */
export interface RecordReader {
  /** Records that are whole, once some more bytes are there. */
  push(chunk: Uint8Array): Iterable<FramedRecord>
  /**
   * The bytes end here, and so does a record.
   *
   * @throws {@link ArchiveCorruptError} when none does.
   */
  end(): Iterable<FramedRecord>
}

const LENGTH_BYTES = 4
/** More than any broker accepts in one record: a frame that claims more is not believed. */
const MAX_FIELD_BYTES = 1_073_741_824
/** Begins the headers that a fork writes behind a value. No length begins so: it would be negative. */
const HEADERS_MARK = 0xf6
const NO_HEADERS: readonly RecordHeader[] = []

/**
 * Reads the framing of the spredfast Kafka Connect connector (`format=binary`): `[int32 length, key] int32 length,
 * value` for each record, big-endian. A fork of it (gavinmcnair/kafka-connect-s3) writes headers behind the value.
 */
export class FramedRecordReader implements RecordReader {
  readonly #options: FramingOptions
  readonly #gathered = new GatheredBytes()
  /** The last record, as long as its headers may still come. */
  #last: FramedRecord | undefined

  constructor(options: FramingOptions) {
    this.#options = options
  }

  *push(chunk: Uint8Array): Generator<FramedRecord, void, void> {
    this.#gathered.add(chunk)
    for (let piece = this.#gathered.next(); piece !== undefined; piece = this.#gathered.next()) {
      const frames = new FrameReader(piece, this.#options)
      for (let record = frames.next(this.#last); record !== undefined; record = frames.next(this.#last)) {
        if (this.#last !== undefined && !frames.tookHeaders) yield this.#last
        this.#last = record
      }
      this.#gathered.keep(piece.subarray(frames.position), frames.neededBytes)
    }
  }

  *end(): Generator<FramedRecord, void, void> {
    if (this.#gathered.length > 0) {
      throw new ArchiveCorruptError(`framed records end ${this.#gathered.length} bytes into a record`)
    }
    if (this.#last !== undefined) yield this.#last
    this.#last = undefined
  }
}

/** Reads what is whole in a piece; leaves `position` before the first thing that is not. */
class FrameReader {
  position = 0
  /** Bytes from `position` on that the thing there takes, as far as they are known. */
  neededBytes = 0
  /** Whether the last thing was the headers of the record before it. */
  tookHeaders = false
  readonly #bytes: Buffer
  readonly #options: FramingOptions

  constructor(bytes: Buffer, options: FramingOptions) {
    this.#bytes = bytes
    this.#options = options
  }

  /** The next record, or `last` once more with the headers that are here. */
  next(last: FramedRecord | undefined): FramedRecord | undefined {
    this.tookHeaders = last !== undefined && this.#bytes[this.position] === HEADERS_MARK
    return this.tookHeaders && last !== undefined ? this.#withHeaders(last) : this.#record()
  }

  #record(): FramedRecord | undefined {
    const { keys, empty } = this.#options
    const key = keys ? this.#field(this.position) : { bytes: undefined, end: this.position }
    const value = key && this.#field(key.end)
    if (key === undefined || value === undefined) return undefined
    this.position = value.end
    return {
      key: keys ? (key.bytes ?? empty) : null,
      value: value.bytes ?? empty,
      headers: NO_HEADERS,
    }
  }

  #withHeaders(record: FramedRecord): FramedRecord | undefined {
    if (record.headers !== NO_HEADERS) throw new ArchiveCorruptError('a framed record has its headers twice')
    const json = this.#field(this.position + 1)
    if (json === undefined) return undefined
    this.position = json.end
    return { ...record, headers: headersFromJson(json.bytes) }
  }

  /** A length and as many bytes; `bytes` is `undefined` where there are none. */
  #field(start: number): { readonly bytes: Buffer | undefined; readonly end: number } | undefined {
    if (start + LENGTH_BYTES > this.#bytes.length) return this.#incomplete(start + LENGTH_BYTES)
    const length = this.#bytes.readInt32BE(start)
    if (length < 0 || length > MAX_FIELD_BYTES) {
      throw new ArchiveCorruptError(`a framed record claims ${length} bytes`)
    }
    const end = start + LENGTH_BYTES + length
    if (end > this.#bytes.length) return this.#incomplete(end)
    return { bytes: length === 0 ? undefined : this.#bytes.subarray(start + LENGTH_BYTES, end), end }
  }

  #incomplete(end: number): undefined {
    this.neededBytes = end - this.position
    return undefined
  }
}

/** The frames of records, headers left out. */
export function framesOf(
  records: Iterable<Pick<KafkaRecord, 'key' | 'value'>>,
  { keys }: Pick<FramingOptions, 'keys'>,
): Uint8Array[] {
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

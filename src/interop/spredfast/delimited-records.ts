import type { KafkaRecord } from '../../batch/read-records.js'
import type { FramedRecord, RecordReader } from '../../codec/framed-records.js'
import { ArchiveCorruptError } from '../../errors.js'

/** What is behind keys and values. */
export interface Delimiters {
  /** Behind a key; `undefined` where keys are not written. */
  readonly key: Buffer | undefined
  /** Behind a value. */
  readonly value: Buffer
}

/**
 * Reads the connector's `format=text`: `[key, key delimiter] value, value delimiter` for each record. Nothing is escaped.
 * The very last delimiter may be missing.
 */
export class DelimitedRecordReader implements RecordReader {
  readonly #delimiters: Delimiters
  readonly #empty: Uint8Array | null
  #chunks: Uint8Array[] = []
  #bytes = 0
  /** Bytes in which no whole record was found: twice as many are waited for, so that a long record is not copied with each chunk. */
  #tried = 0
  #isUnfinished = false

  constructor({ delimiters, empty }: { readonly delimiters: Delimiters; readonly empty: Uint8Array | null }) {
    this.#delimiters = delimiters
    this.#empty = empty
  }

  *push(chunk: Uint8Array): Generator<FramedRecord, void, void> {
    if (chunk.length === 0) return
    if (this.#isUnfinished) throw new ArchiveCorruptError('a record without its delimiter is not the last one')
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes >= 2 * this.#tried) yield* this.#records()
  }

  *end(): Generator<FramedRecord, void, void> {
    yield* this.#records()
    if (this.#bytes === 0) return
    const rest = Buffer.concat(this.#chunks)
    const { key, value } = this.#delimiters
    const keyEnd = key === undefined ? 0 : rest.indexOf(key)
    if (key !== undefined && keyEnd === -1) {
      throw new ArchiveCorruptError(
        `delimited records end ${rest.length} bytes into a record, before the end of its key`,
      )
    }
    if (startsLike(rest, value)) throw new ArchiveCorruptError('delimited records end inside a delimiter')
    this.#isUnfinished = true
    this.#keep(rest.subarray(rest.length))
    yield this.#recordOf(rest, 0, keyEnd, rest.length)
  }

  *#records(): Generator<FramedRecord, void, void> {
    const bytes = Buffer.concat(this.#chunks)
    const { key, value } = this.#delimiters
    let start = 0
    for (;;) {
      const keyEnd = key === undefined ? start : bytes.indexOf(key, start)
      const valueEnd = keyEnd === -1 ? -1 : bytes.indexOf(value, keyEnd + (key?.length ?? 0))
      if (valueEnd === -1) break
      yield this.#recordOf(bytes, start, keyEnd, valueEnd)
      start = valueEnd + value.length
    }
    this.#keep(bytes.subarray(start))
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#bytes = rest.length
    this.#tried = rest.length
  }

  #recordOf(bytes: Buffer, start: number, keyEnd: number, valueEnd: number): FramedRecord {
    const { key } = this.#delimiters
    const value = bytes.subarray(keyEnd + (key?.length ?? 0), valueEnd)
    return {
      key: key === undefined ? null : this.#orEmpty(bytes.subarray(start, keyEnd)),
      value: this.#orEmpty(value),
      headers: [],
    }
  }

  #orEmpty(bytes: Buffer): Uint8Array | null {
    return bytes.length === 0 ? this.#empty : bytes
  }
}

/** Whether `bytes` end with a part of `delimiter`, which is then cut off. */
function startsLike(bytes: Buffer, delimiter: Buffer): boolean {
  for (let length = delimiter.length - 1; length > 0; length--) {
    if (bytes.subarray(-length).equals(delimiter.subarray(0, length))) return true
  }
  return false
}

/** Records as {@link DelimitedRecordReader} reads them. */
export function delimitedOf(
  records: Iterable<KafkaRecord>,
  { key: keyDelimiter, value: valueDelimiter }: Delimiters,
): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (const { key, value } of records) {
    if (keyDelimiter !== undefined) parts.push(key ?? NOTHING, keyDelimiter)
    parts.push(value ?? NOTHING, valueDelimiter)
  }
  return parts
}

const NOTHING = Buffer.alloc(0)

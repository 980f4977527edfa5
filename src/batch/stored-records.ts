import { ATTRIBUTE, COMPRESSION_TYPES, FIELD, HEADER_BYTES, InvalidBatchError } from './batch-header.js'
import { decompress } from './compression/compression.js'
import { VarintReader, varlongBytes, writeVarlong } from './varint.js'

/** A header of a {@link StoredRecord}. Its key is text by convention only. */
export interface StoredHeader {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** A record as it stands in its batch: nothing is interpreted, so nothing is lost. */
export interface StoredRecord {
  /** One byte in which Kafka has no bit in use yet. */
  readonly attributes: number
  /** To the batch's base timestamp. */
  readonly timestampDelta: bigint
  /** To the batch's base offset. */
  readonly offsetDelta: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly StoredHeader[]
}

/** A record takes at least this many bytes: its length and six fields of one byte. */
const MIN_RECORD_BYTES = 7
const ATTRIBUTES_BYTES = 1

/** Decodes the records of one whole batch in order, as they stand. */
export function* readStoredRecords(batch: Buffer): Generator<StoredRecord, void, void> {
  const { reader, count } = openRecords(batch)
  for (let index = 0; index < count; index++) yield readRecord(reader)
  expectEnd(reader)
}

/** The records of one whole batch without their compression, and how many there are. */
export function openRecords(batch: Buffer): { readonly reader: VarintReader; readonly count: number } {
  const number = batch.readInt16BE(FIELD.attributes) & ATTRIBUTE.compression
  const compression = COMPRESSION_TYPES[number]
  if (compression === undefined) throw new InvalidBatchError(`unknown compression ${number}`)
  const body = decompress(compression, batch.subarray(HEADER_BYTES))
  const count = batch.readInt32BE(FIELD.recordCount)
  if (count < 0 || count * MIN_RECORD_BYTES > body.length) {
    throw new InvalidBatchError(`${count} records do not fit ${body.length} bytes`)
  }
  return { reader: new VarintReader(body), count }
}

/** Nothing may be left when the last record is read. */
export function expectEnd(reader: VarintReader): void {
  if (!reader.ended) throw new InvalidBatchError('there are bytes behind the last record of a batch')
}

function readRecord(reader: VarintReader): StoredRecord {
  const end = reader.varint() + reader.position
  const record = {
    attributes: reader.byte(),
    timestampDelta: reader.varlong(),
    offsetDelta: reader.varint(),
    key: reader.nullableSlice(),
    value: reader.nullableSlice(),
    headers: readHeaders(reader),
  }
  if (reader.position !== end) throw new InvalidBatchError(`record ${record.offsetDelta} of a batch has a wrong length`)
  return record
}

function readHeaders(reader: VarintReader): readonly StoredHeader[] {
  const count = reader.varint()
  if (count < 0) throw new InvalidBatchError(`a record has ${count} headers`)
  const headers: StoredHeader[] = []
  for (let index = 0; index < count; index++) {
    headers.push({ key: reader.slice(reader.varint()), value: reader.nullableSlice() })
  }
  return headers
}

/** Bytes that a record takes in a batch, its own length included. */
export function storedRecordBytes(record: StoredRecord): number {
  const content = contentBytes(record)
  return varlongBytes(BigInt(content)) + content
}

/** Encodes records one after the other, not compressed, behind room for `headBytes` more. */
export function writeStoredRecords(records: readonly StoredRecord[], headBytes: number): Buffer {
  const body = Buffer.allocUnsafe(records.reduce((sum, record) => sum + storedRecordBytes(record), headBytes))
  let position = headBytes
  for (const record of records) position = writeRecord(body, record, position)
  return body
}

function writeRecord(body: Buffer, record: StoredRecord, start: number): number {
  let position = writeVarlong(body, BigInt(contentBytes(record)), start)
  position = body.writeUInt8(record.attributes, position)
  position = writeVarlong(body, record.timestampDelta, position)
  position = writeVarlong(body, BigInt(record.offsetDelta), position)
  position = writeNullable(body, record.key, position)
  position = writeNullable(body, record.value, position)
  position = writeVarlong(body, BigInt(record.headers.length), position)
  for (const { key, value } of record.headers) {
    position = writeNullable(body, key, position)
    position = writeNullable(body, value, position)
  }
  return position
}

function contentBytes({ timestampDelta, offsetDelta, key, value, headers }: StoredRecord): number {
  let bytes = ATTRIBUTES_BYTES + varlongBytes(timestampDelta) + varlongBytes(BigInt(offsetDelta))
  bytes += nullableBytes(key) + nullableBytes(value) + varlongBytes(BigInt(headers.length))
  for (const header of headers) bytes += nullableBytes(header.key) + nullableBytes(header.value)
  return bytes
}

function nullableBytes(field: Uint8Array | null): number {
  return field === null ? 1 : varlongBytes(BigInt(field.length)) + field.length
}

function writeNullable(bytes: Buffer, field: Uint8Array | null, position: number): number {
  if (field === null) return writeVarlong(bytes, -1n, position)
  const start = writeVarlong(bytes, BigInt(field.length), position)
  bytes.set(field, start)
  return start + field.length
}

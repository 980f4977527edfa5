import { crc32c } from '@node-rs/crc32'
import {
  ATTRIBUTE,
  COMPRESSION_TYPES,
  type CompressionType,
  FIELD,
  HEADER_BYTES,
  LENGTH_OVERHEAD_BYTES,
} from './batch-header.js'
import { compress } from './compression/compression.js'
import type { KafkaRecord } from './read-records.js'
import { varlongBytes, writeVarlong } from './varint.js'

const MAGIC = 2
const NO_PRODUCER = -1

/** What a new batch needs of a record. */
export type RecordContent = Pick<KafkaRecord, 'offset' | 'timestampMs' | 'key' | 'value' | 'headers'>

/**
 * Builds one batch (create time, no producer, not transactional) that holds `records` at their own offsets, which
 * must ascend.
 */
export function writeBatch(
  records: readonly RecordContent[],
  { compression = 'none' }: { readonly compression?: CompressionType } = {},
): Buffer {
  const first = records[0]
  const last = records.at(-1)
  if (first === undefined || last === undefined) throw new RangeError('a batch needs at least one record')
  const body = writeRecords(records, first)
  const stored = compress(compression, body)
  const batch = Buffer.alloc(HEADER_BYTES + stored.length)
  batch.writeBigInt64BE(first.offset, FIELD.baseOffset)
  batch.writeInt32BE(batch.length - LENGTH_OVERHEAD_BYTES, FIELD.batchLength)
  batch.writeInt32BE(-1, FIELD.partitionLeaderEpoch)
  batch.writeInt8(MAGIC, FIELD.magic)
  batch.writeInt16BE(COMPRESSION_TYPES.indexOf(compression), FIELD.attributes)
  batch.writeInt32BE(Number(last.offset - first.offset), FIELD.lastOffsetDelta)
  batch.writeBigInt64BE(first.timestampMs, FIELD.baseTimestamp)
  batch.writeBigInt64BE(maxTimestamp(records), FIELD.maxTimestamp)
  batch.writeBigInt64BE(BigInt(NO_PRODUCER), FIELD.producerId)
  batch.writeInt16BE(NO_PRODUCER, FIELD.producerEpoch)
  batch.writeInt32BE(NO_PRODUCER, FIELD.baseSequence)
  batch.writeInt32BE(records.length, FIELD.recordCount)
  stored.copy(batch, HEADER_BYTES)
  return sealed(batch)
}

/** Fields of a batch's header that a restore sets anew. */
export interface ProduceFields {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
}

/**
 * A copy of `batch` as a producer would send it: base offset 0, its own identity and sequence, and neither
 * log-append time nor transaction nor delete horizon. The records stay the same bytes.
 */
export function forProducing(batch: Buffer, { producerId, producerEpoch, baseSequence }: ProduceFields): Buffer {
  const copy = Buffer.from(batch)
  copy.writeBigInt64BE(0n, FIELD.baseOffset)
  copy.writeInt32BE(-1, FIELD.partitionLeaderEpoch)
  copy.writeInt16BE(copy.readInt16BE(FIELD.attributes) & ATTRIBUTE.compression, FIELD.attributes)
  copy.writeBigInt64BE(producerId, FIELD.producerId)
  copy.writeInt16BE(producerEpoch, FIELD.producerEpoch)
  copy.writeInt32BE(baseSequence, FIELD.baseSequence)
  return sealed(copy)
}

/** A copy of `batch` that begins at another offset. The checksum does not cover the base offset and stays. */
export function rebased(batch: Uint8Array, baseOffset: bigint): Buffer {
  const copy = Buffer.from(batch)
  copy.writeBigInt64BE(baseOffset, FIELD.baseOffset)
  return copy
}

/** Writes the checksum of everything behind it into the batch. */
function sealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(FIELD.attributes)), FIELD.crc)
  return batch
}

function maxTimestamp(records: readonly RecordContent[]): bigint {
  let max = records[0]?.timestampMs ?? -1n
  for (const { timestampMs } of records) if (timestampMs > max) max = timestampMs
  return max
}

function writeRecords(records: readonly RecordContent[], first: RecordContent): Buffer {
  const sizes = records.map((record) => contentBytes(record, first))
  const body = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + varlongBytes(BigInt(size)) + size, 0))
  let position = 0
  records.forEach((record, index) => {
    position = writeVarlong(body, BigInt(sizes[index] ?? 0), position)
    body[position++] = 0
    position = writeVarlong(body, record.timestampMs - first.timestampMs, position)
    position = writeVarlong(body, record.offset - first.offset, position)
    position = writeNullable(body, record.key, position)
    position = writeNullable(body, record.value, position)
    position = writeVarlong(body, BigInt(record.headers.length), position)
    for (const { key, value } of record.headers) {
      position = writeNullable(body, Buffer.from(key), position)
      position = writeNullable(body, value, position)
    }
  })
  return body
}

function contentBytes(record: RecordContent, first: RecordContent): number {
  let bytes = 1 + varlongBytes(record.timestampMs - first.timestampMs) + varlongBytes(record.offset - first.offset)
  bytes += nullableBytes(record.key) + nullableBytes(record.value) + varlongBytes(BigInt(record.headers.length))
  for (const { key, value } of record.headers) bytes += nullableBytes(Buffer.from(key)) + nullableBytes(value)
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

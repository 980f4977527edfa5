import { crc32c } from '@node-rs/crc32'
import { larger } from '../internal/bigint.js'
import { combineCrc32c } from '../internal/crc32c-combine.js'
import { ATTRIBUTE, COMPRESSION_TYPES, type CompressionType, FIELD, HEADER_BYTES } from './batch-header.js'
import { buildBatch } from './build-batch.js'
import type { KafkaRecord } from './read-records.js'

const UNKNOWN = -1

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
  const header = {
    baseOffset: first.offset,
    lastOffsetDelta: Number(last.offset - first.offset),
    leaderEpoch: UNKNOWN,
    attributes: COMPRESSION_TYPES.indexOf(compression),
    baseTimestampMs: first.timestampMs,
    maxTimestampMs: records.reduce((max, { timestampMs }) => larger(max, timestampMs), first.timestampMs),
    producerId: BigInt(UNKNOWN),
    producerEpoch: UNKNOWN,
    baseSequence: UNKNOWN,
  }
  const stored = records.map(({ offset, timestampMs, key, value, headers }) => ({
    attributes: 0,
    timestampDelta: BigInt.asIntN(64, timestampMs - first.timestampMs),
    offsetDelta: Number(offset - first.offset),
    key,
    value,
    headers: headers.map((header) => ({ key: Buffer.from(header.key), value: header.value })),
  }))
  return buildBatch(header, stored)
}

/** Fields of a batch's header that a restore sets anew. */
export interface ProduceFields {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  /** Whether the batch becomes part of its producer's transaction. */
  readonly transactional?: boolean | undefined
}

/**
 * `batch` as a producer would send it, in two pieces: base offset 0, its own identity and sequence, and neither
 * log-append time nor delete horizon in a new header; the records are the same bytes, not a copy. So is what their
 * checksum protects: it is not taken anew, and a broker refuses records that have changed since the batch's own was.
 */
export function forProducing(
  batch: Buffer,
  { producerId, producerEpoch, baseSequence, transactional = false }: ProduceFields,
): readonly [header: Buffer, records: Buffer] {
  const header = Buffer.from(batch.subarray(0, HEADER_BYTES))
  header.writeBigInt64BE(0n, FIELD.baseOffset)
  header.writeInt32BE(-1, FIELD.partitionLeaderEpoch)
  const compression = header.readInt16BE(FIELD.attributes) & ATTRIBUTE.compression
  header.writeInt16BE(transactional ? compression | ATTRIBUTE.transactional : compression, FIELD.attributes)
  header.writeBigInt64BE(producerId, FIELD.producerId)
  header.writeInt16BE(producerEpoch, FIELD.producerEpoch)
  header.writeInt32BE(baseSequence, FIELD.baseSequence)
  header.writeUInt32BE(crcWithHeader(header, batch), FIELD.crc)
  return [header, batch.subarray(HEADER_BYTES)]
}

/** The checksum of `batch` if it had another header. */
function crcWithHeader(header: Buffer, batch: Buffer): number {
  const before = crc32c(batch.subarray(FIELD.attributes, HEADER_BYTES))
  const after = crc32c(header.subarray(FIELD.attributes))
  return combineCrc32c(before ^ after, batch.readUInt32BE(FIELD.crc), batch.length - HEADER_BYTES)
}

/** Producer ids of {@link forLogFile} begin here; brokers count theirs from 0. */
const FOREIGN_PRODUCER_IDS = 2n ** 62n

/**
 * A copy of `batch` for the log of another cluster: its leader epoch is 0, and its producer's id is one that this
 * cluster never gives. Else a broker would take the first batches of new producers, which it numbers from 0 as the old
 * cluster did, for repetitions of archived ones: acknowledge them and drop them. The records stay the same bytes.
 */
export function forLogFile(batch: Uint8Array): Buffer {
  const copy = Buffer.from(batch)
  copy.writeInt32BE(0, FIELD.partitionLeaderEpoch)
  const producerId = copy.readBigInt64BE(FIELD.producerId)
  if (producerId < 0n) return copy
  copy.writeBigInt64BE(producerId | FOREIGN_PRODUCER_IDS, FIELD.producerId)
  copy.writeUInt32BE(crc32c(copy.subarray(FIELD.attributes)), FIELD.crc)
  return copy
}

/** What a marker needs to know of the transaction that it ends. */
export interface EndedTransaction {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly end: 'abort' | 'commit'
  readonly timestampMs: bigint
}

/** The control batch that ends a transaction, as the transaction coordinator writes it. */
export function writeMarker(
  baseOffset: bigint,
  { producerId, producerEpoch, end, timestampMs }: EndedTransaction,
): Buffer {
  const header = {
    ...{
      baseOffset,
      lastOffsetDelta: 0,
      leaderEpoch: UNKNOWN,
      attributes: ATTRIBUTE.transactional | ATTRIBUTE.control,
    },
    ...{ baseTimestampMs: timestampMs, maxTimestampMs: timestampMs },
    ...{ producerId, producerEpoch, baseSequence: UNKNOWN },
  }
  // Key: version and type. Value: version and the epoch of the coordinator, each of two bytes but the last of four.
  const key = Buffer.of(0, 0, 0, end === 'abort' ? 0 : 1)
  const value = Buffer.alloc(6)
  return buildBatch(header, [{ attributes: 0, timestampDelta: 0n, offsetDelta: 0, key, value, headers: [] }])
}

/** A copy of `batch` that begins at another offset. The checksum does not cover the base offset and stays. */
export function rebased(batch: Uint8Array, baseOffset: bigint): Buffer {
  const copy = Buffer.from(batch)
  copy.writeBigInt64BE(baseOffset, FIELD.baseOffset)
  return copy
}

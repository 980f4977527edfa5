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
import { type StoredRecord, writeStoredRecords } from './stored-records.js'

const MAGIC = 2

/** The fields of a batch's header that do not follow from its records. */
export interface BatchHeader {
  readonly baseOffset: bigint
  /** Not that of the last record, where compaction has removed it. */
  readonly lastOffsetDelta: number
  /** -1 where unknown. */
  readonly leaderEpoch: number
  /** Bits as in `ATTRIBUTE`; those of the compression say how the records are compressed. */
  readonly attributes: number
  /** What the records' timestamps count from: the first one's, or the delete horizon. */
  readonly baseTimestampMs: bigint
  readonly maxTimestampMs: bigint
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** Reads the header of one whole batch. */
export function batchHeaderOf(batch: Buffer): BatchHeader {
  return {
    baseOffset: batch.readBigInt64BE(FIELD.baseOffset),
    lastOffsetDelta: batch.readInt32BE(FIELD.lastOffsetDelta),
    leaderEpoch: batch.readInt32BE(FIELD.partitionLeaderEpoch),
    attributes: batch.readInt16BE(FIELD.attributes),
    baseTimestampMs: batch.readBigInt64BE(FIELD.baseTimestamp),
    maxTimestampMs: batch.readBigInt64BE(FIELD.maxTimestamp),
    producerId: batch.readBigInt64BE(FIELD.producerId),
    producerEpoch: batch.readInt16BE(FIELD.producerEpoch),
    baseSequence: batch.readInt32BE(FIELD.baseSequence),
  }
}

/**
 * Builds a batch with exactly this header, around `records`, of which there may be none. Length, count and checksum
 * follow from these.
 *
 * @throws {@link UnsupportedFormatError} when the package for the batch's compression is not installed.
 */
export function buildBatch(header: BatchHeader, records: readonly StoredRecord[]): Buffer {
  return frameBatch(header, writeStoredRecords(records, HEADER_BYTES), records.length)
}

/**
 * {@link buildBatch} of `count` records that are encoded already, behind room for the header. Without compression the
 * batch is `room` itself.
 */
export function frameBatch(header: BatchHeader, room: Buffer, count: number): Buffer {
  const compression = COMPRESSION_TYPES[header.attributes & ATTRIBUTE.compression]
  if (compression === undefined) throw new RangeError(`unknown compression in the attributes ${header.attributes}`)
  const batch = compression === 'none' ? room : compressed(compression, room)
  batch.writeBigInt64BE(header.baseOffset, FIELD.baseOffset)
  batch.writeInt32BE(batch.length - LENGTH_OVERHEAD_BYTES, FIELD.batchLength)
  batch.writeInt32BE(header.leaderEpoch, FIELD.partitionLeaderEpoch)
  batch.writeInt8(MAGIC, FIELD.magic)
  batch.writeInt16BE(header.attributes, FIELD.attributes)
  batch.writeInt32BE(header.lastOffsetDelta, FIELD.lastOffsetDelta)
  batch.writeBigInt64BE(header.baseTimestampMs, FIELD.baseTimestamp)
  batch.writeBigInt64BE(header.maxTimestampMs, FIELD.maxTimestamp)
  batch.writeBigInt64BE(header.producerId, FIELD.producerId)
  batch.writeInt16BE(header.producerEpoch, FIELD.producerEpoch)
  batch.writeInt32BE(header.baseSequence, FIELD.baseSequence)
  batch.writeInt32BE(count, FIELD.recordCount)
  batch.writeUInt32BE(crc32c(batch.subarray(FIELD.attributes)), FIELD.crc)
  return batch
}

function compressed(compression: CompressionType, room: Buffer): Buffer {
  return Buffer.concat([room.subarray(0, HEADER_BYTES), compress(compression, room.subarray(HEADER_BYTES))])
}

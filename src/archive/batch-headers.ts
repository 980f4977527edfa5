import { FIELD, HEADER_BYTES, LENGTH_OVERHEAD_BYTES, MAGIC } from '../batch/batch-header.js'
import type { SegmentInfo } from './partition-log.js'

/** Bytes inside a segment that may be the header of a batch. */
export interface BatchHeader {
  /** First byte, counted from the beginning of the object. */
  readonly position: number
  /** Byte after the batch. */
  readonly end: number
  readonly baseOffset: bigint
  readonly nextOffset: bigint
  readonly leaderEpoch: number
}

/**
 * Everything in a part of a segment's object that may be the header of one of its batches: the header of each batch, and
 * maybe bytes of a record that look like one. `position` is where the part begins in the object.
 */
export function* headersIn(part: Buffer, position: number, segment: SegmentInfo): Generator<BatchHeader, void, void> {
  // Looking for one byte natively passes over most of the others.
  for (let magic = part.indexOf(MAGIC, FIELD.magic); magic !== -1; magic = part.indexOf(MAGIC, magic + 1)) {
    const start = magic - FIELD.magic
    if (start + HEADER_BYTES > part.length) return
    const header = headerAt(part, start, position, segment)
    if (header !== undefined) yield header
  }
}

function headerAt(part: Buffer, start: number, position: number, segment: SegmentInfo): BatchHeader | undefined {
  const length = part.readInt32BE(start + FIELD.batchLength)
  const end = position + start + LENGTH_OVERHEAD_BYTES + length
  if (length < HEADER_BYTES - LENGTH_OVERHEAD_BYTES || end > segment.sizeBytes) return undefined
  const leaderEpoch = part.readInt32BE(start + FIELD.partitionLeaderEpoch)
  if (leaderEpoch < segment.firstEpoch || leaderEpoch > segment.lastEpoch) return undefined
  const lastOffsetDelta = part.readInt32BE(start + FIELD.lastOffsetDelta)
  const records = part.readInt32BE(start + FIELD.recordCount)
  if (lastOffsetDelta < 0 || records < 0 || records > lastOffsetDelta + 1) return undefined
  const baseOffset = part.readBigInt64BE(start + FIELD.baseOffset)
  const nextOffset = baseOffset + BigInt(lastOffsetDelta) + 1n
  // The log may have begun inside the first batch.
  if (nextOffset <= segment.from || nextOffset > segment.next) return undefined
  return { position: position + start, end, baseOffset, nextOffset, leaderEpoch }
}

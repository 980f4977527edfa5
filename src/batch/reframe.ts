import { larger, smaller } from '../internal/bigint.js'
import { ATTRIBUTE } from './batch-header.js'
import { type BatchHeader, batchHeaderOf, buildBatch } from './build-batch.js'
import { JoinedBatch } from './joined-batch.js'
import { readStoredRecords, type StoredRecord } from './stored-records.js'

/** Which records of a batch are wanted: offsets from `from` on and before `next`, times from `sinceMs` on and before `untilMs`. */
export interface BatchCut {
  readonly from?: bigint | undefined
  readonly next?: bigint | undefined
  readonly sinceMs?: bigint | undefined
  readonly untilMs?: bigint | undefined
}

/**
 * The wanted part of a batch as a batch of its own, at the same offsets and with the same header otherwise. It answers
 * for the wanted offsets of the batch's range, also where they hold no record.
 *
 * @throws {@link RangeError} when the batch has none of the wanted offsets.
 */
export function cutBatch(batch: Buffer, { from, next, sinceMs, untilMs }: BatchCut): Buffer {
  const header = batchHeaderOf(batch)
  const end = header.baseOffset + BigInt(header.lastOffsetDelta) + 1n
  const first = larger(header.baseOffset, from ?? header.baseOffset)
  const last = smaller(end, next ?? end) - 1n
  if (first > last) throw new RangeError('a batch is cut to offsets that it does not have')
  const skipped = Number(first - header.baseOffset)
  const kept: StoredRecord[] = []
  for (const record of readStoredRecords(batch)) {
    const offset = header.baseOffset + BigInt(record.offsetDelta)
    const timestampMs = timestampOf(header, record)
    if (offset < first || offset > last) continue
    if ((sinceMs !== undefined && timestampMs < sinceMs) || (untilMs !== undefined && timestampMs >= untilMs)) continue
    kept.push({ ...record, offsetDelta: record.offsetDelta - skipped })
  }
  const sequence = header.baseSequence < 0 ? header.baseSequence : header.baseSequence + skipped
  const range = { baseOffset: first, lastOffsetDelta: Number(last - first), baseSequence: sequence }
  return buildBatch({ ...header, ...range, maxTimestampMs: newest(header, kept) }, kept)
}

/**
 * The records of batches, one after the other, as one batch at the offsets from 0 on without holes: what is left of a
 * log when it is appended to another one. Times are those that readers saw; compression is the first batch's.
 * `undefined` where there are no records. `expectedBytes` is about how large it becomes, where that is known.
 */
export function coalesceBatches(batches: Iterable<Buffer>, expectedBytes = 0): Buffer | undefined {
  const joined = new JoinedBatch(expectedBytes)
  for (const batch of batches) joined.add(batch)
  return joined.finish()
}

/** What a reader sees: the broker's time where the broker set it. */
function timestampOf(header: BatchHeader, { timestampDelta }: StoredRecord): bigint {
  if (header.attributes & ATTRIBUTE.logAppendTime) return header.maxTimestampMs
  return BigInt.asIntN(64, header.baseTimestampMs + timestampDelta)
}

function newest(header: BatchHeader, records: readonly StoredRecord[]): bigint {
  if (header.attributes & ATTRIBUTE.logAppendTime) return header.maxTimestampMs
  const [first = -1n, ...others] = records.map((record) => timestampOf(header, record))
  return others.reduce(larger, first)
}

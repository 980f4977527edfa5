import { InvalidBatchError } from '../batch/batch-header.js'
import { CommittedFilter } from '../batch/committed.js'
import type { KafkaRecord } from '../batch/read-records.js'
import type { RecordBatchView } from '../batch/record-batch.js'
import { partitionName } from '../batch/topic-partition.js'
import { ArchiveCorruptError, LossyCodecError } from '../errors.js'
import type { StorageCallOptions } from '../storage/storage.js'
import { readAborted } from './aborted.js'
import type { ChainLink } from './chain.js'
import type { SegmentInfo } from './partition-log.js'
import { hasTrueOffsets, readSegment, type SegmentSource } from './read-segment.js'

/** A batch, and which of its offsets are wanted. */
export interface ChainBatch {
  readonly batch: RecordBatchView
  /** First wanted offset; above the batch's base offset only where a range begins inside the batch. */
  readonly from: bigint
  /** Offset after the last wanted one. */
  readonly next: bigint
  /** Whether the batch's offsets are those of the source. If not, they are somewhere in `[from, next)`, in order. */
  readonly trueOffsets: boolean
}

/** The batches that a chain gives, in order. With `committed` only those that a read_committed consumer sees. */
export async function* readChain(
  source: SegmentSource,
  chain: readonly ChainLink<SegmentInfo>[],
  { isolation, signal }: StorageCallOptions & { readonly isolation: 'committed' | 'uncommitted' },
): AsyncGenerator<ChainBatch, void, void> {
  for (const { segment, from, next } of chain) {
    const trueOffsets = hasTrueOffsets(source, segment)
    if (!trueOffsets && (from > segment.from || next < segment.next)) {
      throw new LossyCodecError(`${segment.key} keeps no offsets, so that a part of it cannot be told from the rest`, {
        hint: 'archive with `logSegments()`',
      })
    }
    // Each segment's sidecar names all aborted transactions that overlap it, so each one is judged by itself: the marker
    // that ends one may lie in a gap. Batches before the wanted ones count, because a marker may be among them.
    const filter = new CommittedFilter()
    if (isolation === 'committed') filter.add(await readAborted(source.storage, segment, { signal }))
    for await (const batch of readSegment(source, segment, { signal })) {
      if (batch.baseOffset >= next) break
      const accepted = isolation === 'uncommitted' || filter.accepts(batch)
      if (!accepted || batch.nextOffset <= from) continue
      yield { batch, from, next, trueOffsets }
    }
  }
}

/** Which times are wanted, in epoch milliseconds: from `sinceMs` on, before `untilMs`. */
export interface TimeRange {
  readonly sinceMs?: bigint | undefined
  readonly untilMs?: bigint | undefined
}

/** The wanted records of a batch. Times need not ascend, so each record is looked at. */
export function* recordsOf(
  { batch, from, next }: ChainBatch,
  { sinceMs, untilMs }: TimeRange = {},
): Generator<KafkaRecord, void, void> {
  if (batch.control || isBefore(batch.maxTimestampMs, sinceMs)) return
  for (const record of decoded(batch)) {
    const { offset, timestampMs } = record
    if (offset < from || offset >= next) continue
    if (sinceMs !== undefined && timestampMs < sinceMs) continue
    if (untilMs !== undefined && timestampMs >= untilMs) continue
    yield record
  }
}

function* decoded(batch: RecordBatchView): Generator<KafkaRecord, void, void> {
  try {
    yield* batch.records()
  } catch (error) {
    throw undecodable(batch, error)
  }
}

/** An archived batch that cannot be decoded is damage, and says where. Other errors pass as they are. */
export function undecodable(batch: RecordBatchView, cause: unknown): unknown {
  if (!(cause instanceof InvalidBatchError)) return cause
  const { baseOffset: from, nextOffset: next } = batch
  return new ArchiveCorruptError(
    `the batch with offsets ${from} to ${next - 1n} of ${partitionName(batch)} cannot be decoded: ${cause.message}`,
    { from, next, cause },
  )
}

/** Leaves out segments that, by their names, hold nothing as new as `sinceMs`. */
export function linksSince(
  chain: readonly ChainLink<SegmentInfo>[],
  sinceMs: bigint | undefined,
): ChainLink<SegmentInfo>[] {
  return chain.filter(({ segment }) => !isBefore(segment.maxTimestampMs, sinceMs))
}

/** Whether all is older than `sinceMs`; a largest timestamp of -1 says nothing. */
function isBefore(maxTimestampMs: bigint, sinceMs: bigint | undefined): boolean {
  return sinceMs !== undefined && maxTimestampMs >= 0n && maxTimestampMs < sinceMs
}

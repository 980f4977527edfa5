import { larger } from '../internal/bigint.js'
import type { GapName, OffsetRange, SegmentName } from './names.js'
import type { PartitionLog, SegmentInfo } from './partition-log.js'
import { type Gap, verdictOf } from './verdict.js'

/**
 * What is archived of a partition, in short: it stays small however many segments there are. `[from, next)` is what the
 * newest generation answers for; both are the same while nothing is archived.
 */
export interface ArchivedPartition extends OffsetRange {
  /** The newest generation. */
  readonly generation: number
  /** Leader epoch of the batch right before `next`; -1 where there is none, as behind a gap. */
  readonly lastEpoch: number
  /** Key of the segment that ends at `next`, if one does. */
  readonly lastKey: string | undefined
  /** Records in the segments of `[from, next)`. */
  readonly records: bigint
  /** Offsets of `[from, next)` that are not archived. */
  readonly gaps: readonly Gap[]
}

const NO_GAPS: readonly Gap[] = []

/** The state of a partition of which nothing is archived; it will begin at `offset`. */
export function nothingArchived(offset: bigint): ArchivedPartition {
  return {
    ...{ generation: 1, from: offset, next: offset, records: 0n },
    ...{ lastEpoch: -1, lastKey: undefined, gaps: NO_GAPS },
  }
}

/** What a listing comes to; `undefined` when there is nothing in it. */
export function archivedPartition(log: PartitionLog): ArchivedPartition | undefined {
  const end = endOf(log)
  if (end === undefined) return undefined
  const { from, records, gaps } = verdictOf(log, { next: end.next, reachedEnd: true })
  return {
    ...{ generation: log.newestGeneration, from, next: end.next, records },
    ...{ lastEpoch: end.lastEpoch, lastKey: end.lastKey, gaps: gaps.length === 0 ? NO_GAPS : gaps },
  }
}

/** The state after a segment was stored that begins where the state ends. */
export function withSegment(state: ArchivedPartition, segment: SegmentInfo): ArchivedPartition {
  const { next, lastEpoch, key: lastKey, records } = segment
  return { ...state, next, lastEpoch, lastKey, records: state.records + BigInt(records) }
}

/** The state after a gap was recorded that begins where the state ends. */
export function withGap(state: ArchivedPartition, { from, next, cause }: GapName): ArchivedPartition {
  return { ...state, next, lastEpoch: -1, lastKey: undefined, gaps: [...state.gaps, { from, next, cause }] }
}

interface LogEnd {
  readonly next: bigint
  readonly lastEpoch: number
  readonly lastKey: string | undefined
}

/** Where the newest generation ends. */
function endOf({ segments, gaps, cuts, newestGeneration }: PartitionLog): LogEnd | undefined {
  const last = farthest(segments.filter(({ generation }) => generation === newestGeneration))
  const gap = farthest(gaps.filter(({ generation }) => generation === newestGeneration))
  const others = larger(cuts.get(newestGeneration) ?? -1n, gap?.next ?? -1n)
  if (last !== undefined && last.next >= others) {
    return { next: last.next, lastEpoch: last.lastEpoch, lastKey: last.key }
  }
  return others < 0n ? undefined : { next: others, lastEpoch: -1, lastKey: undefined }
}

function farthest<T extends Pick<SegmentName, 'next'>>(items: readonly T[]): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) => (best === undefined || item.next > best.next ? item : best),
    undefined,
  )
}

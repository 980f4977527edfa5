import type { TopicPartition } from '../batch/topic-partition.js'
import { smaller } from '../internal/bigint.js'
import type { GapCause, OffsetRange } from './names.js'
import { outside } from './offset-ranges.js'
import { chainFor, gapsFor, holesIn, type PartitionLog } from './partition-log.js'

/** Offsets that are not archived. */
export interface Gap extends OffsetRange {
  /** Why; `unknown` where nothing in the archive explains it, which is damage. */
  readonly cause: GapCause
}

/** Whether a partition is archived without a gap, and how far: the offsets `[from, next)`. */
export interface PartitionVerdict extends TopicPartition, OffsetRange {
  /** Records in the segments that give `[from, next)`. */
  readonly records: bigint
  /** Offsets in `[from, next)` that are not archived. */
  readonly gaps: readonly Gap[]
  /**
   * In a run: where the oldest transaction begins that was open, so that nothing from there on is archived yet. Left out
   * where none was.
   */
  readonly openFrom?: bigint
  /** Whether there is no gap and, in a run, the partition's end as it was at the start was reached. */
  readonly complete: boolean
}

/** What the archive holds of a partition up to `next`, as its newest generation has it. */
export function verdictOf(
  log: PartitionLog,
  { next, reachedEnd }: { readonly next: bigint; readonly reachedEnd: boolean },
): PartitionVerdict {
  const { topic, partition } = log.partition
  const generation = log.newestGeneration
  const whole = { generation, from: 0n, next }
  const chain = chainFor(log, whole)
  // A gap before the first segment counts as well: the archive should have had those offsets. What was pruned is no
  // part of what the verdict is about.
  const lacking = gapsFor(log, whole).filter(({ cause }) => cause !== 'pruned')
  const from = [...chain, ...lacking].reduce((first, part) => smaller(first, part.from), next)
  const range = { generation, from, next }
  const pruned = outside(
    gapsFor(log, range).filter(({ cause }) => cause === 'pruned'),
    chain,
  )
  const gaps = [...lacking, ...pruned, ...holesIn(log, range).map((hole) => ({ ...hole, cause: 'unknown' as const }))]
  const records = chain.reduce((sum, { segment }) => sum + BigInt(segment.records), 0n)
  return { topic, partition, from, next, records, gaps, complete: reachedEnd && gaps.length === 0 }
}

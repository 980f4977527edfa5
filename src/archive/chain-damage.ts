import { partitionName } from '../batch/topic-partition.js'
import { ArchiveCorruptError, ObjectNotFoundError } from '../errors.js'
import type { ChainLink } from './chain.js'
import { BRING_BACK, type Hole } from './finding.js'
import type { OffsetRange } from './names.js'
import { offsetsOf } from './offset-ranges.js'
import type { SegmentInfo } from './partition-log.js'

/** A segment that cannot be read, and why. */
export interface SegmentFailure {
  readonly segment: SegmentInfo
  readonly error: ArchiveCorruptError
}

/** Offsets of a chain that no intact segment gives. */
export interface ChainDamage {
  readonly hole: Hole
  /** What is wrong with the segment that should give them. */
  readonly cause: ArchiveCorruptError
  /** The part of the chain that comes after that segment. */
  readonly after: readonly ChainLink<SegmentInfo>[]
}

/** What is told of offsets that every one of some segments should give; the first of these is the chain's own. */
export function chainDamage(
  range: OffsetRange,
  [first, ...others]: readonly [SegmentFailure, ...SegmentFailure[]],
  after: readonly ChainLink<SegmentInfo>[],
): ChainDamage {
  const { segment, error } = first
  const { topic, partition } = segment
  const too = others.length === 0 ? '' : ` (${others.map((other) => other.segment.key).join(', ')}: damaged too)`
  const text = `${error.message}; ${partitionName(segment)} has ${offsetsOf(range)} in no intact segment${too}`
  const kind = error.cause instanceof ObjectNotFoundError ? 'missing' : 'damaged'
  const hole = { kind, key: error.key ?? segment.key, topic, partition, ...range, text } as const
  return { hole, cause: error, after }
}

/** Damage as an error, for those who do not go on without the offsets. `otherwise` is what else a person can do. */
export function damageError({ hole, cause, after }: ChainDamage, otherwise: string): ArchiveCorruptError {
  const { key, from, next, text } = hole
  const hint = `${cause.hint ?? BRING_BACK}${otherwise}`
  return new ArchiveCorruptError(`${text}${unaffected(after)}`, { key, from, next, cause, hint })
}

/** What becomes of damage where nobody says otherwise. */
export function throwDamage(damage: ChainDamage): never {
  throw damageError(damage, '; what is before and behind these offsets can be read')
}

function unaffected(after: readonly ChainLink<SegmentInfo>[]): string {
  const [from, next] = [after[0]?.from, after.at(-1)?.next]
  if (from === undefined || next === undefined) return ''
  return `; the segments after it (${after.length}, with ${offsetsOf({ from, next })}) do not depend on it`
}

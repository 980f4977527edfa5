import { ownedRanges } from '../archive/chain.js'
import type { NamedRange } from '../archive/named-states.js'
import { type GapName, gapKey, type OffsetRange, parseAbortedKey } from '../archive/names.js'
import { outside, overlap } from '../archive/offset-ranges.js'
import {
  ALL_OFFSETS,
  chainFor,
  type LogRange,
  type PartitionLog,
  type PartitionObjects,
} from '../archive/partition-log.js'
import type { PrunedObject } from '../archive/pruned-object.js'
import { ascending, larger, smaller } from '../internal/bigint.js'

/** What becomes of a partition. */
export interface PartitionPlan {
  /** Says of offsets that they were pruned, before anything of them goes. */
  readonly marks: readonly GapName[]
  readonly gone: readonly PrunedObject[]
}

const NOTHING: PartitionPlan = { marks: [], gone: [] }

/** Decides what of a partition no remaining checkpoint needs, and neither does the archiver. */
export function planPartition(
  objects: PartitionObjects,
  log: PartitionLog,
  needed: readonly NamedRange[],
): PartitionPlan {
  // Nobody has written down a state of it yet: all of it is needed.
  if (needed.length === 0) return NOTHING
  const kept = keptRanges(log, needed)
  const isKept = (range: LogRange) =>
    kept.some((other) => other.generation === range.generation && overlap(other, range) !== undefined)
  const pruned = log.gaps.filter(({ cause }) => cause === 'pruned')
  const segments = log.segments.filter((segment) => !isKept(segment))
  const gaps = log.gaps.filter((gap) => gap.cause !== 'pruned' && !isKept(gap))
  const generations = new Set([...segments, ...gaps, ...pruned].map(({ generation }) => generation))
  const wanted = [...generations].flatMap((generation) => {
    const ofIt = <R extends LogRange>(ranges: readonly R[]) => ranges.filter((range) => range.generation === generation)
    const stays = [
      ...ofIt(kept),
      ...ofIt(log.segments).filter(isKept),
      ...ofIt(log.gaps).filter((gap) => gap.cause !== 'pruned' && isKept(gap)),
    ]
    return marksFor([...ofIt(segments), ...ofIt(gaps), ...ofIt(pruned)], stays).map(
      (range): GapName => ({ ...log.partition, generation, ...range, cause: 'pruned' }),
    )
  })
  const there = new Set(pruned.map(gapKey))
  const stay = new Set(wanted.map(gapKey))
  const sidecars = objects.others.filter(({ key }) => {
    const segment = parseAbortedKey(key)
    return segment !== undefined && !isKept(segment)
  })
  return {
    marks: wanted.filter((mark) => !there.has(gapKey(mark))),
    gone: [
      ...segments.map(({ key, sizeBytes: bytes }) => ({ key, bytes })),
      ...sidecars.map(({ key, sizeBytes: bytes }) => ({ key, bytes })),
      ...[...gaps, ...pruned]
        .map(gapKey)
        .filter((key) => !stay.has(key))
        .map((key) => ({ key, bytes: 0 })),
    ],
  }
}

/** What is needed, in the terms of the generations that hold it. */
function keptRanges(log: PartitionLog, needed: readonly NamedRange[]): LogRange[] {
  const { newestGeneration: generation } = log
  const from = needed.map((range) => range.from).reduce(smaller)
  const live: LogRange = { generation, from, next: ALL_OFFSETS.next }
  const cutOf = (asked: number) => log.cuts.get(asked) ?? 0n
  const kept = [...needed, live].flatMap((view) =>
    ownedRanges(view.generation, cutOf).flatMap((owned) => {
      const part = overlap(owned, view)
      return part === undefined ? [] : [{ generation: owned.generation, ...part }]
    }),
  )
  // The archiver compares the end of what is archived with the log before it goes on.
  const last = chainFor(log, { ...ALL_OFFSETS, generation }).at(-1)?.segment
  return last === undefined ? kept : [...kept, { generation: last.generation, from: last.from, next: last.next }]
}

/** The ranges that are gone, put together where nothing that stays lies between them, and up to what stays. */
function marksFor(gone: readonly OffsetRange[], stays: readonly OffsetRange[]): OffsetRange[] {
  const ordered = [...gone].sort((a, b) => ascending(a.from, b.from))
  const runs: { from: bigint; next: bigint }[] = []
  for (const { from, next } of ordered) {
    const last = runs.at(-1)
    const between = last && { from: last.next, next: larger(from, last.next) }
    if (last !== undefined && between !== undefined && !stays.some((range) => overlap(range, between) !== undefined)) {
      last.next = larger(last.next, next)
    } else runs.push({ from, next })
  }
  for (const run of runs) {
    const behind = stays.filter(({ from }) => from >= run.next).map(({ from }) => from)
    if (behind.length > 0) run.next = behind.reduce(smaller)
  }
  return outside(runs, stays)
}

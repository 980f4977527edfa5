import { ArchiveCorruptError } from '../errors.js'
import { ascending, larger } from '../internal/bigint.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { type ChainLink, chainOf, type OwnedRange, ownedRanges } from './chain.js'
import { readCut } from './generation.js'
import {
  type GapCause,
  type GapName,
  generationKey,
  type OffsetRange,
  type PartitionIdentity,
  parseGapKey,
  parseGenerationKey,
  parseSegmentKey,
  partitionPrefix,
  type SegmentName,
} from './names.js'
import { overlap } from './offset-ranges.js'

/** A segment in storage: what its name tells, and its size. */
export interface SegmentInfo extends SegmentName {
  /** Full key of the object. */
  readonly key: string
  /** Size of the object in bytes. */
  readonly sizeBytes: number
}

/** What the listing of one partition tells. */
export interface PartitionLog {
  readonly partition: PartitionIdentity
  readonly segments: readonly SegmentInfo[]
  readonly gaps: readonly GapName[]
  /** The newest generation that is there; 1 for a partition of which nothing is archived yet. */
  readonly newestGeneration: number
  /** Where each generation from 2 on begins. */
  readonly cuts: ReadonlyMap<number, bigint>
  /** When the newest of its objects was stored, in epoch milliseconds; 0 where there is none. */
  readonly storedMs: number
}

/** Lists what is archived of a partition. */
export async function listPartition(
  storage: ArchiveStorage,
  partition: PartitionIdentity,
  { signal }: StorageCallOptions,
): Promise<PartitionLog> {
  const segments: SegmentInfo[] = []
  const gaps: GapName[] = []
  const cuts = new Map<number, bigint>()
  let storedMs = 0
  for await (const { key, sizeBytes, modifiedMs } of storage.list(partitionPrefix(partition), { signal })) {
    storedMs = Math.max(storedMs, modifiedMs)
    const segment = parseSegmentKey(key)
    if (segment !== undefined) {
      segments.push({ ...segment, key, sizeBytes })
      continue
    }
    const gap = parseGapKey(key)
    if (gap !== undefined) gaps.push(gap)
    const start = parseGenerationKey(key)
    if (start !== undefined) cuts.set(start.generation, await readCut(storage, partition, start.generation, { signal }))
  }
  const newestGeneration = Math.max(1, ...cuts.keys())
  return { partition, segments, gaps, newestGeneration, cuts, storedMs }
}

/** A part of a log as one generation has it. */
export interface LogRange extends OffsetRange {
  readonly generation: number
}

/** The segments that give a part of the log as a generation has it. */
export function chainFor(log: PartitionLog, { generation, from, next }: LogRange): ChainLink<SegmentInfo>[] {
  return chainOf(log.segments, rangesOf(log, generation)).flatMap((link) => {
    const part = overlap(link, { from, next })
    return part === undefined ? [] : [{ segment: link.segment, ...part }]
  })
}

/** The gaps in a part of the log: each explains offsets of its own generation only. */
export function gapsFor(
  log: PartitionLog,
  { generation, from, next }: LogRange,
): (OffsetRange & { cause: GapCause })[] {
  return rangesOf(log, generation).flatMap((owned) =>
    log.gaps.flatMap((gap) => {
      const own = gap.generation === owned.generation ? overlap(gap, owned) : undefined
      const part = own && overlap(own, { from, next })
      return part === undefined ? [] : [{ ...part, cause: gap.cause }]
    }),
  )
}

/** The offsets of a part of the log of which no segment has something and no gap explains why. */
export function holesIn(log: PartitionLog, range: LogRange): OffsetRange[] {
  const explained = [...chainFor(log, range), ...gapsFor(log, range)]
  explained.sort((a, b) => ascending(a.from, b.from))
  const holes: OffsetRange[] = []
  let offset = range.from
  for (const { from, next } of explained) {
    if (from > offset) holes.push({ from: offset, next: from })
    offset = larger(offset, next)
  }
  if (offset < range.next) holes.push({ from: offset, next: range.next })
  return holes
}

function rangesOf(log: PartitionLog, generation: number): OwnedRange[] {
  const cutOf = (asked: number) => log.cuts.get(asked) ?? noSuchGeneration(log, asked)
  if (generation > 1) cutOf(generation)
  return ownedRanges(generation, cutOf)
}

function noSuchGeneration({ partition }: PartitionLog, generation: number): never {
  const key = generationKey(partition, generation)
  throw new ArchiveCorruptError(`the beginning of generation ${generation} is not in the archive: ${key} is missing`, {
    key,
  })
}

import { ArchiveCorruptError } from '../errors.js'
import { ascending, larger, smaller } from '../internal/bigint.js'
import type { ArchiveStorage, ObjectInfo, StorageCallOptions } from '../storage/storage.js'
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

/** What is archived of a partition: its log. {@link listWhole} has the objects too. */
export async function listPartition(
  storage: ArchiveStorage,
  partition: PartitionIdentity,
  options: StorageCallOptions,
): Promise<PartitionLog> {
  return (await listWhole(storage, partition, options)).log
}

/**
 * Lists the objects of a partition, and tells what log they give. Where offsets are missing it lists again, until it sees the same twice: pages of
 * a listing are of different moments, and segments are merged and pruned meanwhile.
 */
export async function listWhole(
  storage: ArchiveStorage,
  partition: PartitionIdentity,
  { signal }: StorageCallOptions,
): Promise<{ readonly objects: PartitionObjects; readonly log: PartitionLog }> {
  let seen = ''
  for (;;) {
    const objects = await objectsOf(partition, storage.list(partitionPrefix(partition), { signal }))
    const log = await logOf(storage, objects, { signal })
    const holes = allHolesIn(log)
      .map(({ from, next }) => `${from}-${next}`)
      .join()
    if (holes === seen) return { objects, log }
    seen = holes
  }
}

/** The objects of one partition, by what their names say. */
export interface PartitionObjects {
  readonly partition: PartitionIdentity
  readonly segments: readonly SegmentInfo[]
  readonly gaps: readonly GapName[]
  /** Gaps that are not empty, as they should be. */
  readonly filledGaps: readonly (GapName & ObjectInfo)[]
  /** Generations that say where they begin. */
  readonly generations: readonly number[]
  /** All else: sidecars, and what kafkeep has not written. */
  readonly others: readonly ObjectInfo[]
  /** When the newest of them was stored, in epoch milliseconds; 0 where there is none. */
  readonly storedMs: number
}

/** Sorts the objects of a partition. */
export async function objectsOf(
  partition: PartitionIdentity,
  objects: AsyncIterable<ObjectInfo> | Iterable<ObjectInfo>,
): Promise<PartitionObjects> {
  const segments: SegmentInfo[] = []
  const gaps: GapName[] = []
  const filledGaps: (GapName & ObjectInfo)[] = []
  const generations: number[] = []
  const others: ObjectInfo[] = []
  let storedMs = 0
  for await (const info of objects) {
    const { key, sizeBytes, modifiedMs } = info
    storedMs = Math.max(storedMs, modifiedMs)
    const segment = parseSegmentKey(key)
    const gap = segment === undefined ? parseGapKey(key) : undefined
    const start = parseGenerationKey(key)
    if (segment !== undefined) segments.push({ ...segment, key, sizeBytes })
    else if (gap !== undefined) gaps.push(gap)
    else if (start !== undefined) generations.push(start.generation)
    else others.push(info)
    if (gap !== undefined && sizeBytes > 0) filledGaps.push({ ...gap, ...info })
  }
  return { partition, segments, gaps, filledGaps, generations, others, storedMs }
}

/** What sorted objects tell of a partition's log. */
export async function logOf(
  storage: ArchiveStorage,
  { partition, segments, gaps, generations, storedMs }: PartitionObjects,
  { signal }: StorageCallOptions,
): Promise<PartitionLog> {
  const cuts = new Map<number, bigint>()
  for (const generation of generations) cuts.set(generation, await readCut(storage, partition, generation, { signal }))
  return { partition, segments, gaps, newestGeneration: Math.max(1, ...generations), cuts, storedMs }
}

/** Every offset there can be. */
export const ALL_OFFSETS: OffsetRange = { from: 0n, next: 2n ** 63n - 1n }

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

/** What the newest generation lacks between its first and its last offset, without an explanation. */
export function allHolesIn(log: PartitionLog): OffsetRange[] {
  const generation = log.newestGeneration
  for (let older = 2; older < generation; older++) if (!log.cuts.has(older)) return []
  const parts = [...chainFor(log, { generation, ...ALL_OFFSETS }), ...gapsFor(log, { generation, ...ALL_OFFSETS })]
  const from = parts.reduce((first, part) => smaller(first, part.from), ALL_OFFSETS.next)
  const next = parts.reduce((last, part) => larger(last, part.next), from)
  return holesIn(log, { generation, from, next })
}

/** Where a part of the log begins, if what was pruned of its beginning is left out. */
export function unprunedFrom(log: PartitionLog, range: LogRange): bigint {
  const chain = chainFor(log, range)
  const pruned = gapsFor(log, range).filter(({ cause }) => cause === 'pruned')
  let { from } = range
  for (;;) {
    if (chain.some((link) => isAt(link, from))) return from
    const gap = pruned.find((known) => isAt(known, from))
    if (gap === undefined) return from
    from = gap.next
  }
}

function isAt({ from, next }: OffsetRange, offset: bigint): boolean {
  return from <= offset && offset < next
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

import { ArchiveCorruptError } from '../errors.js'
import { ascending, larger, smaller } from '../internal/bigint.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { type ChainLink, chainOf, ownedRanges } from './chain.js'
import { readCut } from './generation.js'
import {
  type GapName,
  generationKey,
  type PartitionIdentity,
  parseGapKey,
  parseGenerationKey,
  parseSegmentKey,
  partitionPrefix,
  type SegmentName,
} from './names.js'

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
  for await (const { key, sizeBytes } of storage.list(partitionPrefix(partition), { signal })) {
    const segment = parseSegmentKey(key)
    if (segment !== undefined) segments.push({ ...segment, key, sizeBytes })
    const gap = parseGapKey(key)
    if (gap !== undefined) gaps.push(gap)
    const start = parseGenerationKey(key)
    if (start !== undefined) cuts.set(start.generation, await readCut(storage, partition, start.generation, { signal }))
  }
  const newestGeneration = Math.max(1, ...cuts.keys())
  return { partition, segments, gaps, newestGeneration, cuts }
}

/** The segments that give the log as generation `generation` has it, between `from` and `next`. */
export function chainFor(
  log: PartitionLog,
  { generation, from, next }: { readonly generation: number; readonly from: bigint; readonly next: bigint },
): ChainLink<SegmentInfo>[] {
  if (generation > log.newestGeneration) {
    const key = generationKey(log.partition, generation)
    throw new ArchiveCorruptError(`generation ${generation} is not in the archive: there is no ${key}`, { key })
  }
  return chainOf(log.segments, ownedRanges(generation, log.cuts)).flatMap((link) => {
    const start = larger(link.from, from)
    const end = smaller(link.next, next)
    return start < end ? [{ segment: link.segment, from: start, next: end }] : []
  })
}

/** The offsets `[from, next)` of which a chain has no segment and no gap explains why. */
export function holesIn(
  log: PartitionLog,
  { generation, from, next }: { readonly generation: number; readonly from: bigint; readonly next: bigint },
): { readonly from: bigint; readonly next: bigint }[] {
  const explained = [
    ...chainFor(log, { generation, from, next }),
    ...log.gaps.filter((gap) => gap.generation <= generation),
  ]
  explained.sort((a, b) => ascending(a.from, b.from))
  const holes: { readonly from: bigint; readonly next: bigint }[] = []
  let offset = from
  for (const range of explained) {
    if (range.from > offset) holes.push({ from: offset, next: smaller(range.from, next) })
    offset = larger(offset, range.next)
    if (offset >= next) return holes
  }
  if (offset < next) holes.push({ from: offset, next })
  return holes
}

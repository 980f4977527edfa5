import { type ChainLink, chainOf } from '../archive/chain.js'
import { isWithin } from '../archive/offset-ranges.js'
import { ALL_OFFSETS, type PartitionLog, type SegmentInfo } from '../archive/partition-log.js'

/** Parts of segments of one generation, one right behind the other. */
export type MergeGroup = readonly ChainLink<SegmentInfo>[]

/**
 * The small neighbours that can become one segment. The last segment of each generation is none of them: the archiver
 * goes on from it, and whoever lists while segments are merged must not find the log to end earlier than it does.
 */
export function mergeGroups(log: PartitionLog, segmentBytes: number): MergeGroup[] {
  const groups: ChainLink<SegmentInfo>[][] = []
  for (const links of settledChains(log)) {
    let group: ChainLink<SegmentInfo>[] = []
    let bytes = 0
    for (const link of links) {
      const { sizeBytes, extension } = link.segment
      const last = group.at(-1)
      const joins = last?.next === link.from && last.segment.extension === extension
      const isSmall = sizeBytes < segmentBytes / 2
      if (!joins || !isSmall || bytes + sizeBytes > segmentBytes) {
        group = []
        bytes = 0
        groups.push(group)
      }
      if (!isSmall) continue
      group.push(link)
      bytes += sizeBytes
    }
  }
  return groups.filter(({ length }) => length > 1)
}

/** Segments that others of their generation hold whole, by these: duplicates, and what a merge has left behind. */
export function superseded(log: PartitionLog): Map<SegmentInfo, SegmentInfo[]> {
  const found = new Map<SegmentInfo, SegmentInfo[]>()
  for (const links of settledChains(log)) {
    const chain = new Set(links.map(({ segment }) => segment))
    const spares = log.segments.filter(
      (spare) => spare.generation === links[0]?.segment.generation && !chain.has(spare),
    )
    for (const segment of spares.length === 0 ? [] : chain) {
      const inside = spares.filter((spare) => isWithin(spare, segment))
      if (inside.length > 0) found.set(segment, inside)
    }
  }
  return found
}

/** What gives each generation, without its last segment. */
function settledChains(log: PartitionLog): ChainLink<SegmentInfo>[][] {
  const generations = [...new Set(log.segments.map(({ generation }) => generation))]
  return generations.map((generation) => chainOf(log.segments, [{ generation, ...ALL_OFFSETS }]).slice(0, -1))
}

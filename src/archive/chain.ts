import { ascending, smaller } from '../internal/bigint.js'
import type { OffsetRange, SegmentName } from './names.js'

/** The offsets that one generation holds in a chain. */
export interface OwnedRange {
  readonly generation: number
  readonly from: bigint
  readonly next: bigint
}

/** A part of a segment that gives the offsets `[from, next)`. */
export interface ChainLink<S extends SegmentName> {
  readonly segment: S
  readonly from: bigint
  readonly next: bigint
}

const FIRST_OFFSET = 0n
const AFTER_LAST_OFFSET = 2n ** 63n - 1n

/**
 * Which generation holds which offsets in the state of generation `newest`: it holds everything from its cut on, and
 * below that the older ones do. `cutOf` tells where each generation from 2 on begins.
 */
export function ownedRanges(newest: number, cutOf: (generation: number) => bigint): OwnedRange[] {
  const ranges: OwnedRange[] = []
  let next = AFTER_LAST_OFFSET
  for (let generation = newest; generation >= 1 && next > FIRST_OFFSET; generation--) {
    const from = generation === 1 ? FIRST_OFFSET : cutOf(generation)
    if (from >= next) continue
    ranges.unshift({ generation, from, next })
    next = from
  }
  return ranges
}

/**
 * The segments that together give every archived offset once, in order. Inside a generation overlapping segments
 * agree, so from each offset on the one that reaches farthest is taken. Where no segment has an offset the chain
 * goes on at the next one that is there.
 */
export function chainOf<S extends SegmentName>(segments: readonly S[], ranges: readonly OwnedRange[]): ChainLink<S>[] {
  return ranges.flatMap(({ generation, from, next }) => {
    const candidates = segments.filter(
      (segment) => segment.generation === generation && segment.next > from && segment.from < next,
    )
    return linksOf(candidates, from, next)
  })
}

/** What gives the first of some offsets: of `candidates`, all of one generation, the one that reaches farthest there. */
export function firstLink<S extends SegmentName>(
  candidates: readonly S[],
  { from, next }: OffsetRange,
): ChainLink<S> | undefined {
  return linksOf(candidates, from, next)[0]
}

function linksOf<S extends SegmentName>(candidates: readonly S[], from: bigint, next: bigint): ChainLink<S>[] {
  const ordered = [...candidates].sort((a, b) => ascending(a.from, b.from) || ascending(b.next, a.next))
  const links: ChainLink<S>[] = []
  let offset = from
  let index = 0
  while (offset < next) {
    let farthest: S | undefined
    for (; index < ordered.length; index++) {
      const candidate = ordered[index]
      if (candidate === undefined || candidate.from > offset) break
      if (candidate.next > (farthest?.next ?? offset)) farthest = candidate
    }
    if (farthest === undefined) {
      const ahead = ordered[index]
      if (ahead === undefined) break
      offset = ahead.from
      continue
    }
    const end = smaller(farthest.next, next)
    links.push({ segment: farthest, from: offset, next: end })
    offset = end
  }
  return links
}

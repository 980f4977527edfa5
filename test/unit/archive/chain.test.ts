import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainOf, ownedRanges } from '../../../src/archive/chain.js'
import type { GapName } from '../../../src/archive/names.js'
import { chainFor, holesIn, type PartitionLog } from '../../../src/archive/partition-log.js'
import { PARTITION, partitionLog, segmentInfo } from '../../support/segments.js'

const END = 40

const range = fc
  .tuple(fc.nat({ max: END - 1 }), fc.integer({ min: 1, max: 12 }))
  .map(([from, length]) => ({ from: BigInt(from), next: BigInt(Math.min(END, from + length)) }))
const placed = fc.record({ range, generation: fc.integer({ min: 1, max: 3 }) })

/** Any mess of segments and gaps over three generations; the listing gives segments in any order. */
const anyLog: fc.Arbitrary<PartitionLog> = fc
  .record({
    segments: fc.array(placed, { maxLength: 14 }),
    gaps: fc.array(placed, { maxLength: 4 }),
    cuts: fc.tuple(fc.nat({ max: END }), fc.nat({ max: END })),
    generations: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ segments, gaps, cuts, generations }) =>
    partitionLog({
      segments: segments.map(({ range, generation }, crc32c) => segmentInfo({ ...range, generation, crc32c })),
      gaps: gaps.map(({ range, generation }): GapName => ({ ...PARTITION, ...range, generation, cause: 'retention' })),
      cuts: new Map(
        [2, 3].slice(0, generations - 1).map((generation, index) => [generation, BigInt(cuts[index] ?? 0)]),
      ),
      newestGeneration: generations,
    }),
  )

/** The generation that holds `offset`: the newest one that begins at or before it. One offset at a time, no ranges. */
function ownerOf(offset: bigint, { cuts }: PartitionLog, newest: number): number {
  for (let generation = newest; generation > 1; generation--) {
    const cut = cuts.get(generation)
    if (cut !== undefined && cut <= offset) return generation
  }
  return 1
}

function covers(place: { readonly from: bigint; readonly next: bigint }, offset: bigint): boolean {
  return offset >= place.from && offset < place.next
}

const everyOffset = Array.from({ length: END }, (_, offset) => BigInt(offset))

describe('a chain', () => {
  it('gives every archived offset once, from the generation that holds it, however segments overlap', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const generation = log.newestGeneration
        const links = chainOf(
          log.segments,
          ownedRanges(generation, (cut) => log.cuts.get(cut) ?? 0n),
        )
        for (const link of links) expect(link.segment.from <= link.from && link.next <= link.segment.next).toBe(true)
        for (const offset of everyOffset) {
          const owner = ownerOf(offset, log, generation)
          const archived = log.segments.some((segment) => segment.generation === owner && covers(segment, offset))
          const giving = links.filter((link) => covers(link, offset))
          expect(giving.map(({ segment }) => segment.generation)).toEqual(archived ? [owner] : [])
        }
        expect(links.every(({ from }, index) => from >= (links[index - 1]?.next ?? 0n))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('of a range is the part of the whole chain that lies in it', () => {
    fc.assert(
      fc.property(anyLog, range, (log, { from, next }) => {
        const generation = log.newestGeneration
        const whole = chainFor(log, { generation, from: 0n, next: BigInt(END) })
        const part = chainFor(log, { generation, from, next })
        for (const offset of everyOffset) {
          const expected = covers({ from, next }, offset) ? whole.filter((link) => covers(link, offset)) : []
          const found = part.filter((link) => covers(link, offset))
          expect(found.map(({ segment }) => segment.key)).toEqual(expected.map(({ segment }) => segment.key))
        }
      }),
    )
  })

  it('needs no more segments than reach farthest', () => {
    const ranges = [
      [0n, 10n],
      [0n, 25n],
      [5n, 12n],
      [20n, 30n],
      [24n, 40n],
    ] as const
    const segments = ranges.map(([from, next]) => segmentInfo({ from, next }))
    const links = chainOf(
      segments,
      ownedRanges(1, () => 0n),
    )
    expect(links.map(({ from, next }) => [from, next])).toEqual([
      [0n, 25n],
      [25n, 40n],
    ])
  })

  it('of a generation that the archive does not have is damage', () => {
    const choice = { generation: 2, from: 0n, next: 1n }
    expect(() => chainFor(partitionLog(), choice)).toThrow(expect.objectContaining({ code: 'ARCHIVE_CORRUPT' }))
  })

  it('never takes a generation whose beginning is lost for one that begins at 0', () => {
    const log = partitionLog({
      segments: [
        segmentInfo({ generation: 1, from: 0n, next: 10n }),
        segmentInfo({ generation: 2, from: 10n, next: 20n }),
      ],
      cuts: new Map([[3, 20n]]),
      newestGeneration: 3,
    })
    expect(() => chainFor(log, { generation: 3, from: 0n, next: 30n })).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_CORRUPT', key: expect.stringMatching(/\/g2\.json$/) }),
    )
  })
})

describe('holes', () => {
  it('are the offsets that neither a segment gives nor a gap of the generation that holds them explains', () => {
    fc.assert(
      fc.property(anyLog, range, (log, { from, next }) => {
        const generation = log.newestGeneration
        const holes = holesIn(log, { generation, from, next })
        for (const hole of holes) expect(hole.from < hole.next).toBe(true)
        for (const offset of everyOffset) {
          const owner = ownerOf(offset, log, generation)
          const known = [...log.segments, ...log.gaps].some(
            (place) => place.generation === owner && covers(place, offset),
          )
          const expected = covers({ from, next }, offset) && !known
          expect(holes.filter((hole) => covers(hole, offset)).length).toBe(expected ? 1 : 0)
        }
      }),
      { numRuns: 500 },
    )
  })
})

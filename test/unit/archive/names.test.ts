import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type GapName,
  gapKey,
  generationKey,
  type PartitionIdentity,
  parseGapKey,
  parseGenerationKey,
  parseSegmentKey,
  type SegmentName,
  segmentKey,
} from '../../../src/archive/names.js'
import { PARTITION } from '../../support/segments.js'

const text = (characters: string, max: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: max })
const LETTERS = 'abzABZ019_-'
const offset = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), fc.constantFrom(0n, 1n, 2n ** 63n - 1n))
const int32 = fc.oneof(fc.nat({ max: 2 ** 31 - 1 }), fc.constantFrom(0, 2 ** 31 - 1))
const range = fc
  .uniqueArray(offset, { minLength: 2, maxLength: 2 })
  .map(([a = 0n, b = 1n]) => (a < b ? { from: a, next: b } : { from: b, next: a }))

const identity: fc.Arbitrary<PartitionIdentity> = fc.record({
  topic: text(`${LETTERS}.`, 249),
  topicId: text(LETTERS, 64),
  partition: int32,
})
const generation = fc.integer({ min: 1, max: 2 ** 31 - 1 })

const segmentName: fc.Arbitrary<SegmentName> = fc
  .record({
    identity,
    range,
    generation,
    firstEpoch: fc.oneof(fc.constant(-1), int32),
    lastEpoch: fc.oneof(fc.constant(-1), int32),
    records: fc.nat({ max: 2 ** 31 - 1 }),
    maxTimestampMs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    abortedTransactions: fc.nat({ max: 1_000_000 }),
    crc32c: fc.nat({ max: 2 ** 32 - 1 }),
    extension: fc.array(text(LETTERS, 8), { minLength: 1, maxLength: 3 }).map((parts) => `.${parts.join('.')}`),
  })
  .map(({ identity, range, ...rest }) => ({ ...identity, ...range, ...rest }))

const gapName: fc.Arbitrary<GapName> = fc
  .record({
    identity,
    range,
    generation,
    cause: fc.constantFrom('retention' as const, 'deleted' as const, 'tombstones' as const, 'unknown' as const),
  })
  .map(({ identity, range, ...rest }) => ({ ...identity, ...range, ...rest }))

const EXAMPLE =
  'topics/orders/AbCdEfGhIjKlMnOpQrStUv/3/g1/00000000000000000007-00000000000000000042.e0-5.n35.t1795000000000.a2.c0badcafe.log'

describe('the key of a segment', () => {
  it('reads as the format says', () => {
    const name: SegmentName = {
      ...PARTITION,
      ...{ generation: 1, from: 7n, next: 42n, firstEpoch: 0, lastEpoch: 5, records: 35 },
      ...{ maxTimestampMs: 1_795_000_000_000n, abortedTransactions: 2, crc32c: 0x0badcafe, extension: '.log' },
    }
    expect(segmentKey(name)).toBe(EXAMPLE)
    expect(parseSegmentKey(EXAMPLE)).toEqual(name)
  })

  it('gives back what it was made of', () => {
    fc.assert(
      fc.property(segmentName, (name) => {
        expect(parseSegmentKey(segmentKey(name))).toEqual(name)
      }),
    )
  })

  it('is never taken for another kind of key', () => {
    fc.assert(
      fc.property(segmentName, (name) => {
        expect(parseGapKey(segmentKey(name))).toBeUndefined()
        expect(parseGenerationKey(segmentKey(name))).toBeUndefined()
        expect(parseSegmentKey(`${segmentKey(name)}.aborted.json`)).toBeUndefined()
      }),
    )
  })

  it.each([
    ['an empty range', /7-0{18}42/, '7-00000000000000000007'],
    ['a range that runs backwards', /7-0{18}42/, '7-00000000000000000006'],
    ['an offset beyond 64 bits', /-0{18}42/, '-09223372036854775808'],
    ['an offset of 19 digits', /0{19}7-/, '0000000000000000007-'],
    ['a partition with a zero before it', '/3/', '/03/'],
    ['a partition below zero', '/3/', '/-3/'],
    ['generation 0', '/g1/', '/g0/'],
    ['an epoch with a zero before it', '.e0-5', '.e0-05'],
    ['an epoch of -2', '.e0-5', '.e-2-5'],
    ['records below zero', '.n35', '.n-35'],
    ['a timestamp of minus zero', '.t1795000000000', '.t-0'],
    ['a checksum in capitals', '0badcafe', '0BADCAFE'],
    ['a checksum of nine digits', '0badcafe', '00badcafe'],
    ['no extension', '.log', ''],
    ['an extension that ends in a dot', '.log', '.'],
    ['another folder before it', 'topics/', 'x/topics/'],
    ['a topic with a slash', 'orders', 'or/ders'],
    ['a topic of a name Kafka refuses', 'orders', 'or ders'],
    ['a line behind it', '.log', '.log\n'],
    ['a temporary name', '.log', '.log~'],
  ])('is refused with %s', (_, part, replacement) => {
    const key = EXAMPLE.replace(part, replacement)
    expect(key).not.toBe(EXAMPLE)
    expect(parseSegmentKey(key)).toBeUndefined()
  })

  it.each([
    ['a partition', '/3/', '/2147483648/'],
    ['a generation', '/g1/', '/g9999999999/'],
    ['a leader epoch', '.e0-5', '.e0-2147483648'],
    ['a timestamp', '.t1795000000000', '.t9223372036854775808'],
  ])('is refused with %s beyond its 32 or 64 bits', (_, part, replacement) => {
    expect(parseSegmentKey(EXAMPLE.replace(part, replacement))).toBeUndefined()
  })
})

describe('the key of a gap', () => {
  it('gives back what it was made of, and is never taken for a segment', () => {
    fc.assert(
      fc.property(gapName, (name) => {
        expect(parseGapKey(gapKey(name))).toEqual(name)
        expect(parseSegmentKey(gapKey(name))).toBeUndefined()
      }),
    )
  })

  it('is refused with a cause that is not known, or an empty range', () => {
    const key = gapKey({ ...PARTITION, generation: 1, from: 0n, next: 5n, cause: 'retention' })
    expect(key).toMatch(/\/g1\/0{20}-0{19}5\.retention\.gap$/)
    expect(parseGapKey(key.replace('retention', 'fire'))).toBeUndefined()
    expect(parseGapKey(key.replace(/0{19}5/, '0'.repeat(20)))).toBeUndefined()
  })
})

describe('the key of a generation', () => {
  it('gives back what it was made of', () => {
    fc.assert(
      fc.property(identity, generation, (partition, number) => {
        expect(parseGenerationKey(generationKey(partition, number))).toEqual({ ...partition, generation: number })
      }),
    )
  })

  it('is refused with a number that is none', () => {
    for (const number of ['0', '01', '-1', '1.5', '']) {
      const key = generationKey(PARTITION, 7).replace('g7', `g${number}`)
      expect(parseGenerationKey(key)).toBeUndefined()
    }
  })
})

describe('any other key', () => {
  it('is none of them', () => {
    const piece = fc.oneof(
      fc.constantFrom('topics', 'orders', '0', 'g1', 'g1.json', '..', 'topic.json', '.log', '%00', 'é', '\n', '//'),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const key = pieces.join('/')
        fc.pre(!/^topics\/[\w.-]+\/[\w-]+\/\d+\/g[1-9]\d*\.json$/.test(key))
        for (const parse of [parseSegmentKey, parseGapKey, parseGenerationKey]) expect(parse(key)).toBeUndefined()
      }),
    )
  })
})

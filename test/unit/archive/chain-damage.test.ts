import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChainLink } from '../../../src/archive/chain.js'
import type { Hole } from '../../../src/archive/finding.js'
import { abortedKey } from '../../../src/archive/names.js'
import { chainFor, type SegmentInfo } from '../../../src/archive/partition-log.js'
import { readChain, recordsOf } from '../../../src/archive/read-chain.js'
import { binaryFraming } from '../../../src/codec/binary-framing.js'
import { ArchiveCorruptError, LossyCodecError, StorageError, UnsupportedFormatError } from '../../../src/errors.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { withFaults } from '../../../src/testing/faults.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { DAMAGES, type Damage, inflict, putCutOff } from '../../support/damage.js'
import { partitionLog, putLog, putSegment } from '../../support/segments.js'
import { cutAt, rangeOf, transactionalLog, transactionalLogOf } from '../../support/transactional-log.js'
import { collected } from '../../support/znode-arbitrary.js'

type Isolation = 'committed' | 'uncommitted'

/** What a read gives, what it leaves out, and how it ends. */
interface Outcome {
  readonly offsets: bigint[]
  readonly holes: Hole[]
  readonly error?: unknown
}

async function read(
  storage: MemoryStorage,
  chain: readonly ChainLink<SegmentInfo>[],
  spares: readonly SegmentInfo[],
  { skip, isolation = 'committed' }: { readonly skip: boolean; readonly isolation?: Isolation },
): Promise<Outcome> {
  const offsets: bigint[] = []
  const holes: Hole[] = []
  const onDamage = skip ? ({ hole }: { readonly hole: Hole }) => void holes.push(hole) : undefined
  try {
    for await (const item of readChain({ storage, codecs: [] }, chain, { isolation, spares, onDamage })) {
      for (const { offset } of recordsOf(item)) offsets.push(offset)
    }
    return { offsets, holes }
  } catch (error) {
    return { offsets, holes, error }
  }
}

function chainOf(segments: readonly SegmentInfo[]): ChainLink<SegmentInfo>[] {
  return chainFor(partitionLog({ segments }), { generation: 1, from: 0n, next: 2n ** 62n })
}

function offsetsIn(ranges: readonly { readonly from: bigint; readonly next: bigint }[]): bigint[] {
  return ranges.flatMap(({ from, next }) => Array.from({ length: Number(next - from) }, (_, n) => from + BigInt(n)))
}

const PLACES = [
  ['first', 0],
  ['middle', 1],
  ['last', 2],
] as const

describe.each(DAMAGES)('%s', (damage: Damage) => {
  /** Three segments with two records, an aborted transaction of two and its marker each, and maybe one more a batch. */
  async function archive({ overlapping }: { readonly overlapping: boolean }) {
    const storage = new MemoryStorage()
    const log = transactionalLogOf(
      [0, 1, 2].flatMap(() => [
        { producer: 0, action: 'write-plainly', records: 2 } as const,
        { producer: 0, action: 'write', records: 2 } as const,
        { producer: 0, action: 'abort', records: 1 } as const,
      ]),
    )
    const chain = chainOf(await putLog(storage, log, [3, 6]))
    const spares = overlapping ? await putLog(storage, log, [1, 2, 4, 5, 7, 8]) : []
    expect(chain).toHaveLength(3)
    return { storage, log, chain, spares }
  }

  describe.each(PLACES)('in the %s segment', (_, index) => {
    it.each(['error', 'skip'])('costs nothing where others overlap it, with %s', async (onDamage) => {
      const { storage, log, chain, spares } = await archive({ overlapping: true })
      await inflict(storage, linkAt(chain, index).segment, damage)
      const outcome = await read(storage, chain, spares, { skip: onDamage === 'skip' })
      expect(outcome).toEqual({ offsets: log.committed, holes: [] })
    })

    it('is left out where nothing overlaps it, and told', async () => {
      const { storage, log, chain } = await archive({ overlapping: false })
      const { segment, from, next } = linkAt(chain, index)
      const key = await inflict(storage, segment, damage)
      const { offsets, holes, error } = await read(storage, chain, [], { skip: true })
      expect(error).toBeUndefined()
      expect(offsets).toEqual(log.committed.filter((offset) => offset < from || offset >= next))
      const kind = damage.includes('missing') ? 'missing' : 'damaged'
      const place = { topic: 'orders', partition: 3, from, next }
      expect(holes).toEqual([{ kind, key, ...place, text: expect.stringContaining(`offsets ${from} to ${next - 1n}`) }])
    })

    it('is an error where nothing overlaps it, before anything of it is given', async () => {
      const { storage, log, chain } = await archive({ overlapping: false })
      const { segment, from, next } = linkAt(chain, index)
      const key = await inflict(storage, segment, damage)
      const { offsets, error } = await read(storage, chain, [], { skip: false })
      expect(offsets).toEqual(log.committed.filter((offset) => offset < from))
      expect(error).toBeInstanceOf(ArchiveCorruptError)
      expect(error).toMatchObject({ key, from, next, cause: expect.any(ArchiveCorruptError), hint: expect.any(String) })
      const rest = index === 2 ? [] : [`(${2 - index}, with offsets ${next} to ${log.end - 1n}) do not depend on it`]
      expect(String(error)).toContain(rest.join(''))
    })
  })

  it('does not keep what is not committed from being read, if only the sidecar is concerned', async () => {
    const { storage, chain } = await archive({ overlapping: false })
    await inflict(storage, linkAt(chain, 1).segment, damage)
    const { error } = await read(storage, chain, [], { skip: false, isolation: 'uncommitted' })
    expect(error === undefined).toBe(damage.includes('sidecar'))
  })
})

describe('a chain with damaged segments', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 5 })
  const damages = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...DAMAGES)), { minLength: 1, maxLength: 5 })

  it('gives each offset that an intact segment has once and in order, and tells each of the others once', async () => {
    let left = 0
    await fc.assert(
      fc.asyncProperty(transactionalLog, cuts, cuts, damages, async (log, one, other, inflicted) => {
        const storage = new MemoryStorage()
        const segments = [...(await putLog(storage, log, one)), ...(await putLog(storage, log, other))]
        const damaged = new Set<string>()
        for (const [at, damage] of inflicted) {
          const segment = segments[at % segments.length]
          if (segment === undefined || damaged.has(segment.key)) continue
          if (damage.includes('sidecar') && segment.abortedTransactions === 0) continue
          await inflict(storage, segment, damage)
          damaged.add(segment.key)
        }
        const lost = offsetsIn([{ from: 0n, next: log.end }]).filter(
          (offset) => !segments.some(({ key, from, next }) => !damaged.has(key) && from <= offset && offset < next),
        )
        left += lost.length
        const chain = chainOf(segments)
        const skipped = await read(storage, chain, segments, { skip: true })
        expect(skipped.error).toBeUndefined()
        expect(skipped.offsets).toEqual(log.committed.filter((offset) => !lost.includes(offset)))
        expect(offsetsIn(skipped.holes)).toEqual(lost)
        const refused = await read(storage, chain, segments, { skip: false })
        const [first = log.end] = lost
        expect(refused.offsets).toEqual(log.committed.filter((offset) => offset < first))
        expect(refused.error).toEqual(lost.length === 0 ? undefined : expect.objectContaining({ from: first }))
      }),
      { numRuns: 300 },
    )
    expect(left).toBeGreaterThan(0)
  })

  it('goes on from the offset reached where a segment turns out in its middle not to be decodable', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, cuts, cuts, fc.array(fc.nat()), async (log, one, other, wholes) => {
        const storage = new MemoryStorage()
        const spares = await putLog(storage, log, other)
        const torn: SegmentInfo[] = []
        const lost: bigint[] = []
        for (const [index, piece] of cutAt(log.batches, one).entries()) {
          const { from, next } = rangeOf(piece)
          const whole = (wholes[index] ?? 0) % (piece.length + 1)
          torn.push(await putCutOff(storage, piece, whole, log.abortedIn(from, next)))
          lost.push(...offsetsIn([rangeOf(piece.slice(whole))]))
        }
        const chain = chainOf(torn)
        const given = await read(storage, chain, [...torn, ...spares], { skip: false })
        expect(given).toEqual({ offsets: log.committed, holes: [] })
        const alone = await read(storage, chain, torn, { skip: true })
        expect(offsetsIn(alone.holes)).toEqual(lost)
        expect(alone.offsets).toEqual(log.committed.filter((offset) => !lost.includes(offset)))
      }),
      { numRuns: 200 },
    )
  })

  it('names every object that should have given what is lost', async () => {
    const storage = new MemoryStorage()
    const batch = batchView({ records: numberedRecords(3) })
    const segments = [await putSegment(storage, [batch]), await putSegment(storage, [batch], { lastEpoch: 1 })]
    const [link] = chainOf(segments)
    for (const segment of segments) await inflict(storage, segment, 'a flipped bit')
    const { holes } = await read(storage, chainOf(segments), segments, { skip: true })
    const spare = segments.find((segment) => segment !== link?.segment)
    expect(holes).toMatchObject([{ key: link?.segment.key, from: 0n, next: 3n }])
    expect(holes[0]?.text).toContain(spare?.key)
  })

  it('is not mended from another generation', async () => {
    const storage = new MemoryStorage()
    const batch = batchView({ records: numberedRecords(3) })
    const segment = await putSegment(storage, [batch])
    const other = await putSegment(storage, [batch], { generation: 2 })
    await inflict(storage, segment, 'a missing object')
    const { offsets } = await read(storage, chainOf([segment]), [segment, other], { skip: true })
    expect(offsets).toEqual([])
  })

  it('still ends with the error of a store that fails, or of a codec that is not known, and leaves nothing out', async () => {
    const memory = new MemoryStorage()
    const batch = batchView({ records: numberedRecords(3) })
    const segment = await putSegment(memory, [batch])
    const locked = await putSegment(memory, [batch], { extension: '.log.locked' })
    const { proxy, fail } = withFaults(memory)
    const down = new StorageError('down')
    fail('get', down, { afterItems: 0 })
    expect(await read(proxy, chainOf([segment]), [], { skip: true })).toEqual({ offsets: [], holes: [], error: down })
    await inflict(memory, segment, 'a flipped bit')
    const { holes, error } = await read(memory, chainOf([segment]), [segment, locked], { skip: true })
    expect(holes).toEqual([])
    expect(error).toBeInstanceOf(UnsupportedFormatError)
  })
})

describe('a segment of a codec that keeps no offsets', () => {
  const batch = batchView({ records: [{ value: Buffer.from('a') }, { offsetDelta: 6, value: Buffer.from('b') }] })
  const frames = Buffer.from([0, 0, 0, 1, 97, 0, 0, 0, 1, 98])
  const { extension } = binaryFraming({ keys: false })

  it('stands in for a damaged one where all of it is wanted, and nowhere else', async () => {
    const storage = new MemoryStorage()
    const segment = await putSegment(storage, [batch])
    const lossy = await putSegment(storage, [batch], { extension, bytes: frames })
    await inflict(storage, segment, 'a flipped bit')
    const chain = chainOf([segment])
    expect(await read(storage, chain, [segment, lossy], { skip: false })).toMatchObject({
      offsets: [0n, 1n],
      holes: [],
    })
    const part = chain.map((link) => ({ ...link, from: 1n }))
    const { offsets, holes } = await read(storage, part, [segment, lossy], { skip: true })
    expect(offsets).toEqual([])
    expect(holes).toMatchObject([{ from: 1n, next: 7n }])
    const lossyPart = [{ segment: lossy, from: 1n, next: 7n }]
    const { error } = await read(storage, lossyPart, [], { skip: true })
    expect(error).toBeInstanceOf(LossyCodecError)
  })

  it('that cannot be decoded to its end is an error after its first records: nobody knows which are to come', async () => {
    const storage = new MemoryStorage()
    const megabyte = Buffer.alloc(1_048_576, 97)
    const length = Buffer.from([0, 0x10, 0, 0])
    const torn = Buffer.concat([length, megabyte, length, megabyte, length, megabyte.subarray(1)])
    const lossy = await putSegment(storage, [batch], { extension, bytes: torn })
    const spare = await putSegment(storage, [batch])
    const { offsets, error } = await read(storage, chainOf([lossy]), [lossy, spare], { skip: true })
    expect(offsets).toEqual([0n])
    expect(error).toMatchObject({ code: 'ARCHIVE_CORRUPT', key: lossy.key })
  })
})

describe('an intact chain', () => {
  it('costs one request a segment, and one a sidecar', async () => {
    const memory = new MemoryStorage()
    const log = transactionalLogOf([
      { producer: 0, action: 'write', records: 2 },
      { producer: 0, action: 'abort', records: 1 },
      { producer: 0, action: 'write-plainly', records: 2 },
    ])
    const segments = await putLog(memory, log, [2])
    const calls: [unknown, unknown][] = []
    const storage = new Proxy(memory, {
      get: (target, name) => (key: unknown) => {
        calls.push([name, key])
        return Reflect.apply(Reflect.get(target, name, target) as (key: unknown) => unknown, target, [key])
      },
    })
    const options = { isolation: 'committed', spares: segments } as const
    await collected(readChain({ storage, codecs: [] }, chainOf(segments), options))
    const [first, second] = chainOf(segments).map(({ segment }) => segment.key)
    expect(calls).toEqual([
      ['get', abortedKey(first ?? '')],
      ['get', first],
      ['get', second],
    ])
  })
})

function linkAt(chain: readonly ChainLink<SegmentInfo>[], index: number): ChainLink<SegmentInfo> {
  const link = chain[index]
  if (link === undefined) throw new Error(`the chain has no link ${index}`)
  return link
}

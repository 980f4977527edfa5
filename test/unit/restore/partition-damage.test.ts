import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { chainFor, holesIn, listPartition, type SegmentInfo } from '../../../src/archive/partition-log.js'
import { RestoreConflictError } from '../../../src/errors.js'
import type { DamageEvent } from '../../../src/restore/events.js'
import { type OnDamage, PartitionDamage } from '../../../src/restore/partition-damage.js'
import { readSkippedHoles } from '../../../src/restore/skipped-holes.js'
import { translatedSteps } from '../../../src/restore/translated-steps.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { DAMAGES, inflict } from '../../support/damage.js'
import type { PartitionModel } from '../../support/partition-model.js'
import { restoringFrom, targetModel } from '../../support/restoring.js'
import { PARTITION, putSegment } from '../../support/segments.js'

// The waits before a repetition are random up to a limit; here they are none.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.restoreAllMocks()
})

const RESTORE = { clusterId: 'c', topicId: 'id' }
const RECORDS = 3
/** Too large to be put together, so that each batch is a request of its own. */
const PADDING = ' '.repeat(40_000)

/** A segment with one batch of three records, whose values name their offsets. */
function segmentAt(storage: MemoryStorage, index: number, padding = PADDING): Promise<SegmentInfo> {
  const baseOffset = BigInt(index * RECORDS)
  const records = Array.from({ length: RECORDS }, (_, at) => ({
    value: Buffer.from(`${index * RECORDS + at}${padding}`),
  }))
  return putSegment(storage, [batchView({ baseOffset, records })])
}

async function archive(segments: number, padding?: string) {
  const storage = new MemoryStorage()
  const stored: SegmentInfo[] = []
  for (let index = 0; index < segments; index++) stored.push(await segmentAt(storage, index, padding))
  return { storage, segments: stored, next: BigInt(segments * RECORDS) }
}

/** Restores as far as `batches` batches, or to the end. */
async function restore(
  { storage, next }: { readonly storage: MemoryStorage; readonly next: bigint },
  model: PartitionModel,
  {
    onDamage = 'skip',
    batches = Number.POSITIVE_INFINITY,
    maxInFlight = 5,
  }: { readonly onDamage?: OnDamage; readonly batches?: number; readonly maxInFlight?: number },
) {
  const log = await listPartition(storage, PARTITION, {})
  const state = { partition: PARTITION.partition, generation: 1, from: 0n, next }
  const place = { topic: PARTITION.topic, partition: PARTITION.partition }
  const holes = holesIn(log, state).map((hole) => ({ kind: 'missing' as const, ...place, ...hole, text: 'is gone' }))
  const links = chainFor(log, state)
  const chain = { ...state, chain: links, segments: log.segments, holes, records: 0n, dense: false, trueOffsets: true }
  const skipped = await readSkippedHoles(storage, RESTORE, {})
  const damage = new PartitionDamage({ state: storage, target: RESTORE, onDamage, skipped, chain })
  const events: DamageEvent[] = [...damage.events()]
  let taken = 0
  const open = (restored: bigint) =>
    damage.batches(restored, (links, policy) => translatedSteps({ storage, codecs: [] }, links, policy))
  for await (const _ of restoringFrom(model, open, { maxInFlight })) {
    events.push(...damage.events())
    if (++taken >= batches) break
  }
  events.push(...damage.events())
  return { events, missing: damage.missing, remarks: damage.remarks }
}

function offsetsIn(model: PartitionModel): number[] {
  return model.values.map((value) => Number(value.trim()))
}

function without(segments: number, lost: ReadonlySet<number>): number[] {
  return Array.from({ length: segments * RECORDS }, (_, offset) => offset).filter(
    (offset) => !lost.has(Math.floor(offset / RECORDS)),
  )
}

const anyDamage = fc.constantFrom(...DAMAGES.filter((damage) => !damage.includes('sidecar')))

describe('a restore that leaves damage out', () => {
  it.each(['large', 'small'])(
    'brings everything else, wherever it is killed and taken up again, with %s batches',
    async (size) => {
      const padding = size === 'large' ? PADDING : ''
      const plan = fc.record({
        segments: fc.integer({ min: 1, max: 8 }),
        damages: fc.array(fc.tuple(fc.nat(), anyDamage, fc.boolean()), { minLength: 1, maxLength: 4 }),
        kills: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
        faults: fc.array(
          fc.constantFrom('none' as const, 'lost-before' as const, 'lost-after' as const, 'late' as const),
        ),
      })
      await fc.assert(
        fc.asyncProperty(plan, async ({ segments: count, damages, kills, faults }) => {
          const source = await archive(count, padding)
          const lost = new Set<number>()
          for (const [at, damage] of damages) {
            const index = at % count
            const segment = source.segments[index]
            if (segment === undefined || lost.has(index)) continue
            await inflict(source.storage, segment, damage)
            lost.add(index)
          }
          const model = targetModel(faults)
          for (const batches of kills) await restore(source, model, { batches })
          const { events, missing, remarks } = await restore(source, model, {})
          expect(offsetsIn(model)).toEqual(without(count, lost))
          expect(missing).toBe(BigInt(lost.size * RECORDS))
          const told = events.flatMap(({ finding: { from = 0n, next = 0n } }) => {
            return Array.from({ length: Number(next - from) }, (_, at) => Math.floor((Number(from) + at) / RECORDS))
          })
          expect(told.sort()).toEqual([...lost].flatMap((index) => Array(RECORDS).fill(index)).sort())
          expect(remarks).toHaveLength(events.length)
          expect(await restore(source, model, {})).toMatchObject({
            missing,
            remarks: expect.arrayContaining([...remarks]),
          })
          expect(offsetsIn(model)).toEqual(without(count, lost))
        }),
        { numRuns: 100 },
      )
    },
  )

  it('leaves out the same although the object is back by then: what was behind it has its place', async () => {
    for (const batches of [1, Number.POSITIVE_INFINITY]) {
      const source = await archive(4)
      const [first] = source.segments
      if (first === undefined) throw new Error('there is no segment')
      const key = await inflict(source.storage, first, 'a missing object')
      const model = targetModel()
      await restore(source, model, { batches })
      await segmentAt(source.storage, 0)
      const { events, missing } = await restore(source, model, {})
      expect(offsetsIn(model)).toEqual(without(4, new Set([0])))
      expect(missing).toBe(3n)
      // The listing had no such segment any more, so nobody knows its name.
      expect(events).toMatchObject([{ finding: { kind: 'missing', partition: 3, from: 0n, next: 3n } }])
      expect(events[0]?.finding.hint).toContain('delete the target topic')
      expect(events[0]?.finding.key).not.toBe(key)
    }
  })

  it('tells an object that is damaged by its key', async () => {
    const source = await archive(3)
    const [, segment] = source.segments
    if (segment === undefined) throw new Error('there is no segment')
    const key = await inflict(source.storage, segment, 'a truncated object')
    const { events } = await restore(source, targetModel(), {})
    const finding = { kind: 'damaged', key, topic: 'orders', partition: 3, from: 3n, next: 6n }
    expect(events).toMatchObject([{ type: 'damage', finding: { ...finding, text: expect.stringContaining(key) } }])
    expect(await readSkippedHoles(source.storage, RESTORE, {})).toMatchObject([finding])
  })

  it.each(['a flipped bit', 'a missing object'] as const)(
    'is a conflict where %s concerns what is restored already: nothing more is produced',
    async (damage) => {
      const source = await archive(5)
      const [, second] = source.segments
      if (second === undefined) throw new Error('there is no segment')
      const model = targetModel()
      await restore(source, model, { batches: 2, maxInFlight: 1 })
      const before = offsetsIn(model)
      expect(before).toHaveLength(6)
      await inflict(source.storage, second, damage)
      await expect(restore(source, model, {})).rejects.toBeInstanceOf(RestoreConflictError)
      await expect(restore(source, model, {})).rejects.toMatchObject({ hint: expect.any(String) })
      expect(offsetsIn(model)).toEqual(before)
      expect(await readSkippedHoles(source.storage, RESTORE, {})).toEqual([])
    },
  )
})

describe('a restore that does not', () => {
  it('ends before a damaged segment, and can be repeated so that it leaves it out', async () => {
    const source = await archive(4)
    const [, , third] = source.segments
    if (third === undefined) throw new Error('there is no segment')
    await inflict(source.storage, third, 'a flipped bit')
    const model = targetModel()
    await expect(restore(source, model, { onDamage: 'error' })).rejects.toMatchObject({
      ...{ code: 'ARCHIVE_CORRUPT', key: third.key, from: 6n, next: 9n },
      hint: expect.stringContaining("onDamage: 'skip'"),
    })
    expect(offsetsIn(model).every((offset) => offset < 6)).toBe(true)
    expect(await readSkippedHoles(source.storage, RESTORE, {})).toEqual([])
    await restore(source, model, {})
    expect(offsetsIn(model)).toEqual(without(4, new Set([2])))
  })

  it('brings everything where another segment overlaps the damaged one', async () => {
    const source = await archive(3)
    const [first] = source.segments
    if (first === undefined) throw new Error('there is no segment')
    await inflict(source.storage, first, 'a flipped bit')
    const records = numberedRecords(RECORDS, '').map((record) => ({ ...record }))
    await putSegment(source.storage, [batchView({ records })], { lastEpoch: 1 })
    const model = targetModel()
    expect(await restore(source, model, { onDamage: 'error' })).toEqual({ events: [], missing: 0n, remarks: [] })
    expect(offsetsIn(model)).toEqual(without(3, new Set()))
  })
})

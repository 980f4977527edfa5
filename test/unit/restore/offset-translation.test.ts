import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainFor } from '../../../src/archive/partition-log.js'
import { committedOffsets, OffsetTranslation, SameOffsets, targetOffsets } from '../../../src/restore/restore-groups.js'
import type { OutgoingBatch } from '../../../src/restore/step.js'
import { translatedSteps } from '../../../src/restore/translated-steps.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { partitionLog, putSegment } from '../../support/segments.js'

/** Distances between the records of each batch, and offsets missing before it. */
const layout = fc.array(
  fc.record({
    deltas: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    before: fc.nat({ max: 3 }),
    behind: fc.nat({ max: 2 }),
  }),
  { minLength: 1, maxLength: 5 },
)

/** Batches of one record a distance, the first at its batch's base offset. */
function batchesOf(items: readonly { deltas: readonly number[]; before: number; behind: number }[]) {
  let end = 0n
  return items.map(({ deltas, before, behind }) => {
    let offsetDelta = 0
    const records = deltas.map((delta, index) => {
      offsetDelta += index === 0 ? 0 : delta
      return { offsetDelta, value: Buffer.from(`${index}`) }
    })
    const batch = batchView({ baseOffset: end + BigInt(before), records, lastOffsetDelta: offsetDelta + behind })
    end = batch.nextOffset
    return batch
  })
}

describe('an offset that a group had committed, where offsets stay the same', () => {
  const batch = (sourceFrom: bigint, records: number): OutgoingBatch => ({
    ...{
      type: 'batch',
      position: 0n,
      offsets: BigInt(records),
      records,
      sizeBytes: 1,
      timestampMs: 0n,
      baseSequence: 0,
    },
    ...{ sourceFrom, sourceNext: sourceFrom + BigInt(records), transaction: undefined },
    ...{ bytes: () => [], recordsBefore: () => 0, release: () => {} },
  })

  it('stays, as far as the log reaches', () => {
    const offsets = new SameOffsets({ from: 7n, next: 20n }, { limited: false })
    offsets.take(batch(9n, 4))
    expect([3n, 7n, 8n, 20n, 25n].map((offset) => offsets.of(offset))).toEqual([7n, 7n, 8n, 20n, 20n])
    expect(offsets.start).toBe(7n)
  })

  it('stays, as far as the part reaches that is restored of a range of times', () => {
    const offsets = new SameOffsets({ from: 7n, next: 20n }, { limited: true })
    for (const taken of [batch(7n, 0), batch(9n, 2), batch(12n, 3)]) offsets.take(taken)
    expect([3n, 9n, 11n, 15n, 25n].map((offset) => offsets.of(offset))).toEqual([9n, 9n, 11n, 15n, 15n])
    expect(offsets.start).toBe(9n)
  })
})

describe('an offset that a group had committed', () => {
  it('becomes that of the first restored record at or after it, on every side of every hole', async () => {
    await fc.assert(
      fc.asyncProperty(layout, fc.nat(), fc.nat({ max: 1_000 }), async (items, start, targetStart) => {
        const batches = batchesOf(items)
        const storage = new MemoryStorage()
        const segment = await putSegment(storage, batches)
        const from = segment.from + (BigInt(start) % (segment.next - segment.from))
        const chain = chainFor(partitionLog({ segments: [segment] }), { generation: 1, from, next: segment.next })
        const everyOffset = Array.from({ length: Number(segment.next) + 4 }, (_, offset) => BigInt(offset))
        const targetFrom = BigInt(targetStart)
        const translation = new OffsetTranslation([...everyOffset].reverse(), targetFrom)
        for await (const batch of translatedSteps({ storage, codecs: [] }, chain, {})) translation.take(batch)
        const restored = batches.flatMap((batch) => [...batch.records()]).filter(({ offset }) => offset >= from)
        for (const committed of everyOffset) {
          const before = restored.filter(({ offset }) => offset < committed).length
          expect(translation.of(committed)).toBe(targetFrom + BigInt(before))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('becomes the right one where two generations part inside a batch', async () => {
    const storage = new MemoryStorage()
    const first = await putSegment(storage, [batchView({ records: numberedRecords(5) })])
    const second = await putSegment(storage, [batchView({ baseOffset: 2n, records: numberedRecords(4) })], {
      generation: 2,
    })
    const log = partitionLog({ segments: [first, second], newestGeneration: 2, cuts: new Map([[2, 2n]]) })
    const chain = chainFor(log, { generation: 2, from: 0n, next: 6n })
    const translation = new OffsetTranslation([0n, 1n, 2n, 3n, 4n, 5n, 6n], 0n)
    for await (const batch of translatedSteps({ storage, codecs: [] }, chain, {})) translation.take(batch)
    expect([0n, 1n, 2n, 3n, 4n, 5n, 6n].map((offset) => translation.of(offset))).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n])
  })

  it('becomes the target’s first offset where nothing is restored', () => {
    expect(new OffsetTranslation([3n], 7n).of(3n)).toBe(7n)
  })
})

describe('the offsets of a group', () => {
  const place = { topic: 'orders', leaderEpoch: 9 }
  const offsets = [
    { ...place, partition: 0, offset: 4n, metadata: 'kept' },
    { ...place, partition: 1, offset: 2n, metadata: '' },
    { ...place, topic: 'payments', partition: 0, offset: 1n, metadata: '' },
  ]

  it('are looked up by topic and partition over all groups', () => {
    const groups = [
      { groupId: 'a', offsets },
      { groupId: 'b', offsets: [{ ...place, partition: 0, offset: 8n, metadata: '' }] },
    ]
    expect(committedOffsets(groups, 'orders', { partition: 0 })).toEqual([4n, 8n])
  })

  it('are set in the target under its name, with their metadata and without the source’s epochs', () => {
    const translation = new OffsetTranslation([4n], 100n)
    const found = targetOffsets({ groupId: 'a', offsets }, (topic, partition) =>
      topic === 'orders' && partition === 0 ? { target: 'orders-2', offsets: translation } : undefined,
    )
    expect(found).toEqual([{ topic: 'orders-2', partition: 0, offset: 100n, leaderEpoch: -1, metadata: 'kept' }])
  })
})

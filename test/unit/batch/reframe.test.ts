import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidBatchError } from '../../../src/batch/batch-header.js'
import { batchHeaderOf, buildBatch } from '../../../src/batch/build-batch.js'
import type { KafkaRecord } from '../../../src/batch/read-records.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { coalesceBatches, cutBatch } from '../../../src/batch/reframe.js'
import { readStoredRecords } from '../../../src/batch/stored-records.js'
import { BIT, batchBytes } from '../../support/batches.js'
import { batchRecords, type WholeRecord } from '../../support/record-arbitrary.js'

const builtBatch = fc
  .record({
    records: batchRecords,
    baseOffset: fc.bigInt({ min: 0n, max: 2n ** 40n }),
    compression: fc.constantFrom('none' as const, 'gzip' as const),
    logAppend: fc.boolean(),
    baseSequence: fc.constantFrom(-1, 0, 17),
  })
  .map(({ records, logAppend, ...batch }) =>
    batchBytes({
      ...batch,
      records,
      leaderEpoch: 5,
      producerId: 9n,
      attributes: BIT.transactional | (logAppend ? BIT.logAppendTime : 0),
      ...(logAppend && { maxTimestampMs: 1_234n }),
    }),
  )

function recordsOf(batch: Buffer): KafkaRecord[] {
  return [...new RecordBatchView(batch).records()]
}

/** Batches put together in the simple way. */
function rewritten(batches: readonly Buffer[]): Buffer {
  const records = batches.flatMap((batch) => {
    const { attributes, baseTimestampMs, maxTimestampMs } = batchHeaderOf(batch)
    return [...readStoredRecords(batch)].map((record) => ({
      ...record,
      timestampMs: attributes & BIT.logAppendTime ? maxTimestampMs : baseTimestampMs + record.timestampDelta,
    }))
  })
  const times = records.map(({ timestampMs }) => timestampMs)
  const baseTimestampMs = times[0] ?? -1n
  return buildBatch(
    {
      ...{ baseOffset: 0n, lastOffsetDelta: records.length - 1, leaderEpoch: -1, baseTimestampMs },
      attributes: batches[0] ? batchHeaderOf(batches[0]).attributes & 7 : 0,
      maxTimestampMs: times.reduce((newest, time) => (time > newest ? time : newest), baseTimestampMs),
      ...{ producerId: -1n, producerEpoch: -1, baseSequence: -1 },
    },
    records.map((record, offsetDelta) => ({
      ...record,
      offsetDelta,
      timestampDelta: BigInt.asIntN(64, record.timestampMs - baseTimestampMs),
    })),
  )
}

describe('a batch that is cut', () => {
  it('holds the wanted records at their offsets, and answers for the wanted offsets alone', () => {
    fc.assert(
      fc.property(builtBatch, fc.nat(200_000), fc.nat(200_000), (batch, skip, keep) => {
        const view = new RecordBatchView(batch)
        const from = view.baseOffset + BigInt(skip % (view.lastOffsetDelta + 1))
        const next = from + BigInt(keep) + 1n
        const cut = new RecordBatchView(cutBatch(batch, { from, next }))
        expect(cut.intact).toBe(true)
        expect(cut.baseOffset).toBe(from)
        expect(cut.nextOffset).toBe(next < view.nextOffset ? next : view.nextOffset)
        expect([...cut.records()]).toEqual(recordsOf(batch).filter(({ offset }) => offset >= from && offset < next))
        expect([cut.producerId, cut.leaderEpoch, cut.transactional]).toEqual([9n, 5, true])
        expect(cut.compression).toBe(view.compression)
      }),
    )
  })

  it('is cut by the time of each record, also where time runs backwards', () => {
    fc.assert(
      fc.property(builtBatch, fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (batch, instant) => {
        const since = recordsOf(cutBatch(batch, { sinceMs: instant }))
        const until = recordsOf(cutBatch(batch, { untilMs: instant }))
        const all = recordsOf(batch)
        expect(since).toEqual(all.filter(({ timestampMs }) => timestampMs >= instant))
        expect(until).toEqual(all.filter(({ timestampMs }) => timestampMs < instant))
      }),
    )
  })

  it('keeps the sequence that its first offset had', () => {
    const batch = batchBytes({ records: [{}, {}, {}], baseOffset: 10n, producerId: 1n, baseSequence: 40 })
    const cut = cutBatch(batch, { from: 12n })
    expect(cut.readInt32BE(53)).toBe(42)
  })

  it('cannot be cut to offsets that it does not have', () => {
    const batch = batchBytes({ records: [{}, {}], baseOffset: 10n })
    expect(() => cutBatch(batch, { from: 12n })).toThrow(RangeError)
    expect(() => cutBatch(batch, { next: 10n })).toThrow(RangeError)
  })
})

describe('batches that are put together', () => {
  const content = ({
    key,
    value,
    headers,
    timestampMs,
  }: Pick<WholeRecord, 'key' | 'value' | 'headers' | 'timestampMs'>) => ({
    key: key && Buffer.from(key),
    value: value && Buffer.from(value),
    headers: headers.map((header) => ({ key: header.key, value: header.value && Buffer.from(header.value) })),
    timestampMs,
  })

  it('are one batch with all records in order, at the offsets from 0 on, with the times that readers saw', () => {
    fc.assert(
      fc.property(fc.array(builtBatch, { minLength: 1, maxLength: 4 }), (batches) => {
        const joined = new RecordBatchView(coalesceBatches(batches) ?? Buffer.alloc(0))
        const expected = batches.flatMap(recordsOf)
        expect(joined.intact).toBe(true)
        const records = [...joined.records()]
        expect(records.map(content)).toEqual(expected.map(content))
        expect(records.map(({ offset }) => offset)).toEqual(expected.map((_, index) => BigInt(index)))
        expect([joined.transactional, joined.control, joined.timestampType]).toEqual([false, false, 'create'])
        expect(joined.recordCount).toBe(joined.lastOffsetDelta + 1)
        expect(joined.maxTimestampMs).toBe(
          expected.map(({ timestampMs }) => timestampMs).reduce((a, b) => (a > b ? a : b)),
        )
      }),
    )
  })

  it('are nothing where they hold no records', () => {
    expect(coalesceBatches([])).toBeUndefined()
    expect(coalesceBatches([batchBytes({ records: [], lastOffsetDelta: 4 })])).toBeUndefined()
  })

  it('may hold more records than a call has arguments', () => {
    const batch = batchBytes({ records: Array.from({ length: 130_000 }, () => ({})) })
    const joined = new RecordBatchView(coalesceBatches([batch, batch]) ?? Buffer.alloc(0))
    let records = 0
    for (const { offset } of joined.records()) expect(offset).toBe(BigInt(records++))
    expect(records).toBe(260_000)
  })

  it('are the same bytes as if each record were decoded and written again', () => {
    fc.assert(
      fc.property(fc.array(builtBatch, { minLength: 1, maxLength: 4 }), fc.nat(4_000), (batches, expectedBytes) => {
        expect(coalesceBatches(batches, expectedBytes)?.equals(rewritten(batches))).toBe(true)
      }),
    )
  })

  it.each([-1n, 1n])('are not made of records whose length is wrong by %s', (error) => {
    const batch = batchBytes({ records: [{ value: Buffer.alloc(20) }] })
    const [length] = batch.subarray(61)
    batch.writeUInt8((length ?? 0) + 2 * Number(error), 61)
    expect(() => coalesceBatches([batch])).toThrow(InvalidBatchError)
  })

  it('are not made of a record that says it is shorter than what stands before its key', () => {
    const batch = batchBytes({ records: [{ value: Buffer.alloc(20) }] })
    batch.writeUInt8(2, 61)
    expect(() => coalesceBatches([batch])).toThrow(InvalidBatchError)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchHeaderOf, buildBatch } from '../../../src/batch/build-batch.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { readStoredRecords } from '../../../src/batch/stored-records.js'
import { batchArbitrary } from '../../support/batch-arbitrary.js'
import { batchBytes } from '../../support/batches.js'
import { batchRecords, int64 } from '../../support/record-arbitrary.js'

function rebuilt(batch: Buffer): Buffer {
  return buildBatch(batchHeaderOf(batch), [...readStoredRecords(batch)])
}

describe('buildBatch', () => {
  it('makes the bytes of a batch again from its header and its records', () => {
    fc.assert(
      fc.property(batchRecords, int64, fc.integer({ min: 0, max: 15 }), (records, baseOffset, flags) => {
        const batch = batchBytes({ records, baseOffset, attributes: flags << 3, baseTimestampMs: 5n })
        expect(rebuilt(batch).equals(batch)).toBe(true)
      }),
    )
  })

  it('keeps every field of a header, and every record, whatever they say', () => {
    fc.assert(
      fc.property(batchArbitrary, (batch) => {
        const copy = rebuilt(batch.bytes)
        expect(batchHeaderOf(copy)).toEqual(batchHeaderOf(batch.bytes))
        expect([...readStoredRecords(copy)]).toEqual([...readStoredRecords(batch.bytes)])
        expect(new RecordBatchView(copy).intact).toBe(true)
      }),
    )
  })

  it('makes batches without records, as compaction leaves them', () => {
    const batch = batchBytes({ records: [], baseOffset: 7n, lastOffsetDelta: 4, producerId: 3n })
    expect(rebuilt(batch).equals(batch)).toBe(true)
    expect(new RecordBatchView(rebuilt(batch)).nextOffset).toBe(12n)
  })
})

describe('readStoredRecords', () => {
  it.each([
    ['fewer records than it claims', { recordCount: 3 }],
    ['more records than it claims', { recordCount: 1 }],
    ['a negative count', { recordCount: -1 }],
  ])('refuses a batch that has %s', (_, lie) => {
    const batch = batchBytes({ records: [{}, {}], ...lie })
    expect(() => [...readStoredRecords(batch)]).toThrow(expect.objectContaining({ name: 'InvalidBatchError' }))
  })
})

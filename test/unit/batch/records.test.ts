import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KafkaRecord } from '../../../src/batch/read-records.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { forProducing, rebased, writeBatch } from '../../../src/batch/write-batch.js'
import { BIT, batchBytes, batchView, numberedRecords } from '../../support/batches.js'
import { batchRecords, type WholeRecord } from '../../support/record-arbitrary.js'

const PARTITION = { topic: 'orders', partition: 4 }

function expectedRecords(records: readonly WholeRecord[], baseOffset: bigint): KafkaRecord[] {
  return records.map(({ offsetDelta, timestampMs, key, value, headers }) => ({
    ...PARTITION,
    offset: baseOffset + BigInt(offsetDelta),
    timestampMs,
    timestampType: 'create' as const,
    key: key && Buffer.from(key),
    value: value && Buffer.from(value),
    headers: headers.map((header) => ({ ...header, value: header.value && Buffer.from(header.value) })),
  }))
}

describe('the records of a batch', () => {
  const baseOffset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1_000_000n })
  const compression = fc.constantFrom('none' as const, 'gzip' as const)

  it('are read as they were written: null, empty and binary fields, repeated headers, holes, any timestamp', () => {
    fc.assert(
      fc.property(batchRecords, baseOffset, compression, (records, base, compression) => {
        const batch = batchView({ baseOffset: base, records, compression }, PARTITION)
        expect([...batch.records()]).toEqual(expectedRecords(records, base))
      }),
    )
  })

  it('are written as they were read, in a whole batch with a right checksum', () => {
    fc.assert(
      fc.property(batchRecords, baseOffset, compression, (records, base, compression) => {
        const expected = expectedRecords(records, base)
        const batch = new RecordBatchView(writeBatch(expected, { compression }), PARTITION)
        expect([...batch.records()]).toEqual(expected)
        const times = expected.map(({ timestampMs }) => timestampMs)
        expect(batch).toMatchObject({
          intact: true,
          baseOffset: base,
          nextOffset: (expected.at(-1)?.offset ?? -1n) + 1n,
          recordCount: records.length,
          compression,
          maxTimestampMs: times.reduce((max, time) => (time > max ? time : max)),
          producerId: -1n,
          transactional: false,
        })
      }),
    )
  })

  it('are written to the same bytes as by the protocol’s own description', () => {
    fc.assert(
      fc.property(batchRecords, (records) => {
        const written = writeBatch(expectedRecords(records, 5n))
        expect(written.equals(batchBytes({ baseOffset: 5n, leaderEpoch: -1, records }))).toBe(true)
      }),
    )
  })

  it.each([
    ['-1 and the largest there is', -1n, 2n ** 63n - 1n],
    ['the largest and the smallest there is', 2n ** 63n - 1n, -(2n ** 63n)],
  ])('keep timestamps of which Kafka’s own 64-bit difference wraps: %s', (_, first, second) => {
    const records = [{ timestampMs: first }, { timestampMs: second }]
    const batch = batchView({ records, maxTimestampMs: 2n ** 63n - 1n }, PARTITION)
    const read = [...batch.records()]
    expect(read.map(({ timestampMs }) => timestampMs)).toEqual([first, second])
    expect(writeBatch(read).equals(batchBytes({ records, leaderEpoch: -1 }))).toBe(true)
  })

  it('have the batch’s largest timestamp where the broker set the times', () => {
    const records = [{ timestampMs: 10n }, { timestampMs: 20n }]
    const batch = batchView({ records, attributes: BIT.logAppendTime, maxTimestampMs: 99n })
    expect([...batch.records()]).toMatchObject([
      { timestampMs: 99n, timestampType: 'log-append' },
      { timestampMs: 99n, timestampType: 'log-append' },
    ])
  })

  it('are none in a batch that compaction has emptied', () => {
    expect([...batchView({ records: [], lastOffsetDelta: 5 }).records()]).toEqual([])
  })

  it('cannot be written when there are none', () => {
    expect(() => writeBatch([])).toThrow(RangeError)
  })
})

describe('a batch made ready for producing', () => {
  it('is the same records under another identity, and nothing of its old life', () => {
    const attributes = BIT.logAppendTime | BIT.transactional | BIT.deleteHorizon
    const original = batchView({
      ...{ baseOffset: 1_000n, leaderEpoch: 9, producerId: 1n, producerEpoch: 2, baseSequence: 3 },
      ...{ attributes, records: numberedRecords(3), compression: 'gzip' },
    })
    const before = Buffer.from(original.bytes)
    const fields = { producerId: 2n ** 40n, producerEpoch: 5, baseSequence: 2 ** 31 - 1 }
    const [header, records] = forProducing(original.bytes, fields)
    const expected = { records: numberedRecords(3), compression: 'gzip', leaderEpoch: -1, ...fields } as const
    expect(Buffer.concat([header, records]).equals(batchBytes(expected))).toBe(true)
    expect(records.buffer).toBe(original.bytes.buffer)
    expect(original.bytes.equals(before)).toBe(true)
  })

  it('that was damaged is still damaged when it is sent', () => {
    const damaged = batchBytes({ records: numberedRecords(3) })
    damaged.writeUInt8(damaged.readUInt8(70) ^ 1, 70)
    const sent = forProducing(damaged, { producerId: 4n, producerEpoch: 0, baseSequence: 0 })
    expect(new RecordBatchView(Buffer.concat(sent)).intact).toBe(false)
  })

  it('that only begins at another offset keeps its checksum, and its original as it was', () => {
    const original = batchBytes({ baseOffset: 7n, records: numberedRecords(2) })
    const moved = new RecordBatchView(rebased(original, 2n ** 60n))
    expect(moved).toMatchObject({ baseOffset: 2n ** 60n, nextOffset: 2n ** 60n + 2n, intact: true })
    expect(original.readBigInt64BE(0)).toBe(7n)
  })
})

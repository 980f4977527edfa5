import fc from 'fast-check'
import { type BinaryFramingOptions, binaryFraming } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { ArchiveCorruptError } from '../../../src/errors.js'
import { BIT, type BuiltRecord, batchView, markerBytes, numberedRecords } from '../../support/batches.js'
import { batchRecords } from '../../support/record-arbitrary.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

async function encoded(keys: boolean, ...batches: readonly RecordBatchView[]): Promise<Buffer> {
  return Buffer.concat(await collected(binaryFraming({ keys }).encode(streamOf(batches))))
}

async function decoded(options: BinaryFramingOptions, ...chunks: readonly Uint8Array[]) {
  const batches = await collected(binaryFraming(options).decode(streamOf(chunks)))
  return batches.flatMap((batch) => [...batch.records()])
}

const KEY = Buffer.from('k')
const VALUE = Buffer.from('hello world')
const EMPTY = Buffer.alloc(0)

/** The rows of the connector’s own description. */
const ROWS: readonly (readonly [string, boolean, BuiltRecord, string])[] = [
  ['key and value', true, { key: KEY, value: VALUE }, '000000016b0000000b68656c6c6f20776f726c64'],
  ['a value without its key', false, { key: KEY, value: VALUE }, '0000000b68656c6c6f20776f726c64'],
  ['key and null value', true, { key: KEY, value: null }, '000000016b00000000'],
  ['key and empty value', true, { key: KEY, value: EMPTY }, '000000016b00000000'],
  ['null key and value', true, { key: null, value: VALUE }, '000000000000000b68656c6c6f20776f726c64'],
  ['empty key and value', true, { key: EMPTY, value: VALUE }, '000000000000000b68656c6c6f20776f726c64'],
  ['null value without a key', false, { value: null }, '00000000'],
  ['empty value without a key', false, { value: EMPTY }, '00000000'],
]

describe('binaryFraming', () => {
  it('says what it keeps, and which objects it reads', () => {
    expect(binaryFraming({ keys: true })).toMatchObject({ extension: '.keyed.bin', lossless: false, seekable: false })
    expect(binaryFraming({ keys: false })).toMatchObject({ extension: '.bin', lossless: false, seekable: false })
  })

  it.each(ROWS)('writes %s as the connector does', async (_, keys, record, hex) => {
    expect((await encoded(keys, batchView({ records: [record] }))).toString('hex')).toBe(hex)
  })

  it('writes no markers and no emptied batches, and opens compressed ones', async () => {
    const marker = new RecordBatchView(markerBytes('commit'))
    const emptied = batchView({ records: [], lastOffsetDelta: 3 })
    const batch = batchView({ records: numberedRecords(2), compression: 'gzip', attributes: BIT.transactional })
    expect((await encoded(false, marker, emptied, batch)).toString('hex')).toBe('000000027630000000027631')
  })

  it.each([
    ['empty' as const, EMPTY],
    ['null' as const, null],
  ])('reads a length of 0 as %s where it is told to', async (emptyAs, expected) => {
    const frames = Buffer.from('0000000000000000', 'hex')
    expect(await decoded({ keys: true, emptyAs }, frames)).toMatchObject([{ key: expected, value: expected }])
    expect(await decoded({ keys: false, emptyAs }, frames)).toMatchObject([
      { key: null, value: expected },
      { key: null, value: expected },
    ])
  })

  it('never makes a tombstone of a length of 0 unless it is told to', async () => {
    expect(await decoded({ keys: false }, Buffer.alloc(4))).toMatchObject([{ value: EMPTY }])
  })

  it('gives keys and values back, counted from 0 and without a time, whatever the chunks', async () => {
    const chunkBytes = fc.integer({ min: 1, max: 300 })
    await fc.assert(
      fc.asyncProperty(batchRecords, fc.boolean(), chunkBytes, async (records, keys, size) => {
        const bytes = await encoded(keys, batchView({ baseOffset: 500n, records }))
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        )
        const found = await decoded({ keys }, ...chunks)
        expect(found).toEqual(
          records.map(({ key, value }, index) => ({
            ...{ topic: '', partition: -1, offset: BigInt(index), timestampMs: -1n, timestampType: 'create' },
            ...{ key: keys ? Buffer.from(key ?? []) : null, value: Buffer.from(value ?? []), headers: [] },
          })),
        )
      }),
    )
  })

  it('gives many records back in several batches that follow each other', async () => {
    const records = Array.from({ length: 40 }, () => ({ value: Buffer.alloc(100_000, 1) }))
    const bytes = await encoded(false, batchView({ records }))
    const batches = await collected(binaryFraming({ keys: false }).decode(streamOf([bytes])))
    expect(batches.length).toBeGreaterThan(1)
    expect(batches.map(({ nextOffset }) => nextOffset)).toEqual([
      ...batches.slice(1).map(({ baseOffset }) => baseOffset),
      40n,
    ])
  })

  it.each([true, false])('never takes an end inside a frame for the end (with keys: %s)', async (keys) => {
    const records = [{ key: KEY, value: VALUE }]
    const bytes = await encoded(keys, batchView({ records }))
    for (let end = 1; end < bytes.length; end++) {
      await expect(decoded({ keys }, bytes.subarray(0, end))).rejects.toBeInstanceOf(ArchiveCorruptError)
    }
  })

  it.each(['ffffffff', '80000000', '40000001', '7fffffff'])('does not believe a length of 0x%s', async (hex) => {
    const frame = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(20)])
    await expect(decoded({ keys: false }, frame)).rejects.toThrow(/claims -?\d+ bytes/)
    await expect(decoded({ keys: true }, Buffer.alloc(4), frame)).rejects.toBeInstanceOf(ArchiveCorruptError)
  })

  it('refuses a length that reaches beyond the end', async () => {
    await expect(decoded({ keys: false }, Buffer.from('0000000500', 'hex'))).rejects.toBeInstanceOf(ArchiveCorruptError)
  })

  it('must be told whether there are keys', () => {
    expect(() => binaryFraming(Object.assign({}))).toThrow(TypeError)
    expect(() => binaryFraming(Object.assign({ keys: 'yes' }))).toThrow(TypeError)
    expect(() => binaryFraming(Object.assign({ keys: true, emptyAs: 'nothing' }))).toThrow(TypeError)
    expect(() => binaryFraming(Object.assign({ keys: true, key: true }))).toThrow('has no option `key`')
  })
})

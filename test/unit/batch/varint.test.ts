import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidBatchError } from '../../../src/batch/batch-header.js'
import { VarintReader, varlongBytes, writeVarlong } from '../../../src/batch/varint.js'
import { varint } from '../../support/batches.js'
import { int64 } from '../../support/record-arbitrary.js'

/** Worked out by hand: n becomes 2n, or -2n - 1 below zero; then seven bits a byte, the lowest first. */
const INT32_ROWS: readonly (readonly [bigint, string])[] = [
  [0n, '00'],
  [-1n, '01'],
  [1n, '02'],
  [-64n, '7f'],
  [63n, '7e'],
  [64n, '8001'],
  [-65n, '8101'],
  [8_191n, 'fe7f'],
  [8_192n, '808001'],
  [2n ** 31n - 1n, 'feffffff0f'],
  [-(2n ** 31n), 'ffffffff0f'],
]
const INT64_ROWS: readonly (readonly [bigint, string])[] = [
  [2n ** 31n, '8080808010'],
  [-(2n ** 31n) - 1n, '8180808010'],
  [2n ** 48n - 1n, 'feffffffffff7f'],
  [-(2n ** 48n), 'ffffffffffff7f'],
  [2n ** 48n, '8080808080808001'],
  [2n ** 62n, '80808080808080808001'],
  [2n ** 63n - 1n, 'feffffffffffffffff01'],
  [-(2n ** 63n), 'ffffffffffffffffff01'],
]

describe('a varint', () => {
  it.each(INT32_ROWS)('of %s is %s', (value, hex) => {
    const reader = new VarintReader(Buffer.from(hex, 'hex'))
    expect(reader.varint()).toBe(Number(value))
    expect(reader.position).toBe(hex.length / 2)
  })

  it('of more than five bytes is refused', () => {
    expect(() => new VarintReader(Buffer.from('808080808001', 'hex')).varint()).toThrow(InvalidBatchError)
  })

  it('that is cut off is refused', () => {
    expect(() => new VarintReader(Buffer.from('8080', 'hex')).varint()).toThrow(InvalidBatchError)
    expect(() => new VarintReader(Buffer.alloc(0)).varlong()).toThrow(InvalidBatchError)
  })
})

describe('a varlong', () => {
  it.each([...INT32_ROWS, ...INT64_ROWS])('of %s is %s', (value, hex) => {
    const written = Buffer.alloc(12)
    expect(writeVarlong(written, value, 1)).toBe(1 + hex.length / 2)
    expect(written.toString('hex', 1, 1 + hex.length / 2)).toBe(hex)
    expect(varlongBytes(value)).toBe(hex.length / 2)
    expect(new VarintReader(written, 1).varlong()).toBe(value)
  })

  it('of more than ten bytes is refused', () => {
    expect(() => new VarintReader(Buffer.from('8080808080808080808001', 'hex')).varlong()).toThrow(InvalidBatchError)
  })

  it('comes back as it was written, whatever it is', () => {
    fc.assert(
      fc.property(int64, (value) => {
        const expected = varint(value)
        const written = Buffer.alloc(expected.length)
        expect(writeVarlong(written, value, 0)).toBe(expected.length)
        expect(written.equals(expected)).toBe(true)
        expect(new VarintReader(written).varlong()).toBe(value)
      }),
    )
  })
})

describe('a field with a length before it', () => {
  it('is null at -1 and refused at any other length that does not fit', () => {
    expect(new VarintReader(varint(-1n)).nullableSlice()).toBeNull()
    expect(new VarintReader(Buffer.from([6, 1, 2, 3])).nullableSlice()).toEqual(Buffer.from([1, 2, 3]))
    for (const length of [-2n, 4n, 2n ** 31n - 1n, -(2n ** 31n)]) {
      const reader = new VarintReader(Buffer.concat([varint(length), Buffer.alloc(3)]))
      expect(() => reader.nullableSlice()).toThrow(InvalidBatchError)
    }
    expect(() => new VarintReader(Buffer.alloc(3)).text(-1)).toThrow(InvalidBatchError)
  })
})

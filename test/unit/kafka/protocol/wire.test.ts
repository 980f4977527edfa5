import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireReader, WireWriter } from '../../../../src/kafka/protocol/wire.js'
import { int64 } from '../../../support/record-arbitrary.js'

const FORMS = [
  ['flexible', true],
  ['not flexible', false],
] as const

/** Lengths at which an unsigned varint of the length plus one takes another byte. */
const EDGES = [0, 1, 126, 127, 128, 16_382, 16_383, 16_384] as const

const structure = fc.record({
  tiny: fc.integer({ min: -128, max: 127 }),
  flag: fc.boolean(),
  short: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  int: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  long: int64,
  text: fc.option(fc.string({ unit: 'grapheme' })),
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  list: fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }),
})

function hexOf(write: (writer: WireWriter) => void, flexible: boolean): string {
  const writer = new WireWriter(flexible)
  write(writer)
  return writer.toBuffer().toString('hex')
}

function reader(hex: string, flexible: boolean): WireReader {
  return new WireReader(Buffer.from(hex, 'hex'), flexible)
}

describe.each(FORMS)('a structure of a version that is %s', (_, flexible) => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(structure, (value) => {
        const writer = new WireWriter(flexible)
        writer.int8(value.tiny).boolean(value.flag).int16(value.short).int32(value.int).int64(value.long)
        writer.string(value.text).uuid(value.id)
        writer.array(value.list, (text) => writer.string(text).end())
        writer.end().int8(42)
        const read = new WireReader(writer.toBuffer(), flexible)
        const { tiny, flag, short, int, long, text } = value
        expect([read.int8(), read.boolean(), read.int16(), read.int32(), read.int64()]).toEqual([
          tiny,
          flag,
          short,
          int,
          long,
        ])
        expect(read.nullableString()).toBe(text)
        expect(new Uint8Array(read.uuid())).toEqual(value.id)
        const list = read.array(() => {
          const item = read.string()
          read.end()
          return item
        })
        expect(list).toEqual(value.list)
        read.end()
        expect(read.int8()).toBe(42)
      }),
    )
  })

  it.each(EDGES)('may have strings, bytes and arrays of length %i', (length) => {
    const text = 'x'.repeat(length)
    const writer = new WireWriter(flexible)
    writer.string(text).bytesLength(length)
    const bytes = Buffer.concat([writer.toBuffer(), Buffer.alloc(length, 1)])
    const read = new WireReader(bytes, flexible)
    expect(read.string()).toBe(text)
    expect(read.bytes().equals(Buffer.alloc(length, 1))).toBe(true)
    const numbers = Array.from({ length }, (_, index) => index % 100)
    const list = new WireWriter(flexible)
    list.array(numbers, (number) => list.int8(number))
    const readList = new WireReader(list.toBuffer(), flexible)
    expect(readList.array(() => readList.int8())).toEqual(numbers)
  })

  it('may have null strings and arrays, which are not the empty ones', () => {
    const writer = new WireWriter(flexible)
    writer
      .string(null)
      .string('')
      .string(null)
      .array(null, () => {})
    const read = new WireReader(writer.toBuffer(), flexible)
    expect([read.nullableString(), read.nullableString(), read.string()]).toEqual([null, '', ''])
    expect(read.array(() => read.int8())).toEqual([])
  })

  it('that ends too early is a RangeError, wherever it ends', () => {
    const writer = new WireWriter(flexible)
    writer
      .int32(1)
      .string('abc')
      .int64(2n)
      .array([1, 2], (item) => writer.int16(item))
    const whole = writer.toBuffer()
    for (let end = 0; end < whole.length; end++) {
      const read = new WireReader(whole.subarray(0, end), flexible)
      const readAll = () => [read.int32(), read.string(), read.int64(), read.array(() => read.int16())]
      expect(readAll).toThrow(RangeError)
    }
  })

  it('that claims more items or bytes than there are is a RangeError, and takes neither time nor memory', () => {
    const claims = flexible ? ['8001', 'ffffff7f', 'ffffffff0f'] : ['00000080', '00ffffff', '7fffffff']
    for (const claim of claims) {
      const list = reader(`${claim}0000`, flexible)
      expect(() => list.array(() => 0)).toThrow(RangeError)
      expect(() => reader(`${claim}0000`, flexible).bytes()).toThrow(RangeError)
      expect(() => reader(`${claim}0000`, flexible).uuid()).toThrow(RangeError)
    }
    expect(() => reader(flexible ? 'ff7f' : '7fff', flexible).string()).toThrow(RangeError)
  })
})

describe('the bytes of a field', () => {
  it('are those of the protocol where the version is not flexible', () => {
    expect(hexOf((writer) => writer.string('ab'), false)).toBe('00026162')
    expect(hexOf((writer) => writer.string(null), false)).toBe('ffff')
    expect(hexOf((writer) => writer.array(null, () => {}), false)).toBe('ffffffff')
    expect(hexOf((writer) => writer.array([7], (item) => writer.int8(item)), false)).toBe('0000000107')
    expect(hexOf((writer) => writer.bytesLength(300), false)).toBe('0000012c')
    expect(hexOf((writer) => writer.end(), false)).toBe('')
  })

  it('are those of the protocol where it is: lengths plus one as unsigned varints, and tagged fields', () => {
    expect(hexOf((writer) => writer.string('ab'), true)).toBe('036162')
    expect(hexOf((writer) => writer.string(null), true)).toBe('00')
    expect(hexOf((writer) => writer.array(null, () => {}), true)).toBe('00')
    expect(hexOf((writer) => writer.bytesLength(126), true)).toBe('7f')
    expect(hexOf((writer) => writer.bytesLength(127), true)).toBe('8001')
    expect(hexOf((writer) => writer.bytesLength(16_382), true)).toBe('ff7f')
    expect(hexOf((writer) => writer.bytesLength(16_383), true)).toBe('808001')
    expect(hexOf((writer) => writer.end(), true)).toBe('00')
  })

  it('are those of large and of negative numbers', () => {
    expect(hexOf((writer) => writer.int64(-1n).int32(-2).int16(-3).int8(-4), false)).toBe(
      'fffffffffffffffffffffffefffdfc',
    )
    expect(hexOf((writer) => writer.int64(2n ** 62n), false)).toBe('4000000000000000')
  })
})

describe('tagged fields', () => {
  it('are handed over with what they hold, known or not, and what follows is read', () => {
    // Two fields: tag 0 of four bytes, tag 300 of none; then one byte of the structure around.
    const read = reader('0200040000002aac02002b', true)
    const found: [number, number][] = []
    read.end((tag, field) => found.push([tag, tag === 0 ? field.int32() : -1]))
    expect(found).toEqual([
      [0, 42],
      [300, -1],
    ])
    expect(read.int8()).toBe(0x2b)
  })

  it('cannot be read past their own end', () => {
    const read = reader('01000400000001ffffffff', true)
    expect(() => read.end((_, field) => field.int64())).toThrow(RangeError)
  })

  it('that claim more than there is are a RangeError', () => {
    for (const hex of ['01', '0100', '010005ff', 'ffffffff0f', '8080808080808001']) {
      expect(() => reader(hex, true).end()).toThrow(RangeError)
    }
  })
})

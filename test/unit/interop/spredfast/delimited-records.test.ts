import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KafkaRecord } from '../../../../src/batch/read-records.js'
import { ArchiveCorruptError } from '../../../../src/errors.js'
import {
  DelimitedRecordReader,
  type Delimiters,
  delimitedOf,
} from '../../../../src/interop/spredfast/delimited-records.js'

const LINES: Delimiters = { key: undefined, value: Buffer.from('\n') }
const PAIRS: Delimiters = { key: Buffer.from('=>'), value: Buffer.from('\r\n') }

function read(delimiters: Delimiters, chunks: readonly Uint8Array[], empty: Uint8Array | null = Buffer.alloc(0)) {
  const reader = new DelimitedRecordReader({ delimiters, empty })
  const records = chunks.flatMap((chunk) => [...reader.push(chunk)])
  return [...records, ...reader.end()].map(({ key, value }) => [text(key), text(value)])
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString()
}

describe('delimited records', () => {
  it('come back whatever the chunks', () => {
    const word = fc
      .string({ unit: fc.constantFrom('a', '=', '\r', 'é'), maxLength: 5 })
      .filter((part) => !part.includes('=>'))
    const pair = fc.tuple(
      word.filter((key) => !key.endsWith('=')),
      word.filter((value) => !value.endsWith('\r')),
    )
    fc.assert(
      fc.property(fc.array(pair), fc.integer({ min: 1, max: 9 }), (pairs, size) => {
        const records = pairs.map(
          ([key, value]) => ({ key: Buffer.from(key), value: Buffer.from(value) }) as unknown as KafkaRecord,
        )
        const bytes = Buffer.concat(delimitedOf(records, PAIRS))
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
          bytes.subarray(at * size, (at + 1) * size),
        )
        expect(read(PAIRS, chunks)).toEqual(pairs)
      }),
    )
  })

  it('may lack their last delimiter, and are empty or null where nothing is', () => {
    expect(read(LINES, [Buffer.from('a\n\nb')])).toEqual([
      [null, 'a'],
      [null, ''],
      [null, 'b'],
    ])
    expect(read(LINES, [Buffer.from('\n')], null)).toEqual([[null, null]])
    expect(read(PAIRS, [Buffer.from('k=>v')])).toEqual([['k', 'v']])
  })

  it.each([
    ['inside a key', [Buffer.from('k=>v\r\nkey')]],
    ['inside a delimiter', [Buffer.from('k=>v\r')]],
  ])('are an error where they end %s', (_, chunks) => {
    expect(() => read(PAIRS, chunks)).toThrow(ArchiveCorruptError)
  })

  it('are an error where one without its delimiter is not the last', () => {
    const reader = new DelimitedRecordReader({ delimiters: LINES, empty: null })
    expect([...reader.push(Buffer.from('a')), ...reader.end()]).toHaveLength(1)
    expect(() => [...reader.push(Buffer.from('b\n'))]).toThrow('is not the last one')
  })
})

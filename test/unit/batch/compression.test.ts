import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CompressionType, InvalidBatchError } from '../../../src/batch/batch-header.js'
import { compress, decompress } from '../../../src/batch/compression/compression.js'

const COMPRESSIONS: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const XERIAL_HEADER = Buffer.from('82534e41505059000000000100000001', 'hex')

describe.each(COMPRESSIONS)('records compressed with %s', (compression) => {
  it('come back as they were', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.nat({ max: 300_000 }).map((length) => new Uint8Array(length)),
    )
    fc.assert(
      fc.property(bytes, (content) => {
        const records = Buffer.from(content)
        expect(decompress(compression, compress(compression, records)).equals(records)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('that are cut off or damaged are an error, or the same records', () => {
    if (compression === 'none') return
    const records = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * index) % 251))
    const stored = compress(compression, records)
    fc.assert(
      fc.property(fc.nat({ max: stored.length - 1 }), fc.nat({ max: 7 }), (position, bit) => {
        const damaged = Buffer.from(stored)
        damaged[position] = (damaged[position] ?? 0) ^ (1 << bit)
        for (const bytes of [damaged, stored.subarray(0, position)]) {
          try {
            decompress(compression, bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidBatchError)
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('compressed records that claim more than any batch holds', () => {
  it('are refused by snappy from the length in front of a block', () => {
    const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])
    expect(() => decompress('snappy', claim)).toThrow(/claim up to 4294967295 bytes/)
    const length = Buffer.from([0, 0, 0, claim.length])
    expect(() => decompress('snappy', Buffer.concat([XERIAL_HEADER, length, claim]))).toThrow(/claim up to/)
  })

  it('are refused by lz4 from the number of blocks', () => {
    const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73])
    const block = Buffer.from([1, 0, 0, 0, 0])
    const frame = Buffer.concat([header, ...Array.from({ length: 300 }, () => block), Buffer.alloc(4)])
    expect(() => decompress('lz4', frame)).toThrow(/claim up to 1258291200 bytes/)
  })

  it('are refused by zstd from the number of blocks', () => {
    const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58])
    // A block of type RLE: one byte that stands for 131,072.
    const block = (last: number) => {
      const bytes = Buffer.alloc(4)
      bytes.writeUIntLE((131_072 << 3) | (1 << 1) | last, 0, 3)
      return bytes
    }
    const frame = Buffer.concat([header, ...Array.from({ length: 9_000 }, () => block(0)), block(1)])
    expect(() => decompress('zstd', frame)).toThrow(/claim up to/)
  })

  it('are refused by gzip while they grow', { timeout: 60_000 }, () => {
    const bomb = compress('gzip', Buffer.alloc(1_073_741_825))
    expect(() => decompress('gzip', bomb)).toThrow(InvalidBatchError)
  })
})

describe('lz4 frames of other writers', () => {
  it('are read when their blocks refer to the ones before them', () => {
    const first = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7) % 251))
    // A match of 8 bytes, 100 bytes back, then five literals, as every block must end.
    const second = Buffer.from([0x04, 100, 0, 0x50, ...Buffer.from('abcde')])
    const size = (bytes: number) => {
      const field = Buffer.alloc(4)
      field.writeUInt32LE(bytes >>> 0)
      return field
    }
    const linkedHeader = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0x00])
    const frame = Buffer.concat([
      linkedHeader,
      size(0x80000000 + first.length),
      first,
      size(second.length),
      second,
      size(0),
    ])
    const expected = Buffer.concat([first, first.subarray(-100, -92), Buffer.from('abcde')])
    expect(decompress('lz4', frame).equals(expected)).toBe(true)
  })
})

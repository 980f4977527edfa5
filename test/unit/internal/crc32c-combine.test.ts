import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { combineCrc32c, extendCrc32c } from '../../../src/internal/crc32c-combine.js'

describe('checksums that are joined', () => {
  it('are the checksum of the bytes one after the other', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (first, second) => {
        const joined = combineCrc32c(crc32c(first), crc32c(second), second.length)
        expect(joined).toBe(crc32c(Buffer.concat([first, second])))
      }),
      { numRuns: 500 },
    )
  })

  it('go on byte by byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 30 }), (first, second) => {
        const both = Buffer.concat([first, second])
        expect(extendCrc32c(crc32c(first), both, first.length, both.length)).toBe(crc32c(both))
      }),
    )
  })

  it('are right for pieces of many megabytes', () => {
    const [first, second] = [Buffer.alloc(3_000_001, 'first'), Buffer.alloc(70_000_003, 'second')]
    expect(combineCrc32c(crc32c(first), crc32c(second), second.length)).toBe(crc32c(second, crc32c(first)))
  })
})

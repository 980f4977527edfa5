import fc from 'fast-check'
import type { RecordHeader } from '../../src/batch/read-records.js'

/** A record of a batch with nothing left out. */
export interface WholeRecord {
  readonly offsetDelta: number
  readonly timestampMs: bigint
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

/** Any 64-bit number, its edges often. */
export const int64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(-(2n ** 63n), -(2n ** 31n) - 1n, -1n, 0n, 2n ** 31n, 2n ** 63n - 1n),
)

/** Any timestamp, as long as no two are farther apart than 64 bits can say. */
const timestamp: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n - 1n }),
  fc.constantFrom(-(2n ** 62n), -1n, 0n, 2n ** 31n, 2n ** 62n - 1n),
)

const content = fc.oneof(
  fc.constant(null),
  fc.constant(new Uint8Array(0)),
  fc.uint8Array({ maxLength: 20 }),
  fc.nat({ max: 300 }).map((length) => new Uint8Array(length).fill(7)),
)

const header = fc.record({
  key: fc.oneof(fc.constantFrom('', 'a', '1', 'größe'), fc.string({ unit: 'grapheme', maxLength: 5 })),
  value: content,
})

const record = fc.record({
  // How far the offset is from the one before it; holes are what compaction leaves.
  offsetDelta: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 100_000 })),
  timestampMs: timestamp,
  key: content,
  value: content,
  headers: fc.array(header, { maxLength: 4 }),
})

/** Records of one batch in ascending order of their offsets, the first at distance 0. */
export const batchRecords: fc.Arbitrary<WholeRecord[]> = fc
  .array(record, { minLength: 1, maxLength: 8 })
  .map((records) => {
    let offsetDelta = 0
    return records.map((content, index) => {
      offsetDelta = index === 0 ? 0 : offsetDelta + content.offsetDelta
      return { ...content, offsetDelta }
    })
  })

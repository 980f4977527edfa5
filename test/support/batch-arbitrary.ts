import fc from 'fast-check'
import { COMPRESSION_TYPES } from '../../src/batch/batch-header.js'
import { type BatchHeader, batchHeaderOf, buildBatch } from '../../src/batch/build-batch.js'
import { type RecordBatch, RecordBatchView } from '../../src/batch/record-batch.js'
import { readStoredRecords, type StoredRecord } from '../../src/batch/stored-records.js'
import { BIT, batchView, markerBytes, numberedRecords } from './batches.js'
import { int64 } from './record-arbitrary.js'

const int16 = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((content) => Buffer.from(content)),
  fc.string({ unit: 'grapheme', maxLength: 10 }).map((text) => Buffer.from(text)),
  fc.constantFrom('', '\uFEFFmark', '"\\\n\u2028', 'null').map((text) => Buffer.from(text)),
)
const nullable = fc.oneof(fc.constant(null), bytes)

const storedRecord: fc.Arbitrary<StoredRecord> = fc.record({
  attributes: fc.oneof(fc.constant(0), fc.nat({ max: 255 })),
  timestampDelta: int64,
  offsetDelta: fc.nat({ max: 2 ** 31 - 1 }),
  key: nullable,
  value: nullable,
  headers: fc.array(fc.record({ key: bytes, value: nullable }), { maxLength: 3 }),
})

/** Any bits but those of the compression, which has more numbers than there are compressions. */
const flags = int16.map((bits) => bits & ~7)
const header: fc.Arbitrary<BatchHeader> = fc.record({
  baseOffset: int64,
  lastOffsetDelta: fc.nat({ max: 2 ** 31 - 1 }),
  leaderEpoch: int32,
  attributes: fc
    .tuple(
      fc.oneof(
        fc.nat({ max: 15 }).map((bits) => bits << 3),
        flags,
      ),
      fc.nat({ max: COMPRESSION_TYPES.length - 1 }),
    )
    .map(([bits, compression]) => bits | compression),
  baseTimestampMs: int64,
  maxTimestampMs: int64,
  producerId: int64,
  producerEpoch: int16,
  baseSequence: int32,
})

/** Any batch that can be written down, also such as no broker makes. */
export const batchArbitrary: fc.Arbitrary<RecordBatchView> = fc
  .tuple(header, fc.array(storedRecord, { maxLength: 4 }))
  .map(([fields, records]) => {
    // Records of none are not compressed.
    const attributes = records.length === 0 ? fields.attributes & ~7 : fields.attributes
    return new RecordBatchView(buildBatch({ ...fields, attributes }, records))
  })

/** Batches as they are in a partition, one kind after the other, and one that is large and cannot be compressed. */
export function variousBatches(): RecordBatchView[] {
  const { logAppendTime, transactional, control, deleteHorizon } = BIT
  const records = numberedRecords(3)
  const time = { baseTimestampMs: 1_700_000_000_000n }
  return [
    batchView({ ...time, baseOffset: 5n, records, leaderEpoch: 3, producerId: 7n, producerEpoch: 1, baseSequence: 0 }),
    batchView({ ...time, baseOffset: 8n, records, attributes: logAppendTime, maxTimestampMs: 1_700_000_009_000n }),
    new RecordBatchView(markerBytes('commit', { ...time, baseOffset: 11n, producerId: 7n })),
    new RecordBatchView(markerBytes('abort', { ...time, baseOffset: 12n, producerId: 8n })),
    // What compaction leaves: holes, a delete horizon, no records at all.
    batchView({ ...time, baseOffset: 13n, records: [{ offsetDelta: 2 }, { offsetDelta: 7 }], lastOffsetDelta: 9 }),
    batchView({ ...time, baseOffset: 23n, attributes: deleteHorizon, records: [{ key: Buffer.from('k') }] }),
    batchView({ ...time, baseOffset: 24n, attributes: transactional, records: [], lastOffsetDelta: 4 }),
    batchView({ ...time, baseOffset: 29n, attributes: transactional | control, records: [], lastOffsetDelta: 0 }),
    ...COMPRESSION_TYPES.map((_, number) => compressedBatch(BigInt(30 + number), number)),
    batchView({ baseOffset: 40n, records: [{ key: Buffer.from([0xff, 0]), value: incompressible(90_000) }] }),
    ...fc.sample(batchArbitrary, { numRuns: 10, seed: 20_261_123 }),
  ]
}

/** What a batch says, apart from its compressed bytes and its checksum. */
export function contentOf({ bytes }: Pick<RecordBatch, 'bytes'>): object {
  const batch = Buffer.from(bytes)
  return { ...batchHeaderOf(batch), records: [...readStoredRecords(batch)] }
}

function compressedBatch(baseOffset: bigint, attributes: number): RecordBatchView {
  const source = batchView({ baseOffset, records: numberedRecords(20, 'a longer value that comes again ') })
  return new RecordBatchView(
    buildBatch({ ...batchHeaderOf(source.bytes), attributes }, [...readStoredRecords(source.bytes)]),
  )
}

/** Bytes without a pattern, the same ones each time. */
export function incompressible(length: number): Buffer {
  const content = Buffer.alloc(length)
  let state = 1
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    content[index] = state >>> 24
  }
  return content
}

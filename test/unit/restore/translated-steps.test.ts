import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainFor, type SegmentInfo } from '../../../src/archive/partition-log.js'
import { storeSegment } from '../../../src/archiver/store-segment.js'
import type { KafkaRecord } from '../../../src/batch/read-records.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { binaryFraming } from '../../../src/codec/binary-framing.js'
import type { OutgoingBatch } from '../../../src/restore/step.js'
import { translatedSteps } from '../../../src/restore/translated-steps.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { BIT, batchView, numberedRecords } from '../../support/batches.js'
import { batchRecords } from '../../support/record-arbitrary.js'
import { bytesOf } from '../../support/restoring.js'
import { PARTITION, partitionLog, putSegment } from '../../support/segments.js'
import { cutAt, rangeOf, transactionalLog } from '../../support/transactional-log.js'
import { collected } from '../../support/znode-arbitrary.js'

/** Where a batch's records begin. */
const RECORDS_AT = 61
const IDENTITY = { producerId: 2n ** 40n, producerEpoch: 7 }

async function outgoing(
  storage: MemoryStorage,
  segments: readonly SegmentInfo[],
  range: { readonly from: bigint; readonly next: bigint },
): Promise<OutgoingBatch[]> {
  const chain = chainFor(partitionLog({ segments }), { generation: 1, ...range })
  return collected(translatedSteps({ storage, codecs: [] }, chain, {}))
}

/** What a consumer of the target would see, but for where the records are. */
function sent(batches: readonly OutgoingBatch[]): Omit<KafkaRecord, 'offset' | 'topic' | 'partition'>[] {
  return batches.flatMap((batch) => [...viewOf(batch).records()].map(contentOf))
}

function viewOf(batch: OutgoingBatch): RecordBatchView {
  return new RecordBatchView(bytesOf(batch, IDENTITY))
}

function contentOf({ timestampMs, key, value, headers }: KafkaRecord) {
  return { timestampMs, timestampType: 'create' as const, key, value, headers }
}

/** A batch with holes or without, whose times the producer or the broker set. */
const anyBatch = fc.record({
  records: fc.oneof(
    batchRecords,
    batchRecords.map((records) => records.map((record, offsetDelta) => ({ ...record, offsetDelta }))),
  ),
  attributes: fc.constantFrom(0, BIT.logAppendTime),
  compression: fc.constantFrom('none' as const, 'gzip' as const),
  offsetsBefore: fc.constantFrom(0n, 0n, 3n),
})

/** Batches one after the other, with holes between some. */
const anyLog = fc.array(anyBatch, { minLength: 1, maxLength: 6 }).map((items) => {
  let baseOffset = 0n
  return items.map(({ offsetsBefore, ...item }) => {
    const batch = batchView({ ...item, baseOffset: baseOffset + offsetsBefore, leaderEpoch: 5 }, PARTITION)
    baseOffset = batch.nextOffset
    return batch
  })
})

describe('what a restore produces', () => {
  it('is what readers of the source saw, in batches that a broker takes, one sequence after the other', async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, fc.array(fc.nat(), { maxLength: 3 }), fc.nat(), fc.nat(), async (log, cuts, a, b) => {
        const storage = new MemoryStorage()
        const pieces = cutAt(log, cuts)
        const segments = await Promise.all(pieces.map((piece) => putSegment(storage, piece)))
        const { next: end } = rangeOf(log)
        const from = BigInt(a) % end
        const range = { from, next: from + 1n + (BigInt(b) % (end - from)) }
        const batches = await outgoing(storage, segments, range)
        const wanted = log.flatMap((batch) => [...batch.records()])
        const inRange = wanted.filter(({ offset }) => offset >= range.from && offset < range.next)
        expect(sent(batches)).toEqual(inRange.map(contentOf))
        let position = 0n
        for (const batch of batches) {
          const view = viewOf(batch)
          expect(batch).toMatchObject({ position, records: view.recordCount })
          expect(view).toMatchObject({ baseOffset: 0n, intact: true, transactional: false, timestampType: 'create' })
          expect(view).toMatchObject({ leaderEpoch: -1, lastOffsetDelta: batch.records - 1 })
          expect(identityOf(view)).toEqual({ ...IDENTITY, baseSequence: Number(position) })
          expect([...view.records()].map(({ offset }) => Number(offset))).toEqual([...Array(batch.records).keys()])
          position += BigInt(batch.records)
        }
      }),
    )
  })

  it('is what was committed, without markers and transactions', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, async (log) => {
        const storage = new MemoryStorage()
        const segment = await putSegment(storage, log.batches, { aborted: log.abortedIn(0n, log.end) })
        const batches = await outgoing(storage, [segment], { from: 0n, next: log.end })
        const records = log.batches.flatMap((batch) => [...batch.records()])
        expect(sent(batches)).toEqual(records.filter(({ offset }) => log.committed.includes(offset)).map(contentOf))
        expect(batches.map(viewOf).some(({ transactional, control }) => transactional || control)).toBe(false)
      }),
    )
  })

  it('is far fewer batches than small ones in the source, which are put together', async () => {
    const storage = new MemoryStorage()
    const log = Array.from({ length: 500 }, (_, offset) => batchView({ baseOffset: BigInt(offset) }))
    const segments = await Promise.all(cutAt(log, [100, 250]).map((piece) => putSegment(storage, piece)))
    const batches = await outgoing(storage, segments, { from: 0n, next: 500n })
    expect(batches).toMatchObject([{ position: 0n, records: 500, sourceFrom: 0n, sourceNext: 500n }])
  })

  it.each(['none', 'gzip'] as const)(
    'tells the time of the oldest batch in it, if any has one: %s',
    async (compression) => {
      const storage = new MemoryStorage()
      const times = [9_000n, -1n, 7_000n, 8_000n]
      const log = times.map((time, offset) =>
        batchView({ baseOffset: BigInt(offset), compression, records: [{ timestampMs: time }] }),
      )
      const batches = await outgoing(storage, [await putSegment(storage, log)], { from: 0n, next: 4n })
      expect(batches.map(({ timestampMs }) => timestampMs)).toEqual(compression === 'none' ? [7_000n] : times)
    },
  )

  it('is the same bytes whenever it is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, async (log) => {
        const storage = new MemoryStorage()
        const segment = await putSegment(storage, log)
        const bytes = async () => {
          const batches = await outgoing(storage, [segment], { from: 1n, next: segment.next - 1n })
          return batches.map((batch) => bytesOf(batch, IDENTITY).toString('hex'))
        }
        expect(await bytes()).toEqual(await bytes())
      }),
      { numRuns: 30 },
    )
  })

  it('keeps the records of a whole batch as they are, compressed as they were', async () => {
    const storage = new MemoryStorage()
    const batch = batchView({ records: numberedRecords(50), compression: 'gzip', attributes: BIT.transactional })
    const segment = await putSegment(storage, [batch])
    const [whole] = await outgoing(storage, [segment], { from: 0n, next: 50n })
    expect(whole && viewOf(whole).bytes.subarray(RECORDS_AT).equals(batch.bytes.subarray(RECORDS_AT))).toBe(true)
    const [cut] = await outgoing(storage, [segment], { from: 1n, next: 50n })
    expect(cut && viewOf(cut)).toMatchObject({ compression: 'gzip', recordCount: 49 })
  })

  it('has sequences that begin again at 0 after the largest there is', async () => {
    const storage = new MemoryStorage()
    const large = 2 ** 31 - 2
    // Whole batches that are compressed are never opened, so that this one need not hold what it says it does.
    const first = batchView({ recordCount: large, lastOffsetDelta: large - 1, compression: 'gzip' })
    const next = first.nextOffset
    const second = batchView({ baseOffset: next, records: numberedRecords(3), compression: 'gzip' })
    const third = batchView({ baseOffset: next + 3n, records: numberedRecords(1) })
    const segment = await putSegment(storage, [first, second, third])
    const batches = await outgoing(storage, [segment], { from: 0n, next: next + 4n })
    expect(batches.map((batch) => identityOf(viewOf(batch)).baseSequence)).toEqual([0, large, 1])
  })

  it('from a codec that keeps no offsets is all there is, and knows where in the source it may be', async () => {
    const storage = new MemoryStorage()
    const batch = batchView({ records: [{ value: Buffer.from('a') }, { offsetDelta: 6, value: Buffer.from('b') }] })
    const content = {
      ...{ from: 0n, next: 7n, firstEpoch: 0, lastEpoch: 0, records: 2, maxTimestampMs: 0n, aborted: [] },
      ...{ runs: [batch.bytes], bytes: batch.bytes.length, crc32c: 0, release() {} },
      *batches() {
        yield batch
      },
    }
    const target = { storage, codec: binaryFraming({ keys: false }) }
    const segment = await storeSegment(target, { ...PARTITION, generation: 1 }, content, {})
    const batches = await outgoing(storage, [segment], { from: 0n, next: 7n })
    expect(batches).toMatchObject([{ position: 0n, records: 2, sourceFrom: 0n, sourceNext: 7n }])
    expect(sent(batches).map(({ value }) => String(value))).toEqual(['a', 'b'])
    await expect(outgoing(storage, [segment], { from: 1n, next: 7n })).rejects.toMatchObject({ code: 'LOSSY_CODEC' })
  })
})

/** What a batch says of who sends it, read from the protocol's places. */
function identityOf({ bytes, producerId }: RecordBatchView) {
  return { producerId, producerEpoch: bytes.readInt16BE(51), baseSequence: bytes.readInt32BE(53) }
}

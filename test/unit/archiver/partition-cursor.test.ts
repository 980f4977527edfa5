import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nothingArchived } from '../../../src/archive/archived-partition.js'
import { type CursorStart, PartitionCursor } from '../../../src/archiver/partition-cursor.js'
import type { AbortedTransaction, FetchedPartition } from '../../../src/kafka/transport.js'
import { BIT, batchBytes, batchView, markerBytes, numberedRecords } from '../../support/batches.js'
import { PARTITION, segmentMemory } from '../../support/segments.js'
import { transactionalLog } from '../../support/transactional-log.js'

function cursorAt(position: bigint, end: bigint, changes: Partial<CursorStart> = {}): PartitionCursor {
  return new PartitionCursor({
    identity: PARTITION,
    kafkaTopicId: PARTITION.topicId,
    ...{ leaderId: 1, archived: nothingArchived(position), end, highWatermark: end },
    ...{ memory: segmentMemory(), follows: false, risksTombstones: false, ...changes },
  })
}

function answer(bytes: Buffer, aborted: readonly AbortedTransaction[] = []): FetchedPartition {
  const offsets = { highWatermark: -1n, lastStableOffset: -1n, logStart: 0n }
  return {
    topic: 'orders',
    partition: 3,
    error: undefined,
    ...offsets,
    aborted,
    bytes,
    divergingEpoch: undefined,
    epochsCompared: true,
  }
}

/** A batch of `count` records from `baseOffset` on. */
function batch(baseOffset: bigint, count: number, leaderEpoch = 0): Buffer {
  return batchBytes({ baseOffset, records: numberedRecords(count), leaderEpoch })
}

function keptBytes(cursor: PartitionCursor): Buffer {
  return Buffer.concat([...cursor.closeSegment().batches()].map(({ bytes }) => bytes))
}

it('a cursor that has come to its end tells where a transaction was open, and nothing where none was', () => {
  expect(cursorAt(4n, 4n, { highWatermark: 9n }).openFrom).toBe(4n)
  expect(cursorAt(4n, 4n).openFrom).toBeUndefined()
  // It does not know yet.
  expect(cursorAt(4n, 6n, { highWatermark: 9n }).openFrom).toBeUndefined()
})

describe('what a broker answers', () => {
  it('is taken batch by batch to the end, wherever the answers are cut off', () => {
    fc.assert(
      fc.property(transactionalLog, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (log, sizes) => {
        const bytes = Buffer.concat(log.batches.map((item) => item.bytes))
        const cursor = cursorAt(0n, log.end)
        for (let round = 0; !cursor.done; round++) {
          const next = log.batches.find(({ nextOffset }) => nextOffset > cursor.position)
          const start = log.batches.slice(0, next === undefined ? 0 : log.batches.indexOf(next))
          const startByte = start.reduce((sum, item) => sum + item.bytes.length, 0)
          // A first batch that is larger than the limit comes whole.
          const size = Math.max(sizes[round % sizes.length] ?? 1, next?.bytes.length ?? 0)
          expect(cursor.take(answer(bytes.subarray(startByte, startByte + size)))).toBeUndefined()
        }
        expect(cursor.position).toBe(log.end)
        expect(keptBytes(cursor).equals(bytes)).toBe(true)
      }),
    )
  })

  it('is noted in the segment: offsets, epochs, records without markers, largest time', () => {
    const cursor = cursorAt(0n, 9n)
    const records = numberedRecords(3).map((record, index) => ({ ...record, timestampMs: BigInt(50 - index) }))
    const first = batchBytes({ records, leaderEpoch: 2, producerId: 7n, attributes: BIT.transactional })
    const marker = markerBytes('abort', { baseOffset: 3n, producerId: 7n, leaderEpoch: 4, maxTimestampMs: 10n })
    cursor.take(answer(Buffer.concat([first, marker]), [{ producerId: 7n, firstOffset: 0n }]))
    expect(cursor).toMatchObject({ position: 4n, lastEpoch: 4, archived: { next: 0n }, done: false })
    expect(cursor.heldBytes).toBe(first.length + marker.length)
    expect(cursor.closeSegment()).toMatchObject({
      ...{ from: 0n, next: 4n, firstEpoch: 2, lastEpoch: 4, records: 3, maxTimestampMs: 50n },
      aborted: [{ producerId: 7n, firstOffset: 0n }],
    })
    expect(cursor.closeSegment()).toMatchObject({ from: 4n, next: 4n, records: 0, maxTimestampMs: -1n, aborted: [] })
  })

  it('is not kept twice where it begins before the position, but a batch around the position is kept whole', () => {
    const around = batch(4n, 4)
    const cursor = cursorAt(6n, 20n)
    expect(cursor.take(answer(Buffer.concat([batch(0n, 4), around, batch(8n, 2)])))).toBeUndefined()
    expect(cursor.position).toBe(10n)
    const content = cursor.closeSegment()
    expect(content).toMatchObject({ from: 6n, next: 10n })
    expect([...content.batches()].map(({ baseOffset }) => baseOffset)).toEqual([4n, 8n])
  })

  it('is taken up to the end of the run: a batch around it whole, a batch behind it not', () => {
    const around = cursorAt(0n, 5n)
    around.take(answer(Buffer.concat([batch(0n, 4), batch(4n, 4), batch(8n, 4)])))
    expect(around).toMatchObject({ position: 8n, done: true })
    const behind = cursorAt(0n, 6n)
    behind.take(answer(Buffer.concat([batch(0n, 4), batch(9n, 4)])))
    expect(behind).toMatchObject({ position: 6n, done: true })
    const content = behind.closeSegment()
    expect(content).toMatchObject({ from: 0n, next: 6n })
    expect([...content.batches()].map(({ baseOffset }) => baseOffset)).toEqual([0n])
  })

  it('without a whole batch changes nothing', () => {
    const cursor = cursorAt(0n, 5n)
    for (const length of [0, 5, 20, 60]) expect(cursor.take(answer(batch(0n, 3).subarray(0, length)))).toBeUndefined()
    expect(cursor).toMatchObject({ position: 0n, holds: false, heldBytes: 0 })
  })

  it('does not stay in memory whole for the sake of a small part', () => {
    const small = batch(0n, 1)
    const whole = Buffer.concat([small, Buffer.alloc(100_000)])
    const cursor = cursorAt(0n, 1n)
    cursor.take(answer(whole.subarray(0, small.length)))
    const [kept] = [...cursor.closeSegment().batches()]
    expect(kept?.bytes.equals(small)).toBe(true)
    expect(kept?.bytes.buffer).not.toBe(whole.buffer)
  })
})

describe('a damaged answer', () => {
  const good = batch(0n, 2)

  it('is taken up to the batch whose checksum is wrong, and from there again once it is right', () => {
    const next = batch(2n, 2)
    const damaged = Buffer.from(next)
    damaged[70] = (damaged[70] ?? 0) ^ 1
    const cursor = cursorAt(0n, 4n)
    expect(cursor.take(answer(Buffer.concat([good, damaged])))).toMatch(/checksum of the batch at offset 2/)
    expect(cursor).toMatchObject({ position: 2n, lastEpoch: 0, done: false })
    expect(cursor.take(answer(next))).toBeUndefined()
    expect(keptBytes(cursor).equals(Buffer.concat([good, next]))).toBe(true)
  })

  it.each([
    ['of a length that cannot be', 8, Buffer.from([0, 0, 0, 7]), /7 bytes/],
    ['of an old message format', 16, Buffer.from([1]), /offset 2 has message format 1/],
  ])('is taken up to a batch %s, and what was taken is kept', (_, at, lie, reason) => {
    const lying = batch(2n, 2)
    lie.copy(lying, at)
    const cursor = cursorAt(0n, 4n)
    expect(cursor.take(answer(Buffer.concat([good, lying])))).toMatch(reason)
    expect(cursor.position).toBe(2n)
    expect(keptBytes(cursor).equals(good)).toBe(true)
  })

  it('never puts the bytes of one batch in the place of another, when offsets go back inside it', () => {
    const cursor = cursorAt(0n, 9n)
    cursor.take(answer(Buffer.concat([batch(0n, 4), batch(1n, 2), batch(4n, 2)])))
    const kept = [...cursor.closeSegment().batches()].map(({ baseOffset }) => baseOffset)
    expect(kept[0]).toBe(0n)
    expect(kept).not.toContain(1n)
  })
})

describe('a cursor that goes on elsewhere', () => {
  it.each([
    ['behind a gap', 6n],
    ['at a cut before it', 1n],
  ])('%s forgets the aborted transactions of what it has left', (_, position) => {
    const cursor = cursorAt(0n, 20n)
    const producerId = 7n
    const written = batchBytes({ producerId, attributes: BIT.transactional, records: numberedRecords(3) })
    // The marker that ends it is never read: it lies in the gap, or on the branch that was left.
    cursor.take(answer(written, [{ producerId, firstOffset: 0n }]))
    expect(cursor.closeSegment().aborted).toHaveLength(1)
    cursor.moveTo(nothingArchived(position))
    const later = batchView({ baseOffset: position, producerId, attributes: BIT.transactional })
    cursor.take(
      answer(Buffer.concat([later.bytes, markerBytes('commit', { baseOffset: later.nextOffset, producerId })])),
    )
    expect(cursor).toMatchObject({ archived: { next: position }, lastEpoch: 0 })
    expect(cursor.closeSegment()).toMatchObject({ from: position, next: position + 2n, aborted: [] })
  })
})

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { abortedKey } from '../../../src/archive/names.js'
import { chainFor, type SegmentInfo } from '../../../src/archive/partition-log.js'
import { readChain, recordsOf } from '../../../src/archive/read-chain.js'
import { FIELD } from '../../../src/batch/batch-header.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import type { AbortedTransaction } from '../../../src/kafka/transport.js'
import { BIT, type BuiltBatch, batchBytes, batchView, markerBytes } from '../../support/batches.js'
import { CountingStorage } from '../../support/counting-storage.js'
import { change } from '../../support/damage.js'
import { partitionLog, putSegment } from '../../support/segments.js'
import { collected } from '../../support/znode-arbitrary.js'

const MIB = 1_048_576
const SEGMENT_BYTES = 20 * MIB

interface Slice {
  readonly from: bigint
  readonly next: bigint
}

/** Bytes that no compression makes smaller, the same in each run. */
function noise(seed: number, bytes: number): Buffer {
  return createHash('shake256', { outputLength: bytes }).update(String(seed)).digest()
}

/** One batch after the other, until a segment is full. */
function filled(next: (index: number, baseOffset: bigint) => BuiltBatch | RecordBatchView): RecordBatchView[] {
  const batches: RecordBatchView[] = []
  let bytes = 0
  for (let offset = 1_000n; bytes < SEGMENT_BYTES; ) {
    const built = next(batches.length, offset)
    const batch = built instanceof RecordBatchView ? built : batchView({ baseOffset: offset, ...built })
    batches.push(batch)
    bytes += batch.bytes.length
    offset = batch.nextOffset
  }
  return batches
}

/** Batches of one record and of hundreds, small and large, some of them compressed. */
function varied(index: number): BuiltBatch {
  const [count = 1, valueBytes = 1] = [
    [1, 100],
    [300, 40],
    [20, 4_000],
    [1, 300_000],
    [3, 0],
  ][noise(index, 1).readUInt8() % 5] ?? [1, 1]
  const records = Array.from({ length: count }, (_, record) => ({
    key: Buffer.from(`${index}-${record}`),
    value: noise(index * 1_000 + record, valueBytes),
  }))
  return { records, compression: index % 4 === 0 ? 'gzip' : 'none' }
}

/**
 * A batch with one record whose value ends with a whole batch of 31, with a right checksum. Both batches end at once: with
 * the byte that says that a record has no headers.
 */
function hostile(index: number, baseOffset: bigint, claimedOffset: bigint): RecordBatchView {
  const records = Array.from({ length: 31 }, () => ({ key: Buffer.from('forged'), value: noise(index, 20) }))
  const forged = batchBytes({ baseOffset: claimedOffset, records })
  return batchView({ baseOffset, records: [{ value: Buffer.concat([noise(index, 60_000), forged.subarray(0, -1)]) }] })
}

/** How a log looks in which some batches hold others. */
const HOSTILE_LOGS: Record<string, (index: number, offset: bigint) => BuiltBatch | RecordBatchView> = {
  'claim to be those before it': (index, offset) =>
    index % 2 === 0 ? { records: [{ value: noise(index, 60_000) }] } : hostile(index, offset, offset - 30n),
  'claim a hole of the log': (index, offset) => hostile(index, offset + 31n, offset + 32n),
}

describe('a slice of a large segment', () => {
  let storage: CountingStorage

  beforeEach(() => {
    storage = new CountingStorage()
  })

  /** What a read of a slice gives: the offset, key and value of each record. */
  async function read(
    segments: readonly SegmentInfo[],
    { from, next }: Slice,
    isolation: 'committed' | 'uncommitted' = 'uncommitted',
  ): Promise<string[]> {
    storage.readBytes = 0
    const chain = chainFor(partitionLog({ segments }), { generation: 1, from, next })
    const seen: string[] = []
    const options = { isolation, extent: 'slice' as const, spares: segments }
    for await (const item of readChain({ storage, codecs: [] }, chain, options)) {
      for (const record of recordsOf(item)) seen.push(shown(record))
    }
    return seen
  }

  function shown({ offset, key, value }: { offset: bigint; key: Uint8Array | null; value: Uint8Array | null }) {
    return `${offset} ${Buffer.from(key ?? '')} ${createHash('md5')
      .update(Buffer.from(value ?? ''))
      .digest('hex')}`
  }

  /** The records of a slice of some batches, without any storage. */
  function expected(batches: readonly RecordBatchView[], { from, next }: Slice): string[] {
    return batches.flatMap((batch) => {
      if (batch.control || batch.nextOffset <= from || batch.baseOffset >= next) return []
      return [...batch.records()].filter(({ offset }) => offset >= from && offset < next).map(shown)
    })
  }

  const anySlice = ({ from, next }: Slice) =>
    fc
      .tuple(fc.nat(Number(next - from) - 1), fc.integer({ min: 1, max: 2_000 }))
      .map(([at, length]) => ({ from: from + BigInt(at), next: from + BigInt(at + length) }))

  describe('of batches of all kinds', () => {
    let batches: RecordBatchView[]
    let segment: SegmentInfo
    let middle: Slice

    beforeAll(() => {
      batches = filled(varied)
    })

    beforeEach(async () => {
      segment = await putSegment(storage, batches)
      const from = batches[Math.floor(batches.length / 2)]?.baseOffset ?? 0n
      middle = { from: from + 1n, next: from + 500n }
    })

    it('costs about that slice, wherever it is', async () => {
      /** What is read besides the batches of the slice, and as much again for requests of which not all is taken. */
      const excessBytes = async (slice: Slice) => {
        expect(await read([segment], slice)).toEqual(expected(batches, slice))
        const own = batches.filter(({ baseOffset, nextOffset }) => nextOffset > slice.from && baseOffset < slice.next)
        return storage.readBytes - 2 * own.reduce((sum, { bytes }) => sum + bytes.length, 0)
      }
      const { from, next } = segment
      expect(await excessBytes({ from, next: from + 500n })).toBeLessThan(MIB / 2)
      expect(await excessBytes(middle)).toBeLessThan(6 * MIB)
      expect(await excessBytes({ from: next - 500n, next })).toBeLessThan(6 * MIB)
    })

    it('gives what is archived there, wherever it begins and ends', async () => {
      let cheap = 0
      await fc.assert(
        fc.asyncProperty(anySlice(segment), async (slice) => {
          expect(await read([segment], slice)).toEqual(expected(batches, slice))
          if (storage.readBytes < SEGMENT_BYTES / 2) cheap++
        }),
        { numRuns: 40 },
      )
      expect(cheap).toBeGreaterThan(30)
    })

    it('is read whole where most of a segment is wanted', async () => {
      const slice = { from: segment.from + 1n, next: segment.next }
      await read([segment], slice)
      expect(storage.readBytes).toBe(segment.sizeBytes)
    })

    const inSlice = () => batches.find(({ nextOffset }) => nextOffset > middle.from + 50n) ?? expect.fail('no batch')
    const positionOf = (wanted: RecordBatchView) =>
      batches.slice(0, batches.indexOf(wanted)).reduce((sum, { bytes }) => sum + bytes.length, 0)

    it.each([
      ['a bit of a record', -3],
      ['its first offset', FIELD.baseOffset + 7],
      ['its epoch', FIELD.partitionLeaderEpoch + 3],
      ['its length', FIELD.batchLength + 3],
    ])('is damage where a batch in it is not as it was: %s', async (_, at) => {
      const batch = inSlice()
      const position = positionOf(batch) + (at < 0 ? batch.bytes.length : 0) + at
      await change(storage, segment.key, (bytes) => {
        bytes[position] = (bytes[position] ?? 0) ^ 1
        return bytes
      })
      const lost = { code: 'ARCHIVE_CORRUPT', key: segment.key }
      await expect(read([segment], middle)).rejects.toMatchObject(lost)
    })

    it('is damage where the object ends too early', async () => {
      await change(storage, segment.key, (bytes) => bytes.subarray(0, positionOf(inSlice())))
      await expect(read([segment], middle)).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: segment.key })
    })

    it('comes from an intact segment where a batch is damaged', async () => {
      const batch = inSlice()
      const spare = await putSegment(storage, batches.slice(1))
      const at = positionOf(batch) + batch.bytes.length - 3
      await change(storage, segment.key, (bytes) => bytes.fill(0, at, at + 2))
      expect(await read([segment, spare], middle)).toEqual(expected(batches, middle))
    })

    it('comes from what has replaced a segment that is merged while it is read', async () => {
      const half = Math.floor(batches.length / 4)
      const slice = { from: segment.from, next: segment.from + (segment.next - segment.from) / 3n }
      const get = storage.get.bind(storage)
      storage.get = async function* (key, options) {
        yield* get(key, options)
        if (key !== segment.key || (await storage.head(key)) === undefined) return
        for (const part of [batches.slice(0, half), batches.slice(half)]) await putSegment(storage, part)
        await storage.delete(key)
      }
      expect(await read([segment], slice)).toEqual(expected(batches, slice))
    })
  })

  it.each(Object.entries(HOSTILE_LOGS))(
    'never takes batches inside of records for those of the log: they %s',
    async (_, log) => {
      const batches = filled(log)
      const segment = await putSegment(storage, batches)
      await fc.assert(
        fc.asyncProperty(anySlice(segment), fc.integer({ min: 1, max: 40 }), async ({ from }, length) => {
          const slice = { from, next: from + BigInt(length) }
          expect(await read([segment], slice)).toEqual(expected(batches, slice))
        }),
        { numRuns: 40 },
      )
    },
  )

  it('is read whole where offsets have holes, since no checksum of a batch covers them', async () => {
    const batches = filled((index, offset) => {
      const records = [{ value: noise(index, 30_000) }]
      return batchView({ baseOffset: offset + BigInt(index % 7 === 0 ? 5 : 0), records })
    })
    const segment = await putSegment(storage, batches)
    const { from } = segment
    for (const slice of [
      { from, next: from + 100n },
      { from: from + 300n, next: from + 400n },
    ]) {
      expect(await read([segment], slice)).toEqual(expected(batches, slice))
      expect(storage.readBytes).toBeGreaterThan(segment.sizeBytes)
    }
  })

  it('knows the transactions that were aborted before it', async () => {
    const producerId = 5n
    const aborted: AbortedTransaction[] = []
    // Of each ten batches one transaction's are the first six, and the seventh is its marker; each other one is aborted.
    const ends = (index: number) => index % 10 === 6
    const isAborted = (index: number) => Math.floor(index / 10) % 2 === 0
    const batches = filled((index, baseOffset) => {
      if (ends(index))
        return new RecordBatchView(markerBytes(isAborted(index) ? 'abort' : 'commit', { baseOffset, producerId }))
      const records = [{ value: noise(index, 60_000) }]
      if (index % 10 > 6) return { records }
      if (index % 10 === 0 && isAborted(index)) aborted.push({ producerId, firstOffset: baseOffset })
      return { records, producerId, attributes: BIT.transactional }
    })
    const segment = await putSegment(storage, batches, { aborted })
    expect(await collected(storage.get(abortedKey(segment.key)))).not.toEqual([])
    const committed = batches.filter((_, index) => index % 10 > 6 || !isAborted(index))
    await fc.assert(
      fc.asyncProperty(anySlice(segment), fc.integer({ min: 1, max: 60 }), async ({ from }, length) => {
        const slice = { from, next: from + BigInt(length) }
        expect(await read([segment], slice, 'committed')).toEqual(expected(committed, slice))
      }),
      { numRuns: 40 },
    )
  })
})

import { describe, expect, it } from 'vitest'
import { abortedKey } from '../../../src/archive/names.js'
import { listPartition, type SegmentInfo } from '../../../src/archive/partition-log.js'
import { readChain } from '../../../src/archive/read-chain.js'
import { readSegment } from '../../../src/archive/read-segment.js'
import { OpenSegment, type SegmentContent } from '../../../src/archiver/open-segment.js'
import { storeSegment } from '../../../src/archiver/store-segment.js'
import type { RecordBatchView } from '../../../src/batch/record-batch.js'
import { binaryFraming } from '../../../src/codec/binary-framing.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import { StorageError, UnsupportedFormatError } from '../../../src/errors.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { withFaults } from '../../../src/testing/faults.js'
import { keys } from '../../../src/testing/storage-contract/support.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { PARTITION, putSegment, segmentMemory } from '../../support/segments.js'
import { type TransactionalLog, transactionalLogOf } from '../../support/transactional-log.js'
import { collected } from '../../support/znode-arbitrary.js'

const PLACE = { ...PARTITION, generation: 1 }
const LOG: TransactionalLog = transactionalLogOf([
  { producer: 0, action: 'write-plainly', records: 2 },
  { producer: 1, action: 'write', records: 3 },
  { producer: 2, action: 'write', records: 1 },
  { producer: 1, action: 'abort', records: 1 },
  { producer: 2, action: 'commit', records: 1 },
])

/** What an archiver holds after it has read `batches` from `from` on. */
function gathered(batches: readonly RecordBatchView[], from = batches[0]?.baseOffset ?? 0n): SegmentContent {
  const open = new OpenSegment(PARTITION, from, segmentMemory())
  open.expectAborted(LOG.abortedIn(from, LOG.end))
  for (const batch of batches) {
    open.take(batch)
    open.keep(batch.bytes)
  }
  return open.close()
}

async function storedLog(codec = logSegments()) {
  const storage = new MemoryStorage()
  const segment = await storeSegment({ storage, codec }, PLACE, gathered(LOG.batches), {})
  return { storage, segment, source: { storage, codecs: [codec] } }
}

/** A storage with the same objects, but for the one at `key`, which `change` gives; without one it is missing. */
async function changed(
  storage: MemoryStorage,
  key: string,
  change?: (bytes: Buffer) => Buffer,
): Promise<MemoryStorage> {
  const copy = new MemoryStorage()
  for (const known of await keys(storage, '')) {
    const bytes = Buffer.concat(await collected(storage.get(known)))
    if (known !== key) await copy.put(known, bytes)
    else if (change !== undefined) await copy.put(known, change(bytes))
  }
  return copy
}

describe('a stored segment', () => {
  it('is read back byte for byte', async () => {
    const { segment, source } = await storedLog()
    const batches = await collected(readSegment(source, segment, {}))
    expect(batches.map(({ bytes }) => bytes)).toEqual(LOG.batches.map(({ bytes }) => bytes))
    expect([...(batches[0]?.records() ?? [])][0]).toMatchObject({ topic: 'orders', partition: 3, offset: 0n })
  })

  it('is all that its listing says', async () => {
    const { storage, segment } = await storedLog()
    expect((await listPartition(storage, PARTITION, {})).segments).toEqual([segment])
    expect(segment).toMatchObject({
      ...{ from: 0n, next: LOG.end, records: 6, firstEpoch: 3, lastEpoch: 3, abortedTransactions: 1 },
      sizeBytes: LOG.batches.reduce((sum, { bytes }) => sum + bytes.length, 0),
      crc32c: (await storage.head(segment.key))?.crc32c,
    })
  })

  it('comes after its sidecar, so that whoever sees it sees a whole one', async () => {
    const { proxy, fail } = withFaults(new MemoryStorage())
    const down = new StorageError('down')
    fail('put', down, { skip: 1 })
    const target = { storage: proxy, codec: logSegments() }
    await expect(storeSegment(target, PLACE, gathered(LOG.batches), {})).rejects.toBe(down)
    expect(await keys(proxy, '')).toEqual([expect.stringMatching(/\.log\.aborted\.json$/)])
    const segment = await storeSegment(target, PLACE, gathered(LOG.batches), {})
    expect(await keys(proxy, '')).toEqual([segment.key, abortedKey(segment.key)])
  })

  it('stored twice is the same one', async () => {
    const { storage, segment } = await storedLog()
    const again = await storeSegment({ storage, codec: logSegments() }, PLACE, gathered(LOG.batches), {})
    expect(again).toEqual(segment)
  })

  it('without batches answers for offsets that compaction has emptied', async () => {
    const storage = new MemoryStorage()
    const open = new OpenSegment(PARTITION, 5n, segmentMemory())
    open.extendTo(9n)
    const segment = await storeSegment({ storage, codec: logSegments() }, PLACE, open.close(), {})
    expect(segment).toMatchObject({ from: 5n, next: 9n, records: 0, sizeBytes: 0, firstEpoch: -1 })
    expect(await collected(readSegment({ storage, codecs: [] }, segment, {}))).toEqual([])
  })
})

describe('a segment of a codec that keeps keys and values only', () => {
  it('holds what is committed, and gives it back from the segment’s first offset on', async () => {
    const { segment, source } = await storedLog(binaryFraming({ keys: true }))
    expect(segment).toMatchObject({ records: 3, abortedTransactions: 0, extension: '.keyed.bin' })
    const records = (await collected(readSegment(source, segment, {}))).flatMap((batch) => [...batch.records()])
    expect(records.map(({ offset, value }) => [offset, Buffer.from(value ?? []).toString()])).toEqual([
      [0n, 'v0'],
      [1n, 'v1'],
      [2n, 'v0'],
    ])
  })

  it('can be read although it begins inside a batch', async () => {
    const codec = binaryFraming({ keys: false })
    const storage = new MemoryStorage()
    // DeleteRecords has moved the log's start to 2, into a batch of 4.
    const content = gathered([batchView({ records: numberedRecords(4) })], 2n)
    const segment = await storeSegment({ storage, codec }, PLACE, content, {})
    const batches = await collected(readSegment({ storage, codecs: [codec] }, segment, {}))
    const records = batches.flatMap((batch) => [...batch.records()])
    expect(records.map(({ offset, value }) => [offset, Buffer.from(value ?? []).toString()])).toEqual([
      [2n, 'v2'],
      [3n, 'v3'],
    ])
  })
})

describe('a segment that is not what it was', () => {
  async function expectDamage(storage: MemoryStorage, segment: SegmentInfo, key = segment.key): Promise<void> {
    const given: bigint[] = []
    const chain = [{ segment, from: segment.from, next: segment.next }]
    const reading = (async () => {
      const items = readChain({ storage, codecs: [] }, chain, { isolation: 'committed' })
      for await (const { batch } of items) given.push(batch.baseOffset)
    })()
    const damage = { code: 'ARCHIVE_CORRUPT', key, from: segment.from, next: segment.next }
    await expect(reading).rejects.toMatchObject(damage)
    expect(given).toEqual([])
  }

  it.each([0, 30, 200])('is damage before any batch is given: a bit of byte %i is another', async (at) => {
    const { storage, segment } = await storedLog()
    const flip = (bytes: Buffer) => {
      bytes[at] = (bytes[at] ?? 0) ^ 0x10
      return bytes
    }
    await expectDamage(await changed(storage, segment.key, flip), segment)
  })

  it('is damage before any batch is given: it is shorter, even by a whole batch, or longer', async () => {
    const { storage, segment } = await storedLog()
    const lastBytes = LOG.batches.at(-1)?.bytes.length ?? 0
    for (const cut of [1, lastBytes]) {
      await expectDamage(await changed(storage, segment.key, (bytes) => bytes.subarray(0, -cut)), segment)
    }
    await expectDamage(await changed(storage, segment.key, (bytes) => Buffer.concat([bytes, bytes])), segment)
  })

  it('is damage before any batch is given: it is gone, or its sidecar is', async () => {
    const { storage, segment } = await storedLog()
    await expectDamage(await changed(storage, segment.key), segment)
    const sidecar = abortedKey(segment.key)
    await expectDamage(await changed(storage, sidecar), segment, sidecar)
  })

  it.each([
    ['beyond its end', { from: 0n, next: 8n }],
    ['before its beginning', { from: 5n, next: 20n }],
  ])('is damage where it holds offsets %s', async (_, range) => {
    const storage = new MemoryStorage()
    const batches = [
      batchView({ records: numberedRecords(5) }),
      batchView({ baseOffset: 5n, records: numberedRecords(5) }),
    ]
    const segment = await putSegment(storage, batches, range)
    const reading = collected(readSegment({ storage, codecs: [] }, segment, {}))
    await expect(reading).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: segment.key })
  })

  it('is damage where its batches overlap', async () => {
    const storage = new MemoryStorage()
    const batches = [
      batchView({ records: numberedRecords(5) }),
      batchView({ baseOffset: 3n, records: numberedRecords(5) }),
    ]
    const segment = await putSegment(storage, batches)
    const reading = collected(readSegment({ storage, codecs: [] }, segment, {}))
    await expect(reading).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: segment.key })
  })

  it('is no damage where the store fails, or no codec is known', async () => {
    const { storage, segment, source } = await storedLog()
    const { proxy, fail } = withFaults(storage)
    const down = new StorageError('down', { retryable: true })
    fail('get', down, { afterItems: 0 })
    await expect(collected(readSegment({ ...source, storage: proxy }, segment, {}))).rejects.toBe(down)
    const foreign = { ...segment, extension: '.log.age' }
    await expect(collected(readSegment(source, foreign, {}))).rejects.toBeInstanceOf(UnsupportedFormatError)
  })
})

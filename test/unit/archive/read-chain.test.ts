import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChainDamage } from '../../../src/archive/chain-damage.js'
import { chainFor, type SegmentInfo } from '../../../src/archive/partition-log.js'
import { linksSince, readChain, recordsOf } from '../../../src/archive/read-chain.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { partitionLog, putLog, putSegment } from '../../support/segments.js'
import { type TransactionalLog, transactionalLog, transactionalLogOf } from '../../support/transactional-log.js'

/** Offsets of the records that a read of `[from, next)` of some segments gives. */
async function read(
  storage: MemoryStorage,
  segments: readonly SegmentInfo[],
  { from, next }: { readonly from: bigint; readonly next: bigint },
  isolation: 'committed' | 'uncommitted' = 'committed',
): Promise<bigint[]> {
  const chain = chainFor(partitionLog({ segments }), { generation: 1, from, next })
  const offsets: bigint[] = []
  for await (const item of readChain({ storage, codecs: [logSegments()] }, chain, { isolation })) {
    for (const { offset } of recordsOf(item)) offsets.push(offset)
  }
  return offsets
}

/** Segments that each writer cut in its own way. */
async function putSegments(storage: MemoryStorage, log: TransactionalLog, writers: readonly (readonly number[])[]) {
  const segments: SegmentInfo[] = []
  for (const cuts of writers) segments.push(...(await putLog(storage, log, cuts)))
  return segments
}

function within(offsets: readonly bigint[], { from, next }: { readonly from: bigint; readonly next: bigint }) {
  return offsets.filter((offset) => offset >= from && offset < next)
}

describe('a read of what is committed', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 4 })

  it('of everything gives what the model says, wherever the segments end', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, cuts, async (log, places) => {
        const storage = new MemoryStorage()
        const segments = await putSegments(storage, log, [places])
        expect(await read(storage, segments, { from: 0n, next: log.end })).toEqual(log.committed)
      }),
    )
  })

  it('that begins and ends anywhere gives what the model says', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, cuts, fc.nat(), fc.nat(), async (log, places, start, length) => {
        const storage = new MemoryStorage()
        const segments = await putSegments(storage, log, [places])
        const from = BigInt(start) % log.end
        const range = { from, next: from + 1n + (BigInt(length) % (log.end - from)) }
        expect(await read(storage, segments, range)).toEqual(within(log.committed, range))
      }),
      { numRuns: 300 },
    )
  })

  it('gives what the model says where two writers’ segments overlap', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, cuts, cuts, async (log, ...writers) => {
        const storage = new MemoryStorage()
        const segments = await putSegments(storage, log, writers)
        expect(await read(storage, segments, { from: 0n, next: log.end })).toEqual(log.committed)
      }),
      { numRuns: 300 },
    )
  })

  it('shows a producer’s later transaction although the marker of its aborted one lies in a gap', async () => {
    const log = transactionalLogOf([
      { producer: 0, action: 'write', records: 2 },
      { producer: 0, action: 'abort', records: 1 },
      { producer: 0, action: 'write', records: 2 },
      { producer: 0, action: 'commit', records: 1 },
    ])
    const storage = new MemoryStorage()
    const [aborted = [], , ...later] = log.batches.map((batch) => [batch])
    const segments = [
      await putSegment(storage, aborted, { aborted: log.abortedIn(0n, 2n) }),
      await putSegment(storage, later.flat()),
    ]
    expect(await read(storage, segments, { from: 0n, next: log.end })).toEqual([3n, 4n])
  })
})

describe('a read of everything', () => {
  it('gives each wanted record once, those of aborted transactions too, and no marker', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, fc.array(fc.nat(), { maxLength: 4 }), async (log, places) => {
        const storage = new MemoryStorage()
        const segments = await putSegments(storage, log, [places, []])
        const expected = log.batches.filter(({ control }) => !control).flatMap((batch) => [...batch.records()])
        const found = await read(storage, segments, { from: 0n, next: log.end }, 'uncommitted')
        expect(found).toEqual(expected.map(({ offset }) => offset))
      }),
    )
  })

  it('looks at each record’s own time, and leaves out segments that are too old by their names', async () => {
    const times = [50n, 10n, 90n, -1n]
    const records = numberedRecords(4).map((record, index) => ({ ...record, timestampMs: times[index] }))
    const batch = batchView({ records })
    const segment = await putSegment(new MemoryStorage(), [batch], { maxTimestampMs: 90n })
    const item = { batch, from: 0n, next: 4n }
    const timesIn = (range: object) => [...recordsOf(item, range)].map(({ timestampMs }) => timestampMs)
    expect(timesIn({ sinceMs: 50n })).toEqual([50n, 90n])
    expect(timesIn({ untilMs: 50n })).toEqual([10n, -1n])
    expect(timesIn({ sinceMs: 91n })).toEqual([])
    const links = [{ segment, from: 0n, next: 4n }]
    expect(linksSince(links, 90n)).toEqual(links)
    expect(linksSince(links, 91n)).toEqual([])
    expect(linksSince(links, undefined)).toEqual(links)
  })
})

describe('a segment that holds something wrong', () => {
  const wanted = { from: 0n, next: 6n }
  const [first, second] = [0n, 2n].map((baseOffset) => batchView({ baseOffset, records: numberedRecords(2) }))
  const wrong: Record<string, readonly RecordBatchView[]> = {
    'a batch that does not belong there': [batchView({ baseOffset: 2n, records: numberedRecords(2) })],
    'no batch': [new RecordBatchView(Buffer.alloc(70, 1))],
  }

  it.each(Object.entries(wrong))('gives everything that is before it: %s', async (_, batches) => {
    const storage = new MemoryStorage()
    const good = [first, second].flatMap((batch) => batch ?? [])
    const bytes = Buffer.concat([...good, ...batches].map((batch) => batch.bytes))
    const segment = await putSegment(storage, good, { bytes, next: wanted.next })
    const chain = chainFor(partitionLog({ segments: [segment] }), { generation: 1, ...wanted })
    const offsets: bigint[] = []
    const holes: object[] = []
    const onDamage = ({ hole: { from, next } }: ChainDamage) => void holes.push({ from, next })
    for await (const item of readChain({ storage, codecs: [] }, chain, { isolation: 'uncommitted', onDamage })) {
      for (const { offset } of recordsOf(item)) offsets.push(offset)
    }
    expect(offsets).toEqual([0n, 1n, 2n, 3n])
    expect(holes).toEqual([{ from: 4n, next: 6n }])
  })
})

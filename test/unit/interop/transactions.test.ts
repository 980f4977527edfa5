import fc from 'fast-check'
import { MemoryStorage } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { BIT, batchView, markerBytes } from '../../support/batches.js'
import { batchesOf, brokersView, exportTo, putCheckpoint } from '../../support/exported-log.js'
import { gappedArchive } from '../../support/gapped-archive.js'
import { putSegment } from '../../support/segments.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { type TransactionalLog, transactionalLog, transactionalLogOf } from '../../support/transactional-log.js'

const newFolder = temporaryFolders()

/** Exports the archive of a log of which the batches `[0, first)` and `[second, end)` were archived. */
async function exported(log: TransactionalLog, first: number, second = first, end = log.batches.length) {
  const { storage, ...archive } = await gappedArchive(log, { first, second, end })
  const { batches, error } = await exportTo(await newFolder(), storage).then(
    async (result) => ({ batches: await batchesOf(result), error: undefined }),
    (thrown: unknown) => ({ batches: [], error: thrown }),
  )
  return { batches, error, ...archive }
}

describe('transactions in an exported log', () => {
  it('end as they did, wherever the archive ends, and none is left open', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, fc.nat(), async (log, place) => {
        const end = 1 + (place % log.batches.length)
        const { batches, committed } = await exported(log, end, end, end)
        expect(brokersView(batches)).toEqual({ committed, open: [] })
      }),
    )
  })

  it('end as they did where their markers are in a gap, or the export says that it cannot tell', async () => {
    let untold = 0
    await fc.assert(
      fc.asyncProperty(transactionalLog, fc.nat(), fc.nat(), async (log, start, length) => {
        const first = 1 + (start % log.batches.length)
        const second = first + (length % (log.batches.length - first + 1))
        const { batches, committed, error, gap } = await exported(log, first, second)
        if (error === undefined) {
          expect(brokersView(batches)).toEqual({ committed, open: [] })
        } else {
          expect(error).toMatchObject({ code: 'ARCHIVE_CORRUPT', message: expect.stringContaining('ended in a gap') })
          expect(gap.next - gap.from).toBeLessThan(3n) // there are three producers
          untold++
        }
      }),
      { numRuns: 200 },
    )
    expect(untold).toBeLessThan(20)
  })

  it('of a gap without room for all markers are told apart as far as possible', async () => {
    const steps = (ends: readonly ['commit' | 'abort', 'commit' | 'abort']) =>
      transactionalLogOf([
        { producer: 0, action: 'write', records: 1 },
        { producer: 1, action: 'write', records: 1 },
        { producer: 1, action: ends[0], records: 1 }, // the gap
        { producer: 1, action: 'write', records: 1 },
        { producer: 1, action: ends[1], records: 1 },
        { producer: 0, action: 'commit', records: 1 },
      ])
    const same = await exported(steps(['abort', 'abort']), 2, 3)
    expect(brokersView(same.batches)).toEqual({ committed: same.committed, open: [] })
    const other = await exported(steps(['abort', 'commit']), 2, 3)
    expect(other.error).toMatchObject({ code: 'ARCHIVE_CORRUPT', from: 3n, next: 4n })
  })

  it('that compaction has left no record and no marker end too: brokers take an empty batch for an open one', async () => {
    const storage = new MemoryStorage()
    const [records, none] = [{ attributes: BIT.transactional }, { records: [], lastOffsetDelta: 0 }]
    const batches = [
      batchView({ ...records, ...none, baseOffset: 0n, producerId: 1n }),
      batchView({ ...records, baseOffset: 1n, producerId: 2n }),
      batchView({ ...none, attributes: BIT.transactional | BIT.control, baseOffset: 2n, producerId: 2n }),
    ]
    await putSegment(storage, batches)
    await putCheckpoint(storage, { next: 3n })
    const log = await exportTo(await newFolder(), storage)
    expect(log.next).toBe(5n)
    expect(brokersView(await batchesOf(log))).toEqual({ committed: [1n], open: [] })
  })

  it('get markers that brokers and consumers read: at the offsets behind the log, with the producer’s epoch', async () => {
    const storage = new MemoryStorage()
    const written = { producerEpoch: 4, attributes: BIT.transactional, baseTimestampMs: 77n }
    const batches = [
      batchView({ ...written, baseOffset: 0n, producerId: 1n }),
      batchView({ ...written, baseOffset: 1n, producerId: 2n }),
    ]
    await putSegment(storage, batches, { aborted: [{ producerId: 2n, firstOffset: 1n }] })
    await putCheckpoint(storage, { next: 2n })
    const log = await exportTo(await newFolder(), storage)
    expect(log.next).toBe(4n)
    const markers = (await batchesOf(log)).slice(2)
    const marker = { baseTimestampMs: 77n, producerEpoch: 4, leaderEpoch: 0 }
    const expected = [
      markerBytes('commit', { ...marker, baseOffset: 2n, producerId: 2n ** 62n + 1n }),
      markerBytes('abort', { ...marker, baseOffset: 3n, producerId: 2n ** 62n + 2n }),
    ]
    expect(markers).toEqual(expected.map((bytes) => new RecordBatchView(bytes)))
  })
})

import fc from 'fast-check'
import { MemoryStorage, type RestoreOptions, type RestoreRange, TopicRestorer } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { ClusterModel } from '../../support/cluster-model.js'
import { archiveOf, seenInArchive, seenInCluster } from '../../support/seen-log.js'
import { type TransactionalLog, transactionalLog, transactionalLogOf } from '../../support/transactional-log.js'

const SOURCE = { topic: 'orders', partition: 0 }
const TARGET = { topic: 'orders-restored', partition: 0 }
const LOG = transactionalLogOf([
  { producer: 0, action: 'write-plainly', records: 3 },
  { producer: 1, action: 'write', records: 2 },
  { producer: 1, action: 'abort', records: 1 },
])

async function archived(...logs: readonly TransactionalLog[]): Promise<MemoryStorage> {
  const cluster = new ClusterModel()
  cluster.add(SOURCE.topic, logs)
  return archiveOf(cluster, SOURCE.topic)
}

async function restored(storage: MemoryStorage, options: RestoreOptions) {
  const cluster = new ClusterModel()
  const restorer = new TopicRestorer({ kafka: cluster.transport, storage })
  const summary = await restorer.run({ rename: () => TARGET.topic, ...options })
  return { cluster, summary, seen: await seenInCluster(cluster, TARGET) }
}

function planned(storage: MemoryStorage, ranges: readonly RestoreRange[], options: RestoreOptions = {}) {
  return new TopicRestorer({ kafka: new ClusterModel().transport, storage }).plan({ ...options, ranges })
}

/** A log, and a part of it that is not empty. */
const anyPart = fc.tuple(transactionalLog, fc.nat(), fc.nat()).map(([log, start, length]) => {
  const from = BigInt(start) % log.end
  return { log, from, to: from + 1n + (BigInt(length) % (log.end - from)) }
})

describe('a range of offsets', () => {
  it('is all that comes back, at the offsets that it had', async () => {
    await fc.assert(
      fc.asyncProperty(anyPart, async ({ log, from, to }) => {
        const storage = await archived(log)
        const { seen, summary } = await restored(storage, { offsets: 'exact', ranges: [{ ...SOURCE, from, to }] })
        const source = await seenInArchive(storage, SOURCE)
        const isWanted = (record: string) => {
          const offset = BigInt(record.split(' ')[0] ?? '')
          return offset >= from && offset < to
        }
        expect(seen.committed).toEqual(source.committed.filter(isWanted))
        expect(seen.uncommitted).toEqual(source.uncommitted.filter(isWanted))
        expect(seen.from).toBe(from)
        expect(summary.partitions).toMatchObject([{ sourceFrom: from, sourceNext: to, missing: 0n }])
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('is all that comes back, one record after the other', async () => {
    await fc.assert(
      fc.asyncProperty(anyPart, async ({ log, from, to }) => {
        const storage = await archived(log)
        const { seen } = await restored(storage, { offsets: 'translate', ranges: [{ ...SOURCE, from, to }] })
        const offsets = log.committed.filter((offset) => offset >= from && offset < to)
        expect(seen.committed).toHaveLength(offsets.length)
        expect(seen.next).toBe(BigInt(offsets.length))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('leaves the other partitions whole, and is open where it names no end', async () => {
    const storage = await archived(LOG, LOG)
    const { summary } = await restored(storage, { ranges: [{ ...SOURCE, partition: 1, from: 1n }] })
    expect(summary.partitions).toMatchObject([
      { sourceFrom: 0n, sourceNext: LOG.end },
      { sourceFrom: 1n, sourceNext: LOG.end },
    ])
  })

  it('belongs to the restore: another one is not taken up with it', async () => {
    const storage = await archived(LOG)
    const { cluster } = await restored(storage, { ranges: [{ ...SOURCE, from: 0n, to: 1n }] })
    const restorer = new TopicRestorer({ kafka: cluster.transport, storage })
    await expect(restorer.run({ rename: () => TARGET.topic })).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })
  })

  it('that the archive has nothing of is a problem, and one of an unknown partition an error', async () => {
    const storage = await archived(LOG)
    const { problems } = await planned(storage, [{ ...SOURCE, from: LOG.end }])
    expect(problems).toMatchObject([{ code: 'OUTSIDE_ARCHIVE', text: expect.stringContaining('orders-0') }])
    for (const unknown of [
      { ...SOURCE, partition: 1 },
      { ...SOURCE, topic: 'order' },
    ]) {
      await expect(planned(storage, [unknown])).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    }
    await expect(planned(storage, [SOURCE], { topics: [/^other/] })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
  })

  it('is checked at once', async () => {
    const wrong: readonly [unknown, typeof TypeError | typeof RangeError][] = [
      ['orders', TypeError],
      [[{ ...SOURCE, to: 5 }], TypeError],
      [[{ ...SOURCE, till: 5n }], TypeError],
      [[{ partition: 0 }], TypeError],
      [[{ ...SOURCE, partition: -1 }], RangeError],
      [[{ ...SOURCE, from: -1n }], RangeError],
      [[{ ...SOURCE, from: 5n, to: 5n }], RangeError],
      [[SOURCE, SOURCE], TypeError],
    ]
    const restorer = new TopicRestorer({ kafka: new ClusterModel().transport, storage: new MemoryStorage() })
    for (const [ranges, error] of wrong) {
      expect(() => restorer.stream({ ranges: ranges as readonly RestoreRange[] })).toThrow(error)
    }
  })
})

import fc from 'fast-check'
import { TopicArchive, TopicRestorer } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { ClusterModel } from '../../support/cluster-model.js'
import { inflict } from '../../support/damage.js'
import { type Archived, gappedArchive } from '../../support/gapped-archive.js'
import { seenInArchive, seenInCluster } from '../../support/seen-log.js'
import { PARTITION } from '../../support/segments.js'
import { type TransactionalLog, transactionalLog, transactionalLogOf } from '../../support/transactional-log.js'
import { collected } from '../../support/znode-arbitrary.js'

const TARGET = 'orders-restored'

/** Restores the archive of a part of a log, and tells what readers see of the archive and of the target. */
async function restored(log: TransactionalLog, archived: Archived) {
  const { storage, gap } = await gappedArchive(log, archived)
  const cluster = new ClusterModel()
  const restorer = new TopicRestorer({ kafka: cluster.transport, storage })
  const error = await restorer.run({ rename: () => TARGET, offsets: 'exact', partitions: 4 }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { storage, cluster, gap, error }
}

async function expectSameRecords({ cluster, storage }: Awaited<ReturnType<typeof restored>>): Promise<void> {
  const source = await seenInArchive(storage, PARTITION)
  const target = await seenInCluster(cluster, { ...PARTITION, topic: TARGET })
  expect({ ...target, next: undefined }).toEqual({ ...source, next: undefined })
}

describe('a restore at exact offsets', () => {
  it('shows what was committed and nothing else, also where markers are in a gap or behind the end', async () => {
    let untold = 0
    const places = fc.tuple(fc.nat(), fc.nat(), fc.nat())
    await fc.assert(
      fc.asyncProperty(transactionalLog, places, async (log, [start, length, rest]) => {
        const { length: batches } = log.batches
        const first = 1 + (start % batches)
        const second = first + (length % (batches - first + 1))
        const end = second + (rest % (batches - second + 1))
        const result = await restored(log, { first, second, end })
        if (result.error === undefined) return expectSameRecords(result)
        expect(result.error).toMatchObject({
          code: 'ARCHIVE_CORRUPT',
          message: expect.stringContaining('ended in a gap'),
          hint: expect.stringContaining('translate'),
        })
        expect(result.gap.next - result.gap.from).toBeLessThan(3n) // there are three producers
        untold++
      }),
      { numRuns: 200 },
    )
    expect(untold).toBeLessThan(20)
  }, 60_000)

  it('keeps apart what a producer aborted before a gap and committed behind it', async () => {
    const log = transactionalLogOf([
      { producer: 0, action: 'write', records: 2 },
      { producer: 0, action: 'abort', records: 1 }, // the gap
      { producer: 0, action: 'write', records: 2 },
      { producer: 0, action: 'commit', records: 1 },
    ])
    const result = await restored(log, { first: 1, second: 2, end: 4 })
    expect(result.error).toBeUndefined()
    const { committed, uncommitted } = await seenInCluster(result.cluster, { ...PARTITION, topic: TARGET })
    expect(committed.map((record) => record.split(' ')[0])).toEqual(['3', '4'])
    expect(uncommitted.map((record) => record.split(' ')[0])).toEqual(['0', '1', '3', '4'])
  })

  it('does without no sidecar: nobody knows what was aborted', async () => {
    const log = transactionalLogOf([
      { producer: 0, action: 'write', records: 2 },
      { producer: 0, action: 'abort', records: 1 },
    ])
    const { storage } = await gappedArchive(log, { first: 2, second: 2, end: 2 })
    const [segment] = await collected(new TopicArchive({ storage }).segments(PARTITION))
    if (segment === undefined) throw new Error('nothing was archived')
    await inflict(storage, segment, 'a missing sidecar')
    const restorer = new TopicRestorer({ kafka: new ClusterModel().transport, storage })
    await expect(restorer.run({ offsets: 'exact', partitions: 4 })).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining('sidecar'),
    })
  })
})

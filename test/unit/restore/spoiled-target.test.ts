import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { TopicArchive } from '../../../src/topic-archive.js'
import { TopicArchiver } from '../../../src/topic-archiver.js'
import { TopicRestorer } from '../../../src/topic-restorer.js'
import { batchBytes, numberedRecords } from '../../support/batches.js'
import { ClusterModel } from '../../support/cluster-model.js'
import { FaultyWorld } from '../../support/faulty-world.js'
import { transactionalLogOf } from '../../support/transactional-log.js'

const TARGET = 'orders-restored'
const PARTITION = { topic: TARGET, partition: 0 }
const NEW_TOPIC = { topic: TARGET, partitions: 1, replicationFactor: 1, configs: {} }
const OPTIONS = { rename: () => TARGET, offsets: 'exact' } as const
const BOOM = new Error('the machine is gone')

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** An archive of one committed transaction of two batches between two plain ones. */
async function archive(): Promise<MemoryStorage> {
  const source = new ClusterModel()
  const step = (producer: number, action: 'write' | 'write-plainly' | 'commit') => ({ producer, action, records: 2 })
  const log = [
    step(0, 'write-plainly'),
    step(1, 'write'),
    step(1, 'write'),
    step(1, 'commit'),
    step(0, 'write-plainly'),
  ]
  source.add('orders', [transactionalLogOf(log)])
  const storage = new MemoryStorage()
  await new TopicArchiver({ kafka: source.transport, storage }).run()
  return storage
}

/** A restore that dies in its transaction, which the cluster ends before anybody takes it up again. */
async function spoil(cluster: ClusterModel, storage: MemoryStorage): Promise<void> {
  const world = new FaultyWorld({ failAt: 0, kind: 'dead', error: BOOM, only: ['endTransaction'] })
  const dying = new TopicRestorer({ kafka: world.around(cluster.transport), storage }).run(OPTIONS)
  await expect(dying).rejects.toBe(BOOM)
  const topicId = await idOf(cluster)
  cluster.expireTransaction(`kafkeep-restore-${topicId}-0-0`)
}

async function idOf(cluster: ClusterModel): Promise<string | undefined> {
  return (await cluster.transport.metadata([TARGET])).topics[0]?.topicId
}

async function offsetsIn(storage: MemoryStorage, topic: string): Promise<bigint[]> {
  const offsets: bigint[] = []
  for await (const { offset } of new TopicArchive({ storage }).records({ topic, partition: 0 })) offsets.push(offset)
  return offsets
}

describe('a target whose open transaction the cluster has ended', () => {
  it('is deleted and made again from the start, where the restore has created it', async () => {
    const [storage, cluster] = [await archive(), new ClusterModel()]
    await spoil(cluster, storage)
    const before = await idOf(cluster)
    const summary = await new TopicRestorer({ kafka: cluster.transport, storage }).run(OPTIONS)
    expect(summary).toMatchObject({ complete: true })
    expect(await idOf(cluster)).not.toBe(before)
    const restored = new MemoryStorage()
    await new TopicArchiver({ kafka: cluster.transport, storage: restored }).run()
    expect(await offsetsIn(restored, TARGET)).toEqual(await offsetsIn(storage, 'orders'))
  })

  it('is a clear error, and stays as it is, where somebody else has created it', async () => {
    const [storage, cluster] = [await archive(), new ClusterModel()]
    await cluster.transport.createTopic(NEW_TOPIC)
    await spoil(cluster, storage)
    const before = cluster.batchesOf(PARTITION).length
    const run = new TopicRestorer({ kafka: cluster.transport, storage }).run(OPTIONS)
    await expect(run).rejects.toMatchObject({ code: 'RESTORE_CONFLICT', hint: expect.any(String) })
    expect(cluster.batchesOf(PARTITION)).toHaveLength(before)
  })

  it('is a clear error, and stays as it is, where somebody else has written to it', async () => {
    const [storage, cluster] = [await archive(), new ClusterModel()]
    await spoil(cluster, storage)
    await cluster.transport.produce(PARTITION, batchBytes({ records: numberedRecords(1), producerId: -1n }))
    const before = await idOf(cluster)
    const run = new TopicRestorer({ kafka: cluster.transport, storage }).run(OPTIONS)
    await expect(run).rejects.toMatchObject({ code: 'RESTORE_CONFLICT', hint: expect.any(String) })
    expect(await idOf(cluster)).toBe(before)
  })

  it('is recognised as the restore’s own also after a crash between its creation and the first note of it', async () => {
    const [storage, cluster] = [await archive(), new ClusterModel()]
    // Whether it could be created is asked first.
    const asked = new FaultyWorld({ failAt: 1, kind: 'after', error: BOOM, only: ['createTopic'] })
    const dying = new TopicRestorer({ kafka: asked.around(cluster.transport), storage }).run(OPTIONS)
    await expect(dying).rejects.toBe(BOOM)
    await spoil(cluster, storage)
    const before = await idOf(cluster)
    await new TopicRestorer({ kafka: cluster.transport, storage }).run(OPTIONS)
    expect(await idOf(cluster)).not.toBe(before)
  })
})

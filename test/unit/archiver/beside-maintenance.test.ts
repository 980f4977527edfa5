import { type ArchiveEvent, type KafkaRecord, MemoryStorage, TopicArchive } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { batchBytes, numberedRecords } from '../../support/batches.js'
import { ClusterModel } from '../../support/cluster-model.js'
import { run, stream, TOPIC } from '../../support/model-run.js'
import { plainLog } from '../../support/transactional-log.js'
import { findingsOf } from '../../support/verified-archive.js'
import { collected } from '../../support/znode-arbitrary.js'

/** A log of one record a batch. */
function logOf(records: number) {
  const [value] = numberedRecords(1)
  return plainLog(
    Array.from({ length: records }, (_, offset) =>
      batchBytes({ baseOffset: BigInt(offset), leaderEpoch: 3, records: [value ?? {}] }),
    ),
  )
}

async function offsets(storage: MemoryStorage): Promise<bigint[]> {
  const records: KafkaRecord[] = await collected(new TopicArchive({ storage }).records({ topic: TOPIC, partition: 0 }))
  return records.map(({ offset }) => offset)
}

describe('an archiver', () => {
  it('goes on as ever while segments are merged and pruned, and says where its verdict begins', async () => {
    const cluster = new ClusterModel()
    cluster.add(TOPIC, [logOf(40)])
    const storage = new MemoryStorage()
    const archive = new TopicArchive({ storage })
    await run(cluster.transport, storage)
    expect(await collected(archive.merge())).not.toEqual([])
    cluster.add(TOPIC, [logOf(80)])
    await cluster.transport.deleteRecords({ topic: TOPIC, partition: 0 }, 30n, {})
    const events: ArchiveEvent[] = []
    for await (const event of stream(cluster.transport, storage)) {
      events.push(event)
      if (event.type === 'segment') await collected(archive.merge({ segmentBytes: 800 }))
    }
    expect(events.filter(({ type }) => type !== 'segment' && type !== 'checkpoint')).toEqual([])
    expect(await offsets(storage)).toEqual(Array.from({ length: 80 }, (_, index) => BigInt(index)))
    expect(await collected(archive.prune({ keepCheckpoints: 1 }))).not.toEqual([])
    cluster.add(TOPIC, [logOf(100)])
    await cluster.transport.deleteRecords({ topic: TOPIC, partition: 0 }, 30n, {})
    const [verdict] = (await run(cluster.transport, storage)).partitions
    const left = await offsets(storage)
    expect(left.at(-1)).toBe(99n)
    expect(verdict).toMatchObject({ from: left[0], next: 100n, gaps: [], complete: true })
    expect(await archive.partitions(TOPIC)).toMatchObject([{ from: left[0], next: 100n, gaps: [], complete: true }])
    expect(await findingsOf(storage, { deep: true })).toEqual([])
  })
})

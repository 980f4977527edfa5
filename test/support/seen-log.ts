import type { TopicPartition } from '../../src/batch/topic-partition.js'
import { MemoryStorage } from '../../src/storage/memory.js'
import type { ArchiveStorage } from '../../src/storage/storage.js'
import { TopicArchive } from '../../src/topic-archive.js'
import { TopicArchiver } from '../../src/topic-archiver.js'
import type { ClusterModel } from './cluster-model.js'

/** What readers see of a partition, and where its log begins and ends. */
export interface SeenLog {
  readonly committed: readonly string[]
  readonly uncommitted: readonly string[]
  readonly from: bigint | undefined
  readonly next: bigint | undefined
}

/** What an archive shows of a partition. */
export async function seenInArchive(storage: ArchiveStorage, { topic, partition }: TopicPartition): Promise<SeenLog> {
  const archive = new TopicArchive({ storage })
  const records = async (isolation: 'committed' | 'uncommitted') => {
    const shown: string[] = []
    for await (const { offset, value, timestampMs } of archive.records({ topic, partition, isolation })) {
      shown.push(`${offset} ${timestampMs} ${value}`)
    }
    return shown
  }
  const verdict = (await archive.partitions(topic)).find((one) => one.partition === partition)
  return {
    ...{ committed: await records('committed'), uncommitted: await records('uncommitted') },
    ...{ from: verdict?.from, next: verdict?.next },
  }
}

/** What a cluster shows of a partition: to an archiver, which reads as consumers do. */
export async function seenInCluster(cluster: ClusterModel, partition: TopicPartition): Promise<SeenLog> {
  return seenInArchive(await archiveOf(cluster, partition.topic), partition)
}

/** A new archive of a topic. */
export async function archiveOf(cluster: ClusterModel, topic: string): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  await new TopicArchiver({ kafka: cluster.transport, storage }).run({ topics: [topic] })
  return storage
}

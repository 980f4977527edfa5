import pLimit from 'p-limit'
import type { TopicIdentity } from '../archive/names.js'
import { listPartition, type PartitionLog } from '../archive/partition-log.js'
import type { KafkaTransport, TopicMetadata } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { PartitionCursor } from './partition-cursor.js'

/** A cursor and where its log begins on the broker. */
export interface OpenedCursor {
  readonly cursor: PartitionCursor
  readonly logStart: bigint
}

/** A topic with the incarnation it is. */
export interface IdentifiedTopic extends TopicMetadata {
  readonly identity: TopicIdentity
}

const LISTINGS_AT_ONCE = 8

/** One cursor a partition, each at the end of what the archive holds of it. */
export async function openCursors(
  kafka: KafkaTransport,
  storage: ArchiveStorage,
  topics: readonly IdentifiedTopic[],
  signal: AbortSignal | undefined,
): Promise<OpenedCursor[]> {
  const partitions = topics.flatMap(({ identity, topicId: kafkaTopicId, partitions }) =>
    partitions.map(({ partition, leaderId }) => ({ ...identity, partition, leaderId, kafkaTopicId })),
  )
  const ends = await kafka.listOffsets('last-stable', partitions, { signal })
  const highWatermarks = await kafka.listOffsets('high-watermark', partitions, { signal })
  const starts = await kafka.listOffsets('earliest', partitions, { signal })
  const limit = pLimit(LISTINGS_AT_ONCE)
  return Promise.all(
    partitions.map(({ leaderId, kafkaTopicId, ...identity }, index) =>
      limit(async () => {
        const log = await listPartition(storage, identity, { signal })
        const logStart = starts[index] ?? 0n
        const archived = archivedEnd(log)
        const cursor = new PartitionCursor({
          identity,
          kafkaTopicId,
          leaderId,
          generation: log.newestGeneration,
          position: archived?.next ?? logStart,
          lastEpoch: archived?.lastEpoch ?? -1,
          end: ends[index] ?? 0n,
          highWatermark: highWatermarks[index] ?? 0n,
          segments: log.segments,
          gaps: log.gaps,
          cuts: log.cuts,
        })
        return { cursor, logStart }
      }),
    ),
  )
}

/** Where the newest generation ends, and with which leader epoch; `undefined` while nothing is archived. */
function archivedEnd({ segments, gaps, cuts, newestGeneration }: PartitionLog): ArchivedEnd | undefined {
  const cut = cuts.get(newestGeneration)
  let end: ArchivedEnd | undefined = cut === undefined ? undefined : { next: cut, lastEpoch: -1 }
  for (const { generation, next, lastEpoch } of segments) {
    if (generation === newestGeneration && next > (end?.next ?? -1n)) end = { next, lastEpoch }
  }
  for (const { generation, next } of gaps) {
    if (generation === newestGeneration && next > (end?.next ?? -1n)) end = { next, lastEpoch: -1 }
  }
  return end
}

interface ArchivedEnd {
  readonly next: bigint
  readonly lastEpoch: number
}

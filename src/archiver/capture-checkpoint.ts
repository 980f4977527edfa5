import pLimit from 'p-limit'
import type { Checkpoint, CheckpointGroup, CheckpointTopic } from '../archive/checkpoint.js'
import { chainFor } from '../archive/partition-log.js'
import type { TopicPartition } from '../batch/topic-partition.js'
import { LogDivergedError } from '../errors.js'
import type { KafkaTransport } from '../kafka/transport.js'
import type { IdentifiedTopic } from './open-cursors.js'
import type { PartitionCursor } from './partition-cursor.js'

const COORDINATOR_QUESTIONS_AT_ONCE = 8

/**
 * What the cluster's consumer groups have committed for these partitions. Read before the partitions' ends are, so
 * that no committed offset lies beyond what is archived.
 */
export async function captureGroups(
  kafka: KafkaTransport,
  partitions: readonly TopicPartition[],
  { ownGroupId, signal }: { readonly ownGroupId: string; readonly signal: AbortSignal | undefined },
): Promise<CheckpointGroup[]> {
  if (partitions.length === 0) return []
  const limit = pLimit(COORDINATOR_QUESTIONS_AT_ONCE)
  const listed = await kafka.listGroups({ signal })
  const groups = await Promise.all(
    listed
      .filter(({ groupId, protocolType }) => groupId !== ownGroupId && ['consumer', ''].includes(protocolType))
      .map(({ groupId }) =>
        limit(async () => ({ groupId, offsets: await kafka.groupOffsets(groupId, partitions, { signal }) })),
      ),
  )
  return groups.filter(({ offsets }) => offsets.length > 0)
}

/** The state of the topics as it is archived now. Topics that were deleted during the run are left out. */
export async function captureTopics(
  kafka: KafkaTransport,
  topics: readonly IdentifiedTopic[],
  cursors: readonly PartitionCursor[],
  signal: AbortSignal | undefined,
): Promise<Checkpoint['topics']> {
  const cursorsOf = new Map(topics.map(({ topic }): [string, PartitionCursor[]] => [topic, []]))
  for (const cursor of cursors) cursorsOf.get(cursor.identity.topic)?.push(cursor)
  const existing = topics.filter(({ topic }) => !cursorsOf.get(topic)?.some(isGone))
  const names = existing.map(({ topic }) => topic)
  const configs = await kafka.topicConfigs(names, { signal })
  return existing.map(
    ({ topic, identity, partitions }, index): CheckpointTopic => ({
      ...identity,
      replicationFactor: Math.max(1, ...partitions.map(({ replicas }) => replicas.length)),
      configs: (configs[index]?.configs ?? []).flatMap(({ name, value, source, sensitive }) =>
        value === null || sensitive ? [] : [{ name, value, source }],
      ),
      partitions: (cursorsOf.get(topic) ?? []).map(partitionState),
    }),
  )
}

function isGone({ error }: PartitionCursor): boolean {
  return error instanceof LogDivergedError
}

function partitionState(cursor: PartitionCursor) {
  const { generation, durable: next, identity } = cursor
  const [first] = chainFor(cursor.log, { generation, from: 0n, next })
  return { partition: identity.partition, generation, from: first?.from ?? next, next }
}

import { type ArchivedPartition, archivedPartition, nothingArchived } from '../archive/archived-partition.js'
import type { CheckpointGroup, CheckpointPartition, CheckpointTopic } from '../archive/checkpoint.js'
import { type PartitionIdentity, partitionPrefix, topicKey } from '../archive/names.js'
import { listPartition } from '../archive/partition-log.js'
import { partitionName } from '../batch/topic-partition.js'
import { LogDivergedError, TopicNotFoundError } from '../errors.js'
import { mapConcurrently } from '../internal/map-concurrently.js'
import type { KafkaTransport, TopicConfigs, TransportCallOptions } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import type { PartitionCursor } from './partition-cursor.js'
import { isPassingFailure } from './passing-failure.js'
import type { IdentifiedTopic } from './topic-watch.js'

/** What is needed to find out in which state topics are. */
export interface CaptureContext extends TransportCallOptions {
  readonly kafka: KafkaTransport
  readonly storage: ArchiveStorage
  /** The archiver's own group, which is not part of any state. */
  readonly groupId: string
}

const COORDINATOR_QUESTIONS_AT_ONCE = 8
const LISTINGS_AT_ONCE = 16

/**
 * What the cluster's consumer groups have committed for these topics. Read before the partitions' ends are, so that no
 * committed offset lies beyond what is archived.
 */
export async function captureGroups(
  topics: readonly IdentifiedTopic[],
  { kafka, groupId: ownGroupId, signal }: CaptureContext,
): Promise<CheckpointGroup[]> {
  if (topics.length === 0) return []
  const names = new Set(topics.map(({ topic }) => topic))
  const listed = await kafka.listGroups({ signal })
  const others = listed.filter(
    ({ groupId, protocolType }) => groupId !== ownGroupId && ['consumer', ''].includes(protocolType),
  )
  const groups = await mapConcurrently(others, COORDINATOR_QUESTIONS_AT_ONCE, async ({ groupId }) => {
    const committed = await kafka.groupOffsets(groupId, undefined, { signal })
    return { groupId, offsets: committed.filter(({ topic }) => names.has(topic)) }
  })
  return groups.filter(({ offsets }) => offsets.length > 0)
}

/**
 * The state of topics as it is archived now. Topics that were deleted during the run are left out. Partitions that
 * this process does not archive are looked up in the storage.
 */
export async function captureTopics(
  topics: readonly IdentifiedTopic[],
  cursors: Iterable<PartitionCursor>,
  context: CaptureContext,
): Promise<CheckpointTopic[]> {
  const own = new Map<string, PartitionCursor>()
  const gone = new Set<string>()
  for (const cursor of cursors) {
    own.set(partitionPrefix(cursor.identity), cursor)
    if (cursor.error instanceof LogDivergedError) gone.add(topicKey(cursor.identity))
  }
  const existing = topics.filter(({ identity }) => !gone.has(topicKey(identity)))
  const others = await othersState(
    existing.flatMap(({ identity, partitions }) => partitions.map(({ partition }) => ({ ...identity, partition }))),
    own,
    context,
  )
  const described = await describedTopics(existing, context)
  return described.map(({ identity, partitions, configs }) => ({
    ...identity,
    replicationFactor: Math.max(1, ...partitions.map(({ replicas }) => replicas.length)),
    configs: configs.flatMap(({ name, value, source, sensitive }) =>
      value === null || sensitive ? [] : [{ name, value, source }],
    ),
    partitions: partitions.map(({ partition }) => {
      const name = partitionPrefix({ ...identity, partition })
      const cursor = own.get(name)
      return stateOf(partition, cursor?.archived ?? others.get(name)?.archived, (cursor ?? others.get(name))?.logStart)
    }),
  }))
}

/** Topics with their configs; those that are gone by now are left out. */
async function describedTopics(
  topics: readonly IdentifiedTopic[],
  context: CaptureContext,
): Promise<readonly (IdentifiedTopic & TopicConfigs)[]> {
  try {
    const names = topics.map(({ topic }) => topic)
    const configs = await context.kafka.topicConfigs(names, { signal: context.signal })
    return topics.map((topic, index) => ({ ...topic, configs: configs[index]?.configs ?? [] }))
  } catch (error) {
    const rest = error instanceof TopicNotFoundError ? topics.filter(({ topic }) => topic !== error.topic) : topics
    if (rest.length === topics.length) throw error
    return describedTopics(rest, context)
  }
}

/** What is archived of a partition, and where its log begins if that is known. */
interface OthersState {
  readonly archived: ArchivedPartition
  readonly logStart: bigint | undefined
}

/** What is archived of the partitions that are not `own`; those that nobody has looked at yet are left out. */
async function othersState(
  partitions: readonly PartitionIdentity[],
  own: ReadonlyMap<string, PartitionCursor>,
  { kafka, storage, groupId, signal }: CaptureContext,
): Promise<ReadonlyMap<string, OthersState>> {
  const others = partitions.filter((partition) => !own.has(partitionPrefix(partition)))
  if (others.length === 0) return new Map()
  const committed = new Map(
    (await kafka.groupOffsets(groupId, others, { signal })).map((offset) => [partitionName(offset), offset.offset]),
  )
  const starts = await kafka.listOffsets('earliest', others, { signal }).catch(unlessPassing)
  const states = await mapConcurrently(others, LISTINGS_AT_ONCE, async (partition) => {
    const archived = archivedPartition(await listPartition(storage, partition, { signal }))
    const next = committed.get(partitionName(partition))
    return archived ?? (next === undefined ? undefined : nothingArchived(next))
  })
  return new Map(
    others.flatMap((partition, index) => {
      const archived = states[index]
      const state = archived && { archived, logStart: starts?.[index] }
      return state === undefined ? [] : [[partitionPrefix(partition), state] as const]
    }),
  )
}

function stateOf(
  partition: number,
  archived: ArchivedPartition | undefined,
  logStart: bigint | undefined,
): CheckpointPartition {
  if (archived === undefined) return { partition, generation: 1, from: 0n, next: 0n, unseen: true }
  const { generation, from, next } = archived
  return { partition, generation, from, next, ...(logStart !== undefined && logStart > from && { logStart }) }
}

/** A partition without a leader must not keep a checkpoint from being written. */
function unlessPassing(error: unknown): undefined {
  if (!isPassingFailure(error)) throw error
}

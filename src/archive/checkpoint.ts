import type { TopicPartition } from '../batch/topic-partition.js'
import { ArchiveCorruptError, NotInArchiveError, ObjectNotFoundError } from '../errors.js'
import { allOf } from '../internal/all-of.js'
import { missingNames, selects, type TopicFilter } from '../internal/topic-filter.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { FORMAT_VERSION } from './archive-marker.js'
import { chosenId, type InstantChoice, instantOf, newInstantId, noSuchInstant } from './instant-id.js'
import { JsonFields, jsonBytes, readJson } from './json-object.js'
import { CHECKPOINTS_PREFIX, type TopicIdentity } from './names.js'

/** Which checkpoint to read: the newest, one by its id, or the newest one before an instant. */
export type CheckpointChoice = InstantChoice

/** A topic config as it was in force. */
export interface CheckpointConfig {
  readonly name: string
  readonly value: string
  /** Where the value came from; `topic` for those that were set on the topic itself. */
  readonly source: string
}

/** What of a partition belongs to a checkpoint: the offsets `[from, next)` as `generation` has them. */
export interface CheckpointPartition {
  readonly partition: number
  readonly generation: number
  readonly from: bigint
  readonly next: bigint
  /**
   * Where the log on the broker began, if that is known to be behind `from`: what is before was no part of the state any
   * more, although it is archived.
   */
  readonly logStart?: bigint
  /** Set where nobody had looked at the partition when the checkpoint was taken: it need not be empty. */
  readonly unseen?: true
}

/** A topic as a checkpoint knows it. */
export interface CheckpointTopic extends TopicIdentity {
  readonly replicationFactor: number
  readonly configs: readonly CheckpointConfig[]
  readonly partitions: readonly CheckpointPartition[]
}

/** An offset that a consumer group had committed. */
interface CheckpointGroupOffset extends TopicPartition {
  readonly offset: bigint
  readonly leaderEpoch: number
  readonly metadata: string
}

/** A consumer group as a checkpoint knows it. */
export interface CheckpointGroup {
  readonly groupId: string
  readonly offsets: readonly CheckpointGroupOffset[]
}

/** A state of topics and groups to go back to. */
export interface Checkpoint {
  readonly takenMs: number
  readonly clusterId: string
  readonly topics: readonly CheckpointTopic[]
  readonly groups: readonly CheckpointGroup[]
}

/** Stores a checkpoint and answers its id. */
export async function writeCheckpoint(
  storage: ArchiveStorage,
  checkpoint: Checkpoint,
  { signal }: StorageCallOptions,
): Promise<string> {
  const id = newInstantId(checkpoint.takenMs)
  await putCheckpoint(storage, id, checkpoint, { signal })
  return id
}

/** Stores a checkpoint under an id that it has already. */
export async function putCheckpoint(
  storage: ArchiveStorage,
  id: string,
  checkpoint: Checkpoint,
  { signal }: StorageCallOptions,
): Promise<void> {
  const key = checkpointKey(id)
  await storage.put(key, jsonBytes(key, { format: FORMAT_VERSION, ...checkpoint }), { signal })
}

/** Ids of all checkpoints, oldest first. */
export async function* checkpointIds(
  storage: ArchiveStorage,
  { signal }: StorageCallOptions,
): AsyncGenerator<string, void, void> {
  for await (const { key } of storage.list(CHECKPOINTS_PREFIX, { signal })) {
    const id = key.slice(CHECKPOINTS_PREFIX.length).replace(/\.json$/, '')
    if (checkpointKey(id) === key && instantOf(id) !== undefined) yield id
  }
}

/**
 * Reads the checkpoint that `choice` means.
 *
 * @throws {@link NotInArchiveError} when there is none.
 */
export async function readCheckpoint(
  storage: ArchiveStorage,
  choice: CheckpointChoice,
  { signal }: StorageCallOptions,
): Promise<Checkpoint & { readonly id: string }> {
  const ids = await allOf(checkpointIds(storage, { signal }))
  const id = chosenId(ids, choice)
  const checkpoint = id === undefined ? undefined : await readListedCheckpoint(storage, id, { signal })
  if (checkpoint === undefined) throw noSuchInstant('checkpoint', choice, ids)
  return checkpoint
}

/** Reads a checkpoint that was listed. `undefined` when it was pruned since. */
export async function readListedCheckpoint(
  storage: ArchiveStorage,
  id: string,
  { signal }: StorageCallOptions,
): Promise<(Checkpoint & { readonly id: string }) | undefined> {
  const key = checkpointKey(id)
  try {
    return { id, ...parseCheckpoint(new JsonFields(await readJson(storage, key, { signal }), key)) }
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined
    throw error
  }
}

/**
 * What a checkpoint has of one partition, and of its topic.
 *
 * @throws {@link NotInArchiveError} when it has nothing of it.
 */
export function partitionIn(
  { id, topics }: Checkpoint & { readonly id: string },
  { topic, partition, topicId }: TopicPartition & { readonly topicId?: string | undefined },
): { readonly archived: CheckpointTopic; readonly state: CheckpointPartition } {
  const archived = topics.find((known) => known.topic === topic && (topicId ?? known.topicId) === known.topicId)
  const state = archived?.partitions.find((known) => known.partition === partition)
  if (archived !== undefined && state !== undefined) return { archived, state }
  throw new NotInArchiveError(`checkpoint ${id} has no partition ${partition} of topic ${topic}`)
}

/**
 * The topics of a checkpoint that a filter selects.
 *
 * @throws {@link NotInArchiveError} when the filter names one that the checkpoint does not have.
 */
export function topicsIn(
  { id, topics }: Checkpoint & { readonly id: string },
  filter: TopicFilter | undefined,
): readonly CheckpointTopic[] {
  const names = topics.map(({ topic }) => topic)
  const [missing] = missingNames(filter, names)
  if (missing === undefined) return topics.filter(({ topic }) => selects(filter, topic))
  throw new NotInArchiveError(`checkpoint ${id} has no topic ${missing}`, {
    hint: `it has: ${names.join(', ') || 'none'}`,
  })
}

/** The newest checkpoint, if there is one. */
export async function latestCheckpoint(
  storage: ArchiveStorage,
  options: StorageCallOptions,
): Promise<Checkpoint | undefined> {
  let latest: string | undefined
  for await (const id of checkpointIds(storage, options)) latest = id
  return latest === undefined ? undefined : readListedCheckpoint(storage, latest, options)
}

/** Where a checkpoint is. */
export function checkpointKey(id: string): string {
  return `${CHECKPOINTS_PREFIX}${id}.json`
}

/** What a checkpoint's JSON says, or {@link ArchiveCorruptError}. */
export function parseCheckpoint(fields: JsonFields): Checkpoint {
  return {
    takenMs: fields.integer('takenMs'),
    clusterId: fields.string('clusterId'),
    topics: fields.list('topics', (topic) => ({
      topic: topic.string('topic'),
      topicId: topic.string('topicId'),
      replicationFactor: topic.integer('replicationFactor', 1),
      configs: topic.list('configs', (config) => ({
        name: config.string('name'),
        value: config.string('value'),
        source: config.string('source'),
      })),
      partitions: topic.list('partitions', partitionFrom),
    })),
    groups: fields.list('groups', (group) => ({
      groupId: group.string('groupId'),
      offsets: group.list('offsets', (offset) => ({
        topic: offset.string('topic'),
        partition: offset.integer('partition'),
        offset: offset.bigint('offset', 0n),
        leaderEpoch: offset.integer('leaderEpoch', -1),
        metadata: offset.string('metadata'),
      })),
    })),
  }
}

function partitionFrom(fields: JsonFields): CheckpointPartition {
  const partition: CheckpointPartition = {
    partition: fields.integer('partition'),
    generation: fields.integer('generation', 1),
    from: fields.bigint('from', 0n),
    next: fields.bigint('next', 0n),
    ...(fields.has('logStart') && { logStart: fields.bigint('logStart', 0n) }),
    ...(fields.isSet('unseen') && { unseen: true }),
  }
  if (partition.next < partition.from) {
    throw new ArchiveCorruptError(`${fields.key}: \`${fields.path}\` has offsets that cannot be`, { key: fields.key })
  }
  return partition
}

import { type Checkpoint, type CheckpointTopic, readCheckpoint } from '../archive/checkpoint.js'
import type { Hole } from '../archive/finding.js'
import { archivedTopicId } from '../archive/names.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { NotInArchiveError } from '../errors.js'
import type { KafkaTransport, TopicMetadata } from '../kafka/transport.js'
import { digestOf } from '../restore/plan.js'
import { type PartitionChain, planSource } from '../restore/plan-source.js'
import { type RestoreRecord, readRestoreRecord } from '../restore/restore-record.js'
import { readSkippedHoles } from '../restore/skipped-holes.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'

/** A live topic, and the archived one that it is compared with. */
export interface TopicPair {
  readonly archived: CheckpointTopic
  readonly live: TopicMetadata
  readonly clusterId: string
  readonly chains: readonly PartitionChain[]
}

/** How a live topic came to be, and so where archived records have to be in it. */
export type Correspondence =
  /** At their offsets. With `partly` a restore has left out some, nobody knows which. */
  | { readonly type: 'offsets'; readonly restored: boolean; readonly partly: boolean }
  /** Committed ones close together, from `starts` on by place in the list of partitions. */
  | { readonly type: 'closed-up'; readonly starts: readonly bigint[]; readonly skipped: readonly Hole[] }
  /** Nobody knows. */
  | { readonly type: 'unknown'; readonly starts: readonly bigint[]; readonly restoredFrom: string }

/** What is needed to find out. */
interface Question extends StorageCallOptions {
  readonly kafka: KafkaTransport
  readonly source: SegmentSource
  readonly state: ArchiveStorage
  /** The checkpoint that was asked for, and whether it was. */
  readonly checkpoint: Checkpoint & { readonly id: string }
  readonly chosen: boolean
}

/** What of the archive belongs to a live topic, and how. */
export async function correspondenceOf(
  { source, state, checkpoint, chosen, signal }: Question,
  topic: CheckpointTopic,
  { live, clusterId }: Pick<TopicPair, 'live' | 'clusterId'>,
): Promise<{ readonly pair: TopicPair; readonly correspondence: Correspondence }> {
  const place = { clusterId, topicId: archivedTopicId(live.topicId, clusterId) }
  const found = await readRestoreRecord(state, place, { signal })
  const record = found?.source === topic.topic ? found : undefined
  const from = record === undefined || chosen ? undefined : await restoredState(source, topic, record, { signal })
  const archived = from?.archived ?? topic
  const id = from?.id ?? checkpoint.id
  const { chains } = await planSource(source, archived, { latest: false, onDamage: 'skip', ranges: [], signal })
  const pair = { archived, live, clusterId, chains }
  if (record === undefined) {
    return { pair, correspondence: { type: 'offsets', restored: found !== undefined, partly: false } }
  }
  const { offsets, targetFrom: starts, digest } = record
  const whole = digest === digestOf({ checkpoint: { id }, selection: {} }, archived, chains, live.topic)
  if (offsets === 'exact') {
    return { pair, correspondence: { type: 'offsets', restored: true, partly: !whole && id === record.checkpoint } }
  }
  if (!whole) return { pair, correspondence: { type: 'unknown', starts, restoredFrom: record.checkpoint } }
  const skipped = await readSkippedHoles(state, place, { signal })
  return { pair, correspondence: { type: 'closed-up', starts, skipped } }
}

/** The topic as it was restored; `undefined` where the checkpoint is no longer in the archive. */
async function restoredState(
  { storage }: SegmentSource,
  { topic }: CheckpointTopic,
  record: RestoreRecord,
  { signal }: StorageCallOptions,
): Promise<{ readonly id: string; readonly archived: CheckpointTopic } | undefined> {
  try {
    const { id, topics } = await readCheckpoint(storage, record.checkpoint, { signal })
    const archived = topics.find((known) => known.topic === topic)
    return archived && { id, archived }
  } catch (error) {
    if (error instanceof NotInArchiveError) return undefined
    throw error
  }
}

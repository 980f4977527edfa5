import { type ArchivedPartition, archivedPartition, nothingArchived } from '../archive/archived-partition.js'
import type { PartitionIdentity } from '../archive/names.js'
import { listPartition } from '../archive/partition-log.js'
import { mapConcurrently } from '../internal/map-concurrently.js'
import type { KafkaTransport } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { tombstoneRetentionMs } from './compacted-topics.js'
import { logEndsOf } from './log-ends.js'
import { PartitionCursor } from './partition-cursor.js'
import type { RecordedState } from './recorded-state.js'
import type { SegmentMemory } from './segment-memory.js'

/** A partition that is to be archived. */
export interface FoundPartition {
  readonly identity: PartitionIdentity
  /** Kafka's id of the topic, where brokers have ids. */
  readonly kafkaTopicId: string | undefined
  /** -1 while the partition has no leader. */
  readonly leaderId: number
}

/** What opening needs. */
export interface OpenContext {
  readonly kafka: KafkaTransport
  readonly storage: ArchiveStorage
  readonly follow: boolean
  /** What all cursors of the run share. */
  readonly memory: SegmentMemory
  /** What was known when states were recorded last. */
  readonly recorded: RecordedState
  readonly signal: AbortSignal | undefined
}

/** A cursor, and whether its log has to be looked at before it is read. */
export interface OpenedCursor {
  readonly cursor: PartitionCursor
  /** The log may have parted from the archive, or begins behind its end. */
  readonly suspicious: boolean
}

const LISTINGS_AT_ONCE = 16

/** One cursor a partition, each at the end of what the archive holds of it. All partitions must have a leader. */
export async function openCursors(
  partitions: readonly FoundPartition[],
  context: OpenContext,
): Promise<readonly OpenedCursor[]> {
  const { kafka, signal } = context
  const identities = partitions.map(({ identity }) => identity)
  const ends = await logEndsOf(kafka, identities, { signal })
  const starts = await kafka.listOffsets('earliest', identities, { signal })
  const tombstones = await tombstoneRetentionMs([...new Set(identities.map(({ topic }) => topic))], { kafka, signal })
  const tuning = { memory: context.memory, follows: context.follow }
  const opened = await mapConcurrently(partitions, LISTINGS_AT_ONCE, async (partition, index) => {
    const { end, highWatermark } = ends[index] ?? { end: 0n, highWatermark: 0n }
    const logStart = starts[index] ?? 0n
    const { archived, seenMs } = await archivedState(partition.identity, { logStart, end }, context)
    const keptMs = tombstones.get(partition.identity.topic) ?? Number.POSITIVE_INFINITY
    const risksTombstones = archived.records > 0n && Date.now() - seenMs > keptMs
    const place = { ...partition, archived, logStart, end, highWatermark }
    return { cursor: new PartitionCursor({ ...place, risksTombstones, ...tuning }), logStart }
  })
  const diverged = await divergedAmong(
    opened.map(({ cursor }) => cursor),
    context,
  )
  return opened.map(({ cursor, logStart }) => {
    return { cursor, suspicious: cursor.position < logStart || diverged.has(cursor) }
  })
}

/** A cursor for a partition that cannot be read now: it only tells what is archived. */
export async function unreadableCursor(partition: FoundPartition, context: OpenContext): Promise<PartitionCursor> {
  const { archived } = await archivedState(partition.identity, { logStart: 0n, end: 0n }, context)
  const { next: end } = archived
  const place = { ...partition, archived, end, highWatermark: end, risksTombstones: false }
  return new PartitionCursor({ ...place, memory: context.memory, follows: context.follow })
}

/** What is archived of a partition, and when the archiver saw it last. */
async function archivedState(
  identity: PartitionIdentity,
  { logStart, end }: { readonly logStart: bigint; readonly end: bigint },
  { storage, recorded, signal }: OpenContext,
): Promise<{ readonly archived: ArchivedPartition; readonly seenMs: number }> {
  const log = await listPartition(storage, identity, { signal })
  const known = recorded.of(identity)
  // It was seen empty: what was written and deleted since is a gap.
  const begin = known !== undefined && known.next <= end ? known.next : logStart
  return {
    archived: archivedPartition(log) ?? nothingArchived(begin),
    seenMs: Math.max(log.storedMs, known?.takenMs ?? 0),
  }
}

/** Those whose log does not obviously continue what is archived: all of them where topics have no ids. */
async function divergedAmong(
  cursors: readonly PartitionCursor[],
  { kafka, signal }: OpenContext,
): Promise<ReadonlySet<PartitionCursor>> {
  const archived = cursors.filter(({ archived }) => archived.next > archived.from)
  const asked = archived.filter(({ lastEpoch }) => lastEpoch >= 0)
  const answers = await kafka.epochEnds(
    asked.map(({ identity, lastEpoch: epoch }) => ({ ...identity, epoch })),
    { signal },
  )
  const continued = asked.filter(({ lastEpoch, position, kafkaTopicId }, index) => {
    const answer = answers[index]
    return answer?.epoch === lastEpoch && answer.endOffset >= position && kafkaTopicId !== undefined
  })
  const suspicious = new Set(archived)
  for (const cursor of continued) suspicious.delete(cursor)
  return suspicious
}

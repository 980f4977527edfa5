import { archivedPartition, nothingArchived, withGap } from '../archive/archived-partition.js'
import { beginGeneration } from '../archive/generation.js'
import { type GapCause, type GapName, gapKey } from '../archive/names.js'
import { listPartition, type PartitionLog } from '../archive/partition-log.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { partitionName } from '../batch/topic-partition.js'
import { ArchiveCorruptError, ArchiveGapError, LogDivergedError, ObjectNotFoundError } from '../errors.js'
import type { KafkaTransport } from '../kafka/transport.js'
import { findCut } from './divergence.js'
import type { ArchiveEvent } from './events.js'
import { logEndsOf } from './log-ends.js'
import type { PartitionCursor } from './partition-cursor.js'
import { sharesHistory } from './shared-history.js'

/** What a run does where the log does not go on where the archive ends. */
export interface LogPolicy {
  readonly onGap: 'error' | 'continue'
  readonly onDivergence: 'error' | 'continue'
}

/** What is needed to find out where to go on. */
export interface RepositionContext extends LogPolicy {
  readonly kafka: KafkaTransport
  readonly source: SegmentSource
  readonly signal: AbortSignal | undefined
}

/** An object that is gone each time is lost. */
const LISTINGS = 3

/**
 * Moves a cursor that holds nothing to where its log goes on: to the cut where the log has diverged, and behind what is
 * gone. Both are durable before the cursor moves.
 */
export async function reposition(
  cursor: PartitionCursor,
  context: RepositionContext,
): Promise<readonly ArchiveEvent[]> {
  const { kafka, signal } = context
  const cut = await cutInArchive(cursor, context)
  const events: ArchiveEvent[] = []
  if (cut !== undefined) events.push(await beginAt(cut, cursor, context))
  const [logStart = 0n] = await kafka.listOffsets('earliest', [cursor.identity], { signal })
  if (cursor.position < logStart) events.push(await skipTo(logStart, cursor, context))
  return events
}

/** {@link cutOf} what is listed. Segments that are merged meanwhile are listed again. */
async function cutInArchive(cursor: PartitionCursor, context: RepositionContext): Promise<bigint | undefined> {
  const { source, signal } = context
  for (let attempt = 1; ; attempt++) {
    const log = await listPartition(source.storage, cursor.identity, { signal })
    try {
      return await cutOf(log, cursor, context)
    } catch (error) {
      const isGone = error instanceof ArchiveCorruptError && error.cause instanceof ObjectNotFoundError
      if (!isGone || attempt === LISTINGS) throw error
    }
  }
}

/** Where the log parts from what is archived; `undefined` where it goes on. */
async function cutOf(
  log: PartitionLog,
  { kafkaTopicId, position }: PartitionCursor,
  context: RepositionContext,
): Promise<bigint | undefined> {
  const cut = await findCut(context.kafka, context.source, log, { signal: context.signal })
  const same = kafkaTopicId !== undefined || (await sharesHistory(log, cut ?? position, context))
  return same ? cut : 0n
}

async function beginAt(cut: bigint, cursor: PartitionCursor, context: RepositionContext): Promise<ArchiveEvent> {
  const { kafka, signal } = context
  const { identity, position: archivedNext } = cursor
  if (context.onDivergence === 'error') {
    throw new LogDivergedError(
      `the log of ${partitionName(identity)} does not continue what is archived: they part at offset ${cut}, the archive ends at ${archivedNext}`,
      { hint: "`onDivergence: 'continue'` begins a new generation and keeps the old one" },
    )
  }
  const event = await beginNextGeneration(cut, cursor, context)
  // What the run owed is gone with the old log; it owes what the new one has.
  const [ends] = await logEndsOf(kafka, [identity], { signal })
  if (ends !== undefined) cursor.owes(ends)
  return event
}

/** Has the log from `cut` on archived anew, beside what there is of it. */
export async function beginNextGeneration(
  cut: bigint,
  cursor: PartitionCursor,
  { source, signal }: Pick<RepositionContext, 'source' | 'signal'>,
): Promise<ArchiveEvent> {
  const { identity, position: archivedNext, archived } = cursor
  const generation = archived.generation + 1
  const start = { generation, cut, archivedNext, takenMs: Date.now() }
  const at = await beginGeneration(source.storage, identity, start, { signal })
  const log = await listPartition(source.storage, identity, { signal })
  cursor.moveTo(archivedPartition(log) ?? nothingArchived(at))
  return { type: 'diverged', topic: identity.topic, partition: identity.partition, generation, at, archivedNext }
}

async function skipTo(logStart: bigint, cursor: PartitionCursor, context: RepositionContext): Promise<ArchiveEvent> {
  const { identity, position: from } = cursor
  if (context.onGap === 'error') {
    throw new ArchiveGapError(
      `offsets ${from} to ${logStart - 1n} of ${partitionName(identity)} are gone from the log and not archived`,
      { hint: "`onGap: 'continue'` records the gap and goes on; archive more often than retention deletes" },
    )
  }
  const cause = await causeOf(identity.topic, context)
  return recordGap({ from, next: logStart, cause }, cursor, context)
}

/** Records why offsets are not archived, and moves the cursor behind them. */
export async function recordGap(
  { from, next, cause }: Pick<GapName, 'from' | 'next' | 'cause'>,
  cursor: PartitionCursor,
  { source, signal }: Pick<RepositionContext, 'source' | 'signal'>,
): Promise<ArchiveEvent> {
  const { identity, archived } = cursor
  const gap: GapName = { ...identity, generation: archived.generation, from, next, cause }
  await source.storage.put(gapKey(gap), Buffer.alloc(0), { signal })
  cursor.moveTo(withGap(archived, gap))
  return { type: 'gap', topic: identity.topic, partition: identity.partition, from, next, cause }
}

/** Retention, where the topic has any; otherwise somebody deleted the records. */
async function causeOf(topic: string, { kafka, signal }: RepositionContext): Promise<GapCause> {
  const [described] = await kafka.topicConfigs([topic], { signal })
  const configs = new Map(described?.configs.map(({ name, value }) => [name, value]))
  const cleans = configs.get('cleanup.policy')?.split(',').includes('delete') ?? true
  const limited = ['retention.ms', 'retention.bytes'].some((name) => configs.get(name) !== '-1')
  return cleans && limited ? 'retention' : 'deleted'
}

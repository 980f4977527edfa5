import { beginGeneration } from '../archive/generation.js'
import { type GapName, gapKey } from '../archive/names.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { partitionName } from '../batch/topic-partition.js'
import { ArchiveGapError, LogDivergedError } from '../errors.js'
import type { KafkaTransport } from '../kafka/transport.js'
import { findCut } from './divergence.js'
import type { ArchiveEvent } from './events.js'
import type { PartitionCursor } from './partition-cursor.js'

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

/**
 * Moves a cursor that has nothing unstored to where its log goes on: to the cut where the log has diverged, and behind
 * what is gone. Both are durable before the cursor moves.
 */
export async function* reposition(
  cursor: PartitionCursor,
  logStart: bigint,
  context: RepositionContext,
): AsyncGenerator<ArchiveEvent, void, void> {
  const cut = await findCut(context.kafka, context.source, cursor.log, { signal: context.signal })
  if (cut !== undefined) yield await beginAt(cut, cursor, context)
  if (cursor.position < logStart) yield await skipTo(logStart, cursor, context)
}

async function beginAt(
  cut: bigint,
  cursor: PartitionCursor,
  { source, onDivergence, signal }: RepositionContext,
): Promise<ArchiveEvent> {
  const { identity, position: archivedNext } = cursor
  if (onDivergence === 'error') {
    throw new LogDivergedError(
      `the log of ${partitionName(identity)} does not continue what is archived: they part at offset ${cut}, the archive ends at ${archivedNext}`,
      { hint: "`onDivergence: 'continue'` begins a new generation and keeps the old one" },
    )
  }
  const generation = cursor.generation + 1
  const start = { generation, cut, archivedNext, takenMs: Date.now() }
  const decided = await beginGeneration(source.storage, identity, start, { signal })
  cursor.generation = generation
  cursor.cuts.set(generation, decided)
  cursor.moveTo(decided)
  return {
    type: 'diverged',
    topic: identity.topic,
    partition: identity.partition,
    generation,
    at: decided,
    archivedNext,
  }
}

async function skipTo(
  logStart: bigint,
  cursor: PartitionCursor,
  { source, onGap, signal }: RepositionContext,
): Promise<ArchiveEvent> {
  const { identity, position: from, generation } = cursor
  const gap: GapName = { ...identity, generation, from, next: logStart, cause: 'retention' }
  if (onGap === 'error') {
    throw new ArchiveGapError(
      `offsets ${from} to ${logStart - 1n} of ${partitionName(identity)} are gone from the log and not archived`,
      { hint: "`onGap: 'continue'` records the gap and goes on; archive more often than retention deletes" },
    )
  }
  await source.storage.put(gapKey(gap), Buffer.alloc(0), { signal })
  cursor.gaps.push(gap)
  cursor.moveTo(logStart)
  const { topic, partition } = identity
  return { type: 'gap', topic, partition, from, next: logStart, cause: 'retention' }
}

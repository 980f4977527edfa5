import type { ArchiveEvent } from './events.js'
import type { PartitionCursor } from './partition-cursor.js'
import { beginNextGeneration, type RepositionContext, recordGap } from './reposition.js'

/** Begins a new generation with the whole log, behind a gap that says why. The cursor must hold nothing. */
export async function archiveAnew(
  cursor: PartitionCursor,
  context: Pick<RepositionContext, 'source' | 'signal'>,
): Promise<readonly ArchiveEvent[]> {
  const { position: from, compactedUpTo: next = from + 1n } = cursor
  const gap = await recordGap({ from, next, cause: 'tombstones' }, cursor, context)
  const diverged = await beginNextGeneration(0n, cursor, context)
  cursor.missedTombstones({ from, next, cause: 'tombstones' })
  return [gap, diverged]
}

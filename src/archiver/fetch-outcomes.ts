import { partitionName } from '../batch/topic-partition.js'
import { type KafkeepError, TransportError } from '../errors.js'
import { isRetryable, type KafkaErrorName } from '../kafka/protocol/error-codes.js'
import { protocolError } from '../kafka/retry.js'
import type { FetchedPartition } from '../kafka/transport.js'
import type { PartitionCursor } from './partition-cursor.js'

/**
 * What an answer means for a partition: `read-on` from where it is now; find out where it goes on, `elsewhere`; archive
 * it `anew` from its start; `recover`, because it could not be read; or `give-up`.
 */
export type FetchOutcome =
  | { readonly next: 'read-on' | 'elsewhere' | 'anew' }
  | { readonly next: 'recover'; readonly reason: KafkaErrorName | undefined }
  | { readonly next: 'give-up'; readonly error: KafkeepError }

/** Hands each partition its part of an answer, and tells what that means for it. */
export function fetchOutcomes(
  cursors: readonly PartitionCursor[],
  answers: readonly FetchedPartition[],
): ReadonlyMap<PartitionCursor, FetchOutcome> {
  const byName = new Map(cursors.map((cursor) => [partitionName(cursor.identity), cursor]))
  const outcomes = new Map<PartitionCursor, FetchOutcome>()
  const unmoved = new Set(cursors)
  for (const answer of answers) {
    const cursor = byName.get(partitionName(answer))
    if (cursor === undefined || outcomes.has(cursor)) continue
    const outcome = outcomeOf(cursor, answer)
    if (outcome === undefined) continue
    outcomes.set(cursor, outcome)
    unmoved.delete(cursor)
  }
  // An answer without bytes had no room for them while others filled it; when nobody came further it is a failure.
  const someMoved = [...outcomes.values()].some(({ next }) => next === 'read-on')
  for (const cursor of unmoved) {
    const failed = !someMoved && cursor.lagging
    outcomes.set(cursor, failed ? { next: 'recover', reason: undefined } : { next: 'read-on' })
  }
  return outcomes
}

/** `undefined` where the partition has not moved. */
function outcomeOf(cursor: PartitionCursor, answer: FetchedPartition): FetchOutcome | undefined {
  const { error } = answer
  if (answer.divergingEpoch !== undefined || error === 'OFFSET_OUT_OF_RANGE') return { next: 'elsewhere' }
  if (error !== undefined) {
    if (isRetryable(error)) return { next: 'recover', reason: error }
    return { next: 'give-up', error: protocolError(error, `read ${partitionName(cursor.identity)}`) }
  }
  if (!answer.epochsCompared && cursor.mustAskFor(answer)) return { next: 'elsewhere' }
  const { position } = cursor
  const refusal = cursor.take(answer)
  if (refusal !== undefined) {
    // Damage on the way is gone when the batch is read again; damage in the log is not.
    if (cursor.refusedAt === cursor.position) return { next: 'give-up', error: unreadable(cursor, refusal) }
    cursor.refusedAt = cursor.position
    return { next: 'read-on' }
  }
  if (cursor.compactedUpTo !== undefined) return { next: 'anew' }
  return cursor.position > position ? { next: 'read-on' } : undefined
}

function unreadable({ identity, position }: PartitionCursor, why: string): TransportError {
  return new TransportError(`${partitionName(identity)} cannot be archived from offset ${position} on: ${why}`, {
    system: 'kafka',
    reason: 'CORRUPT_MESSAGE',
    hint: 'if the log is damaged on this broker, move the leader to a replica',
  })
}

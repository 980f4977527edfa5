import { TransportError } from '../errors.js'
import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'
import type { ArchiveEvent } from './events.js'
import { fetchBatchAt } from './fetch-batch-at.js'
import type { PartitionCursor } from './partition-cursor.js'

/** Events for partitions whose last stable offset is held back by an open transaction. */
export async function openTransactions(
  cursors: readonly PartitionCursor[],
  context: TransportCallOptions & { readonly kafka: KafkaTransport },
): Promise<ArchiveEvent[]> {
  const events: ArchiveEvent[] = []
  for (const cursor of cursors) {
    const { identity, end: lastStableOffset, highWatermark } = cursor
    if (highWatermark <= lastStableOffset) continue
    const { topic, partition } = identity
    const sinceMs = (await beginOf(cursor, context)) ?? Date.now()
    events.push({ type: 'open-transaction', topic, partition, lastStableOffset, highWatermark, sinceMs })
  }
  return events
}

/** When the first batch of the oldest open transaction was written, by its own timestamp. */
async function beginOf(
  cursor: PartitionCursor,
  context: TransportCallOptions & { readonly kafka: KafkaTransport },
): Promise<number | undefined> {
  try {
    const timestampMs = (await fetchBatchAt(cursor.end, cursor, context))?.baseTimestampMs ?? -1n
    return timestampMs < 0n ? undefined : Number(timestampMs)
  } catch (error) {
    // It is only to be told: the run does not depend on it.
    if (error instanceof TransportError) return undefined
    throw error
  }
}

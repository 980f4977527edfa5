import { batchesIn } from '../batch/record-batch.js'
import { TransportError } from '../errors.js'
import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'
import type { ArchiveEvent } from './events.js'
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
  { identity, kafkaTopicId, leaderId, end }: PartitionCursor,
  { kafka, signal }: TransportCallOptions & { readonly kafka: KafkaTransport },
): Promise<number | undefined> {
  const position = { partition: identity.partition, leaderEpoch: -1, offset: end, lastFetchedEpoch: -1, maxBytes: 1 }
  const topics = [{ topic: identity.topic, topicId: kafkaTopicId, partitions: [position] }]
  try {
    const request = { nodeId: leaderId, topics, maxWaitMs: 0, maxBytes: 1, isolation: 'uncommitted' as const }
    const [answer] = await kafka.fetch(request, { signal })
    for (const { baseTimestampMs } of batchesIn(answer?.bytes ?? Buffer.alloc(0))) {
      return baseTimestampMs < 0n ? undefined : Number(baseTimestampMs)
    }
    return undefined
  } catch (error) {
    // It is only to be told: the run does not depend on it.
    if (error instanceof TransportError) return undefined
    throw error
  }
}

import { chainFor, type PartitionLog } from '../archive/partition-log.js'
import { hasTrueOffsets, readSegment, type SegmentSource } from '../archive/read-segment.js'
import { FIELD } from '../batch/batch-header.js'
import type { RecordBatchView } from '../batch/record-batch.js'
import { retrying } from '../kafka/retry.js'
import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'
import { tombstoneRetentionMs } from './compacted-topics.js'
import { fetchBatchAt } from './fetch-batch-at.js'
import { leaderIdOf, liveTopicsOf } from './live-topics.js'

/** What comparing needs. */
export interface HistoryContext extends TransportCallOptions {
  readonly kafka: KafkaTransport
  readonly source: SegmentSource
}

/**
 * Whether the log on the broker is the one that is archived up to `next`, judged by the last batch before it. Brokers
 * before 2.8 have no topic ids: a topic that was deleted and created again looks there as if it had only grown. Where
 * nothing can be compared the answer is yes: retention or compaction took the batch, or the codec does not keep it.
 */
export async function sharesHistory(log: PartitionLog, next: bigint, context: HistoryContext): Promise<boolean> {
  const archived = await archivedBatchBefore(log, next, context)
  if (archived === undefined) return true
  const live = await liveBatchAt(log, next - 1n, context)
  if (live === undefined || isSame(archived, live)) return true
  const { topic } = log.partition
  return (await tombstoneRetentionMs([topic], context)).has(topic)
}

function isSame(a: RecordBatchView, b: RecordBatchView): boolean {
  return a.baseOffset === b.baseOffset && a.bytes.subarray(FIELD.crc).equals(b.bytes.subarray(FIELD.crc))
}

async function archivedBatchBefore(
  log: PartitionLog,
  next: bigint,
  { source, signal }: HistoryContext,
): Promise<RecordBatchView | undefined> {
  const [link] = chainFor(log, { generation: log.newestGeneration, from: next - 1n, next })
  if (link === undefined || !hasTrueOffsets(source, link.segment)) return undefined
  let last: RecordBatchView | undefined
  for await (const batch of readSegment(source, link.segment, { signal })) {
    if (batch.baseOffset >= next) break
    last = batch
  }
  return last
}

async function liveBatchAt(
  { partition: identity }: PartitionLog,
  offset: bigint,
  { kafka, signal }: HistoryContext,
): Promise<RecordBatchView | undefined> {
  const read = async () => {
    const topics = await liveTopicsOf([identity], { kafka, signal })
    const leaderId = leaderIdOf(identity, topics) ?? -1
    const kafkaTopicId = topics.get(identity.topic)?.topicId
    return fetchBatchAt(offset, { identity, kafkaTopicId, leaderId }, { kafka, signal })
  }
  return retrying(read, (error) => (error instanceof Error ? error : new Error(String(error))), { signal })
}

import type { TopicPartition } from '../batch/topic-partition.js'
import type { FetchedPartition } from './fetching.js'
import type { KafkaTransport, TransportCallOptions } from './transport.js'

/** A partition, and the broker that is asked for it. */
export interface LedPartition extends TopicPartition {
  readonly leaderId: number
  readonly topicId: string | undefined
}

/** Reads one partition once, committed or not, without a look at leader epochs. */
export async function fetchPartition(
  { kafka, signal }: TransportCallOptions & { readonly kafka: KafkaTransport },
  { topic, partition, leaderId, topicId }: LedPartition,
  { offset, ...limits }: { readonly offset: bigint; readonly maxBytes: number; readonly maxWaitMs: number },
): Promise<FetchedPartition | undefined> {
  const position = { partition, leaderEpoch: -1, lastFetchedEpoch: -1, offset, maxBytes: limits.maxBytes }
  const topics = [{ topic, topicId, partitions: [position] }]
  const [answer] = await kafka.fetch({ nodeId: leaderId, topics, ...limits, isolation: 'uncommitted' }, { signal })
  return answer
}

import type { TopicPartition } from '../batch/topic-partition.js'
import type { FetchedPartition, FetchRequest } from './fetching.js'
import type { KafkaTransport, TransportCallOptions } from './transport.js'

/** A partition, and the broker that is asked for it. */
export interface LedPartition extends TopicPartition {
  readonly leaderId: number
  readonly topicId: string | undefined
}

/** Where one partition is read, and how much of it. */
interface PartitionFetch extends Pick<FetchRequest, 'maxBytes' | 'maxWaitMs' | 'into'> {
  readonly offset: bigint
  /** @defaultValue `'uncommitted'` */
  readonly isolation?: FetchRequest['isolation'] | undefined
}

/** Reads one partition once, without a look at leader epochs. */
export async function fetchPartition(
  { kafka, signal }: TransportCallOptions & { readonly kafka: KafkaTransport },
  { topic, partition, leaderId, topicId }: LedPartition,
  { offset, isolation = 'uncommitted', ...limits }: PartitionFetch,
): Promise<FetchedPartition | undefined> {
  const position = { partition, leaderEpoch: -1, lastFetchedEpoch: -1, offset, maxBytes: limits.maxBytes }
  const topics = [{ topic, topicId, partitions: [position] }]
  const [answer] = await kafka.fetch({ nodeId: leaderId, topics, ...limits, isolation }, { signal })
  return answer
}

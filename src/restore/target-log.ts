import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { fetchPartition } from '../kafka/fetch-partition.js'
import { protocolError } from '../kafka/retry.js'
import type { FetchedPartition, KafkaTransport } from '../kafka/transport.js'

/** A partition of the target, and how it is reached. */
export interface TargetLog {
  readonly kafka: KafkaTransport
  readonly partition: TopicPartition
  readonly signal: AbortSignal | undefined
}

/** Who leads the partition. */
export async function leaderOf({ kafka, partition, signal }: TargetLog) {
  const [described] = (await kafka.metadata([partition.topic], { signal })).topics
  const leader = described?.partitions.find((known) => known.partition === partition.partition)
  if (leader !== undefined && leader.leaderId >= 0) return { ...leader, topicId: described?.topicId }
  throw protocolError('LEADER_NOT_AVAILABLE', `find the leader of ${partitionName(partition)}`)
}

/** What the leader answers to one request for batches from `offset` on, decided or not. */
export async function fetchFrom(target: TargetLog, offset: bigint, maxBytes: number): Promise<FetchedPartition> {
  const place = { ...(await leaderOf(target)), ...target.partition }
  const answer = await fetchPartition(target, place, { offset, maxBytes, maxWaitMs: 500 })
  return answer ?? refused('LEADER_NOT_AVAILABLE', target)
}

/** Why the log cannot be read. */
export function refused(error: NonNullable<FetchedPartition['error']>, { partition }: TargetLog): never {
  throw protocolError(error, `read ${partitionName(partition)}`)
}

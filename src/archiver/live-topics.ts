import type { TopicPartition } from '../batch/topic-partition.js'
import type { KafkaTransport, TopicMetadata, TransportCallOptions } from '../kafka/transport.js'
import type { FoundPartition } from './open-cursors.js'
import { isPassingFailure } from './passing-failure.js'

/** Topics by name, as the cluster describes them now. */
export type LiveTopics = ReadonlyMap<string, TopicMetadata>

/** What asking for them needs. */
interface LiveTopicsContext extends TransportCallOptions {
  readonly kafka: KafkaTransport
}

/** Asks the cluster for the topics of these partitions. */
export async function liveTopicsOf(
  partitions: readonly TopicPartition[],
  { kafka, signal }: LiveTopicsContext,
): Promise<LiveTopics> {
  const names = [...new Set(partitions.map(({ topic }) => topic))]
  const { topics } = await kafka.metadata(names, { signal })
  return new Map(topics.map((topic) => [topic.topic, topic]))
}

/** {@link liveTopicsOf}; `undefined` while the cluster does not answer. */
export async function liveTopicsIfReachable(
  partitions: readonly TopicPartition[],
  context: LiveTopicsContext,
): Promise<LiveTopics | undefined> {
  try {
    return await liveTopicsOf(partitions, context)
  } catch (error) {
    context.signal?.throwIfAborted()
    if (isPassingFailure(error)) return undefined
    throw error
  }
}

/** -1 while the partition has no leader; `undefined` where it is not known. */
export function leaderIdOf({ topic, partition }: TopicPartition, topics: LiveTopics | undefined): number | undefined {
  return topics?.get(topic)?.partitions.find((known) => known.partition === partition)?.leaderId
}

/** How the topic that a partition was found in has come to be gone; `undefined` where it is not known to be. */
export function lossOf(
  { identity, kafkaTopicId }: Pick<FoundPartition, 'identity' | 'kafkaTopicId'>,
  topics: LiveTopics | undefined,
): 'deleted' | 'created-again' | undefined {
  const topic = topics?.get(identity.topic)
  if (topic === undefined) return undefined
  if (topic.error === 'UNKNOWN_TOPIC_OR_PARTITION') return 'deleted'
  return topic.error === undefined && topic.topicId !== kafkaTopicId ? 'created-again' : undefined
}

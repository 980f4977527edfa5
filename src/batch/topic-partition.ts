/** A partition of a topic. */
export interface TopicPartition {
  /** Name of the topic. */
  readonly topic: string
  /** Number of the partition. */
  readonly partition: number
}

/** Partition numbers by topic, in the order in which topics and partitions first appear. */
export function groupByTopic(partitions: Iterable<TopicPartition>): (readonly [string, number[]])[] {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const numbers = byTopic.get(topic)
    if (numbers === undefined) byTopic.set(topic, [partition])
    else numbers.push(partition)
  }
  return [...byTopic]
}

/** The usual short name of a partition, `topic-0`, for messages and as a map key. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

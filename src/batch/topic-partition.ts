/** A partition of a topic. */
export interface TopicPartition {
  /** Name of the topic. */
  readonly topic: string
  /** Number of the partition. */
  readonly partition: number
}

/** What belongs to partitions, by topic, in the order in which topics and partitions first appear. */
export function byTopic<T extends TopicPartition>(items: Iterable<T>): (readonly [string, T[]])[] {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const known = found.get(item.topic)
    if (known === undefined) found.set(item.topic, [item])
    else known.push(item)
  }
  return [...found]
}

/** Partition numbers by topic, in the order in which topics and partitions first appear. */
export function groupByTopic(partitions: Iterable<TopicPartition>): (readonly [string, number[]])[] {
  return byTopic(partitions).map(([topic, found]) => [topic, found.map(({ partition }) => partition)])
}

/** The usual short name of a partition, `topic-0`, for messages and as a map key. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

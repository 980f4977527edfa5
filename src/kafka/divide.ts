import type { TopicPartition } from '../batch/topic-partition.js'
import type { TopicMetadata } from './transport.js'

/** A member of a group, and the topics that it wants a part of. */
export interface Subscriber {
  readonly memberId: string
  readonly topics: readonly string[]
}

interface Part {
  readonly memberId: string
  readonly partitions: TopicPartition[]
}

/**
 * Divides all partitions among those who want their topic: each goes to the one of them that has the fewest so far.
 * Whoever divides comes to the same result.
 */
export function divide(
  subscribers: readonly Subscriber[],
  topics: readonly Pick<TopicMetadata, 'topic' | 'partitions'>[],
): readonly Part[] {
  const parts: Part[] = []
  const wanting = new Map<string, Part[]>()
  for (const subscriber of subscribers) {
    const part: Part = { memberId: subscriber.memberId, partitions: [] }
    parts.push(part)
    for (const topic of new Set(subscriber.topics)) {
      const others = wanting.get(topic)
      if (others === undefined) wanting.set(topic, [part])
      else others.push(part)
    }
  }
  for (const { topic, partitions } of topics.toSorted((a, b) => compare(a.topic, b.topic))) {
    for (const { partition } of partitions) fewest(wanting.get(topic) ?? [])?.partitions.push({ topic, partition })
  }
  return parts
}

function fewest(parts: readonly Part[]): Part | undefined {
  let least: Part | undefined
  for (const part of parts) {
    const difference = least === undefined ? -1 : part.partitions.length - least.partitions.length
    if (least === undefined || difference < 0 || (difference === 0 && part.memberId < least.memberId)) least = part
  }
  return least
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

import type { TopicPartition } from '../batch/topic-partition.js'
import type { ClusterMetadata } from './transport.js'

/** Which broker leads which partition, as far as the last metadata told. */
export class Leaders {
  /** By topic and partition. */
  readonly #nodeIds = new Map<string, Map<number, number>>()

  /** Takes over what a Metadata answer says; partitions without a leader and topics that are unknown are forgotten. */
  learn({ topics }: Pick<ClusterMetadata, 'topics'>): void {
    for (const { topic, partitions, error } of topics) {
      if (error === 'UNKNOWN_TOPIC_OR_PARTITION') this.#nodeIds.delete(topic)
      for (const { partition, leaderId } of partitions) {
        if (leaderId < 0) this.forget({ topic, partition })
        else this.#ofTopic(topic).set(partition, leaderId)
      }
    }
  }

  /** The leader's node id, or `undefined` where it has to be asked for. */
  of({ topic, partition }: TopicPartition): number | undefined {
    return this.#nodeIds.get(topic)?.get(partition)
  }

  /** Makes the next question about this partition ask the cluster. */
  forget({ topic, partition }: TopicPartition): void {
    this.#nodeIds.get(topic)?.delete(partition)
  }

  /** Makes every next question ask the cluster: a connection was lost, and leaders may have moved. */
  forgetAll(): void {
    this.#nodeIds.clear()
  }

  #ofTopic(topic: string): Map<number, number> {
    const known = this.#nodeIds.get(topic) ?? new Map<number, number>()
    this.#nodeIds.set(topic, known)
    return known
  }
}

import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import type { ClusterMetadata } from './transport.js'

/** Which broker leads which partition, as far as the last metadata told. */
export class Leaders {
  readonly #nodeIds = new Map<string, number>()

  /** Takes over what a Metadata answer says; partitions without a leader are forgotten. */
  learn({ topics }: Pick<ClusterMetadata, 'topics'>): void {
    for (const { topic, partitions } of topics) {
      for (const { partition, leaderId } of partitions) {
        if (leaderId < 0) this.#nodeIds.delete(partitionName({ topic, partition }))
        else this.#nodeIds.set(partitionName({ topic, partition }), leaderId)
      }
    }
  }

  /** The leader's node id, or `undefined` where it has to be asked for. */
  of(partition: TopicPartition): number | undefined {
    return this.#nodeIds.get(partitionName(partition))
  }

  /** Makes the next question about this partition ask the cluster. */
  forget(partition: TopicPartition): void {
    this.#nodeIds.delete(partitionName(partition))
  }

  /** Makes every next question ask the cluster: a connection was lost, and leaders may have moved. */
  forgetAll(): void {
    this.#nodeIds.clear()
  }
}

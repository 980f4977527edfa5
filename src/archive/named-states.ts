import { larger, smaller } from '../internal/bigint.js'
import type { CheckpointPartition, CheckpointTopic } from './checkpoint.js'
import { type PartitionIdentity, partitionPrefix, type TopicIdentity, topicKey } from './names.js'
import type { LogRange } from './partition-log.js'

/** What checkpoints name of one partition as one generation has it. */
export interface NamedRange extends LogRange {
  /** Key of the checkpoint that names the most. */
  readonly checkpoint: string
}

/** What all checkpoints together name. It takes memory for each partition, not for each checkpoint. */
export class NamedStates {
  readonly #ranges = new Map<
    string,
    { readonly partition: PartitionIdentity; readonly named: Map<number, NamedRange> }
  >()
  readonly #topics = new Map<string, TopicIdentity>()

  /** Incarnations of topics that are named. */
  get topics(): Iterable<TopicIdentity> {
    return this.#topics.values()
  }

  /** Whether an incarnation is named. */
  names(identity: TopicIdentity): boolean {
    return this.#topics.has(topicKey(identity))
  }

  /** Takes what is named of a partition, which is then not left any more. */
  take(partition: PartitionIdentity): readonly NamedRange[] {
    const key = partitionPrefix(partition)
    const named = this.#ranges.get(key)?.named
    this.#ranges.delete(key)
    return [...(named?.values() ?? [])]
  }

  /** The partitions that were not taken. */
  get left(): PartitionIdentity[] {
    return [...this.#ranges.values()].map(({ partition }) => partition)
  }

  /** Adds what a checkpoint names of some topics, all of it or what `startOf` leaves. */
  add(key: string, topics: readonly CheckpointTopic[], startOf: (state: CheckpointPartition) => bigint = fromOf): void {
    for (const { topic, topicId, partitions } of topics) {
      this.#topics.set(topicKey({ topic, topicId }), { topic, topicId })
      for (const state of partitions.filter(({ from, next }) => from < next)) {
        this.#addState(key, { topic, topicId, partition: state.partition }, { ...state, from: startOf(state) })
      }
    }
  }

  #addState(checkpoint: string, partition: PartitionIdentity, state: CheckpointPartition): void {
    const prefix = partitionPrefix(partition)
    const { named } = this.#ranges.get(prefix) ?? { named: new Map<number, NamedRange>() }
    const { generation, from, next } = state
    const known = named.get(generation)
    named.set(generation, {
      generation,
      from: smaller(from, known?.from ?? from),
      next: larger(next, known?.next ?? next),
      checkpoint: known === undefined || next >= known.next ? checkpoint : known.checkpoint,
    })
    this.#ranges.set(prefix, { partition, named })
  }
}

function fromOf({ from }: CheckpointPartition): bigint {
  return from
}

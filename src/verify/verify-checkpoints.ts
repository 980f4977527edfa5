import { type Checkpoint, type CheckpointPartition, checkpointKey, parseCheckpoint } from '../archive/checkpoint.js'
import type { Finding } from '../archive/finding.js'
import { instantOf } from '../archive/instant-id.js'
import {
  CHECKPOINTS_PREFIX,
  type PartitionIdentity,
  partitionPrefix,
  type TopicIdentity,
  topicKey,
} from '../archive/names.js'
import type { LogRange } from '../archive/partition-log.js'
import { larger, smaller } from '../internal/bigint.js'
import { selects, type TopicFilter } from '../internal/topic-filter.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { foreign } from './foreign.js'
import { verifyJson } from './verify-json.js'

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

  add(key: string, { topics }: Checkpoint, filter: TopicFilter | undefined): void {
    for (const { topic, topicId, partitions } of topics) {
      if (!selects(filter, topic)) continue
      this.#topics.set(topicKey({ topic, topicId }), { topic, topicId })
      for (const state of partitions) this.#addState(key, { topic, topicId, partition: state.partition }, state)
    }
  }

  #addState(checkpoint: string, partition: PartitionIdentity, state: CheckpointPartition): void {
    if (state.from === state.next) return
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

/** Reads every checkpoint. What they name goes to `states`. */
export async function* verifyCheckpoints(
  storage: ArchiveStorage,
  states: NamedStates,
  { topics, signal }: StorageCallOptions & { readonly topics: TopicFilter | undefined },
): AsyncGenerator<Finding, void, void> {
  for await (const { key } of storage.list(CHECKPOINTS_PREFIX, { signal })) {
    const id = key.slice(CHECKPOINTS_PREFIX.length).replace(/\.json$/, '')
    if (checkpointKey(id) !== key || instantOf(id) === undefined) {
      yield foreign(key)
      continue
    }
    const findings = await verifyJson(storage, key, (fields) => states.add(key, parseCheckpoint(fields), topics), {
      signal,
    })
    const gone = findings.some(({ kind }) => kind === 'missing') && (await storage.head(key, { signal })) === undefined
    // One that was pruned after it was listed is no finding.
    if (!gone) yield* findings
  }
}

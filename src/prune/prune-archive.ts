import { archivedTopics, incarnationsOf, partitionsOf } from '../archive/archive-folders.js'
import { requireArchive } from '../archive/archive-marker.js'
import { checkpointKey, readCheckpoint, readListedCheckpoint } from '../archive/checkpoint.js'
import type { NamedStates } from '../archive/named-states.js'
import { gapKey, incarnationPrefix, parseGenerationKey, parseTopicKey, type TopicIdentity } from '../archive/names.js'
import { listWhole } from '../archive/partition-log.js'
import type { PrunedObject } from '../archive/pruned-object.js'
import { allOf } from '../internal/all-of.js'
import { selects } from '../internal/topic-filter.js'
import { WorkDone } from '../progress.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { chooseCheckpoints, pinnedCheckpoints } from './choose-checkpoints.js'
import { planPartition } from './plan-partition.js'
import type { PruneJob } from './prune-options.js'

/**
 * Deletes what is too old: first checkpoints, then what none of the others needs. Wherever it ends, every checkpoint that
 * is there can be restored, and the next call deletes the rest.
 */
export async function* pruneArchive(storage: ArchiveStorage, job: PruneJob): AsyncGenerator<PrunedObject, void, void> {
  await requireArchive(storage, { signal: job.signal })
  yield* new Pruning(storage, job).prune()
}

class Pruning {
  readonly #storage: ArchiveStorage
  readonly #job: PruneJob
  readonly #progress: WorkDone

  constructor(storage: ArchiveStorage, job: PruneJob) {
    this.#storage = storage
    this.#job = job
    this.#progress = new WorkDone(job.onProgress)
  }

  async *prune(): AsyncGenerator<PrunedObject, void, void> {
    const { signal, dryRun } = this.#job
    const pinned = await pinnedCheckpoints(this.#storage, { signal })
    const { gone, needed } = await chooseCheckpoints(this.#storage, this.#job, pinned)
    for (const id of gone) yield* this.#checkpoint(id, needed)
    // Restores that have begun meanwhile need all that their checkpoints name.
    const since = dryRun ? [] : await pinnedCheckpoints(this.#storage, { signal })
    for (const id of since) {
      if (pinned.has(id) || gone.includes(id)) continue
      needed.add(checkpointKey(id), (await readCheckpoint(this.#storage, id, { signal })).topics)
    }
    for await (const identity of this.#incarnations()) {
      if (needed.names(identity)) yield* this.#partitions(identity, needed)
      else yield* this.#forgotten(identity)
    }
    this.#progress.finish()
  }

  /** Deletes a checkpoint, and puts it back where a restore has pinned it in that moment. */
  async *#checkpoint(id: string, needed: NamedStates): AsyncGenerator<PrunedObject, void, void> {
    const { signal, dryRun } = this.#job
    const key = checkpointKey(id)
    const checkpoint = dryRun ? undefined : await readListedCheckpoint(this.#storage, id, { signal })
    if (checkpoint === undefined && !dryRun) return
    const chunks = await allOf(this.#storage.get(key, { signal }))
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0)
    if (checkpoint !== undefined) {
      await this.#storage.delete(key, { signal })
      if ((await pinnedCheckpoints(this.#storage, { signal })).has(id)) {
        await this.#storage.put(key, chunks, { signal })
        needed.add(key, checkpoint.topics)
        return
      }
    }
    yield this.#told({ key, bytes })
  }

  async *#incarnations(): AsyncGenerator<TopicIdentity, void, void> {
    const { signal, topics } = this.#job
    for await (const topic of archivedTopics(this.#storage, { signal })) {
      if (selects(topics, topic)) yield* incarnationsOf(this.#storage, topic, { signal })
    }
  }

  async *#partitions(identity: TopicIdentity, needed: NamedStates): AsyncGenerator<PrunedObject, void, void> {
    const { signal, dryRun } = this.#job
    for await (const partition of partitionsOf(this.#storage, identity, { signal })) {
      const { objects, log } = await listWhole(this.#storage, partition, { signal })
      const { marks, gone } = planPartition(objects, log, needed.take(partition))
      for (const mark of dryRun ? [] : marks) await this.#storage.put(gapKey(mark), Buffer.alloc(0), { signal })
      for (const object of gone) yield* this.#delete(object)
    }
  }

  /** A topic that no checkpoint names any more goes, if all of it is too old. What describes it goes last. */
  async *#forgotten(identity: TopicIdentity): AsyncGenerator<PrunedObject, void, void> {
    const { signal, olderThanMs } = this.#job
    if (olderThanMs === undefined) return
    for await (const { modifiedMs } of this.#storage.list(incarnationPrefix(identity), { signal })) {
      if (modifiedMs >= olderThanMs) return
    }
    const isLast = (key: string) => parseGenerationKey(key) !== undefined || parseTopicKey(key) !== undefined
    for (const last of [false, true]) {
      for await (const { key, sizeBytes: bytes } of this.#storage.list(incarnationPrefix(identity), { signal })) {
        if (isLast(key) === last) yield* this.#delete({ key, bytes })
      }
    }
  }

  async *#delete(object: PrunedObject): AsyncGenerator<PrunedObject, void, void> {
    const { signal, dryRun } = this.#job
    if (!dryRun) await this.#storage.delete(object.key, { signal })
    yield this.#told(object)
  }

  #told(object: PrunedObject): PrunedObject {
    this.#progress.add({ records: 0, bytes: object.bytes })
    return object
  }
}

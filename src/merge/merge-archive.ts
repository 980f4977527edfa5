import { archivedTopics, incarnationsOf, partitionsOf } from '../archive/archive-folders.js'
import { requireArchive } from '../archive/archive-marker.js'
import { type PartitionIdentity, partitionPrefix } from '../archive/names.js'
import { listPartition, objectsOf, type PartitionLog, type SegmentInfo } from '../archive/partition-log.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { topicCodecFor } from '../codec/built-in.js'
import { ArchiveCorruptError, UnsupportedFormatError } from '../errors.js'
import { selects } from '../internal/topic-filter.js'
import { WorkDone } from '../progress.js'
import type { MergedSegment, MergeJob } from './merge-options.js'
import { orphansIn, replaceBy, storeMerged } from './merge-segments.js'
import { mergeGroups, superseded } from './plan-merge.js'

/**
 * Puts small neighbours together. What cannot be read stays as it is, and is told by an error once everything else is
 * done.
 */
export async function* mergeArchive(source: SegmentSource, job: MergeJob): AsyncGenerator<MergedSegment, void, void> {
  await requireArchive(source.storage, { signal: job.signal })
  yield* new Merging(source, job).merge()
}

class Merging {
  readonly #source: SegmentSource
  readonly #job: MergeJob
  readonly #progress: WorkDone
  #error: Error | undefined

  constructor(source: SegmentSource, job: MergeJob) {
    this.#source = source
    this.#job = job
    this.#progress = new WorkDone(job.onProgress)
  }

  async *merge(): AsyncGenerator<MergedSegment, void, void> {
    for await (const partition of this.#partitions()) {
      await this.#storeGroups(partition)
      yield* this.#replace(partition)
    }
    this.#progress.finish()
    if (this.#error !== undefined) throw this.#error
  }

  async *#partitions(): AsyncGenerator<PartitionIdentity, void, void> {
    const { storage } = this.#source
    const { signal, topics } = this.#job
    for await (const topic of archivedTopics(storage, { signal })) {
      if (!selects(topics, topic)) continue
      for await (const identity of incarnationsOf(storage, topic, { signal })) {
        yield* partitionsOf(storage, identity, { signal })
      }
    }
  }

  async #storeGroups(partition: PartitionIdentity): Promise<void> {
    const { signal, segmentBytes } = this.#job
    const log = await this.#log(partition)
    for (const group of mergeGroups(log, segmentBytes)) {
      await this.#unlessDamaged(async () => {
        const [first] = group
        // What a codec that is not lossless leaves out cannot be told from the merged segment any more.
        if (first === undefined || !this.#isLossless(first.segment)) return
        const merged = await storeMerged(this.#source, group, { segmentBytes, signal })
        if (merged === undefined) return
        this.#progress.add({ records: merged.records, bytes: merged.sizeBytes })
      })
    }
  }

  /** Deletes what others hold whole: what was just merged, and what an earlier call has left behind. */
  async *#replace(partition: PartitionIdentity): AsyncGenerator<MergedSegment, void, void> {
    const { storage } = this.#source
    const { signal } = this.#job
    const log = await this.#log(partition)
    const found = superseded(log)
    for (const [segment, replaced] of found) {
      const done = await this.#unlessDamaged(async () => {
        if (!this.#isLossless(segment)) return false
        await replaceBy(this.#source, segment, replaced, { signal })
        return true
      })
      if (done === true) yield { key: segment.key, replaced: replaced.map(({ key }) => key) }
    }
    const objects = await objectsOf(partition, storage.list(partitionPrefix(partition), { signal }))
    for (const key of orphansIn(objects, settled(log))) await storage.delete(key, { signal })
  }

  #isLossless({ extension }: SegmentInfo): boolean {
    return topicCodecFor(extension, this.#source.codecs).lossless
  }

  #log(partition: PartitionIdentity): Promise<PartitionLog> {
    return listPartition(this.#source.storage, partition, { signal: this.#job.signal })
  }

  async #unlessDamaged<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ArchiveCorruptError || error instanceof UnsupportedFormatError)) throw error
      this.#error ??= error
      return undefined
    }
  }
}

/** All segments but those that end where their generation does. */
function settled({ segments }: PartitionLog): SegmentInfo[] {
  const ends = new Map<number, bigint>()
  for (const { generation, next } of segments) {
    if (next > (ends.get(generation) ?? 0n)) ends.set(generation, next)
  }
  return segments.filter(({ generation, next }) => next !== ends.get(generation))
}

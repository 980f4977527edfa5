import { archivedTopics, incarnationsOf, partitionsOf } from './archive/archive-folders.js'
import { requireArchive } from './archive/archive-marker.js'
import {
  type CheckedRange,
  checkedRange,
  checkedRecords,
  END_OF_LOG,
  type RangeOptions,
  type RecordsOptions,
} from './archive/archive-range.js'
import { checkpointIds, partitionIn, readCheckpoint, readListedCheckpoint } from './archive/checkpoint.js'
import type { Finding } from './archive/finding.js'
import type { TopicLayout } from './archive/layout.js'
import { topicSource } from './archive/layout-wiring.js'
import type { TopicIdentity } from './archive/names.js'
import { chainFor, type LogRange, listPartition, type PartitionLog, type SegmentInfo } from './archive/partition-log.js'
import type { PrunedObject } from './archive/pruned-object.js'
import { type ChainBatch, linksSince, readChain, recordsOf, type TimeRange } from './archive/read-chain.js'
import { ReadProgress } from './archive/read-progress.js'
import type { SegmentSource } from './archive/read-segment.js'
import { readTopicDescription, type TopicDescription } from './archive/topic-description.js'
import { type PartitionVerdict, verdictOf } from './archive/verdict.js'
import type { KafkaRecord } from './batch/read-records.js'
import type { RecordBatch } from './batch/record-batch.js'
import type { Codec } from './codec/codec.js'
import { compareArchive } from './compare/compare-archive.js'
import { type CompareOptions, checkedCompare } from './compare/compare-options.js'
import { LossyCodecError, NotInArchiveError } from './errors.js'
import { smaller } from './internal/bigint.js'
import { checkRunOptions, nameOption, rejectUnknownOptions } from './internal/options.js'
import { mergeArchive } from './merge/merge-archive.js'
import { checkedMerge, type MergedSegment, type MergeOptions } from './merge/merge-options.js'
import type { RunOptions } from './progress.js'
import { pruneArchive } from './prune/prune-archive.js'
import { checkedPrune, type PruneOptions } from './prune/prune-options.js'
import type { ArchiveStorage } from './storage/storage.js'
import { verifyArchive } from './verify/verify-archive.js'
import { checkedVerify, type VerifyOptions } from './verify/verify-options.js'

/** Wiring of a {@link TopicArchive}. */
export interface TopicArchiveOptions {
  /** Where the archive is. */
  readonly storage: ArchiveStorage
  /**
   * How the archive lies in storage. A foreign layout has a codec of its own.
   *
   * @defaultValue {@link kafkeepLayout}
   */
  readonly layout?: TopicLayout | undefined
  /** Codecs besides the built-in ones that need no key. */
  readonly codecs?: readonly Codec<RecordBatch>[] | undefined
}

/** A checkpoint, in short. */
export interface CheckpointInfo {
  /** Names it to a restore. */
  readonly id: string
  /** When the run that wrote it began. */
  readonly takenMs: number
  /** The cluster it is of. */
  readonly clusterId: string
  /** How many topics it has. */
  readonly topics: number
}

/**
 * Reads what is archived of topics, without a cluster. Batches and records report progress; listings do not.
 *
 * @example
 * ```ts
 * for await (const record of new TopicArchive({ storage }).records({ topic: 'orders', partition: 0 })) {
 *   console.log(record.offset, record.value)
 * }
 * ```
 */
export class TopicArchive {
  readonly #source: SegmentSource

  /** Checks and keeps the wiring; nothing is read yet. */
  constructor(options: TopicArchiveOptions) {
    rejectUnknownOptions('TopicArchive', options, ['storage', 'layout', 'codecs'])
    this.#source = topicSource(options, ['get', 'head', 'list', 'listPrefixes'])
  }

  /** Every incarnation of every archived topic, by name. */
  topics(options: RunOptions = {}): AsyncGenerator<TopicDescription, void, void> {
    rejectUnknownOptions('topics', options, ['signal', 'onProgress'])
    checkRunOptions(options)
    return this.#topics(options.signal)
  }

  /** What the archive holds of each partition of a topic, as its newest generation has it. */
  async partitions(
    topic: string,
    options: RunOptions & { readonly topicId?: string | undefined } = {},
  ): Promise<readonly PartitionVerdict[]> {
    rejectUnknownOptions('partitions', options, ['topicId', 'signal', 'onProgress'])
    checkRunOptions(options)
    const { signal } = options
    const topicId = options.topicId === undefined ? undefined : nameOption('topicId', options.topicId)
    const identity = await this.#identify(nameOption('topic', topic), topicId, signal)
    const { partitions } = await readTopicDescription(this.#source.storage, identity, { signal })
    const verdicts: PartitionVerdict[] = []
    let count = partitions
    // The description has those of the first look; some may have been added.
    for await (const { partition } of partitionsOf(this.#source.storage, identity, { signal })) {
      count = Math.max(count, partition + 1)
    }
    for (let partition = 0; partition < count; partition++) {
      const log = await listPartition(this.#source.storage, { ...identity, partition }, { signal })
      verdicts.push(verdictOf(log, { next: endOf(log), reachedEnd: true }))
    }
    return verdicts
  }

  /** The segments that give a range, each with all that its name says, in the order of their offsets. */
  segments(options: RangeOptions): AsyncGenerator<SegmentInfo, void, void> {
    return this.#segments(checkedRange('segments', options))
  }

  /**
   * The batches that overlap a range, markers and aborted ones included. Where it takes less than half of a large segment
   * only about that part is read, if the segment's codec allows it; then damage in the rest is not noticed.
   *
   * @throws {@link ArchiveCorruptError} when offsets are in no intact segment; nothing that is damaged is given.
   */
  batches(options: RangeOptions): AsyncGenerator<RecordBatch, void, void> {
    return this.#batches(checkedRange('batches', options))
  }

  /**
   * The records of a range, in order. A small range of offsets costs about that range, as for {@link TopicArchive.batches}.
   *
   * @throws {@link ArchiveCorruptError} when offsets are in no intact segment; nothing that is damaged is given.
   * @throws {@link LossyCodecError} when the archive does not keep offsets and they do not follow from its names.
   */
  records(options: RecordsOptions): AsyncGenerator<KafkaRecord, void, void> {
    const { range, times, isolation } = checkedRecords(options)
    return this.#records(range, times, isolation)
  }

  /** All checkpoints, oldest first. */
  checkpoints(options: RunOptions = {}): AsyncGenerator<CheckpointInfo, void, void> {
    rejectUnknownOptions('checkpoints', options, ['signal', 'onProgress'])
    checkRunOptions(options)
    return this.#checkpoints(options.signal)
  }

  /**
   * What in the archive is not as it must be, as it is found; nothing when all is well. Nothing is changed. It may run
   * beside anything else.
   *
   * @throws {@link NotInArchiveError} when there is no archive, or no topic of a name that is asked for.
   */
  verify(options: VerifyOptions = {}): AsyncGenerator<Finding, void, void> {
    return verifyArchive(this.#source, checkedVerify(options))
  }

  /**
   * Where live topics differ from what is archived of them, as it is found; nothing when consumers see the same. On the
   * source, and after a restore at exact offsets, every record is compared with the one of its offset; after a translated
   * restore, committed records with those that it has put there. Nothing is changed.
   *
   * Left out is what retention or compaction has taken from the live topic, and what is newer than the checkpoint.
   *
   * @throws TypeError at once when an option is wrong.
   * @throws {@link NotInArchiveError} when there is no archive, no such checkpoint, or no topic of a name that is asked for.
   * @throws {@link TransportError} when the cluster cannot be read.
   */
  compare(options: CompareOptions): AsyncGenerator<Finding, void, void> {
    return compareArchive(this.#source, checkedCompare(options))
  }

  /**
   * Deletes checkpoints that are too old, and then what none of the others needs; yields each object once it is gone.
   * Every checkpoint that stays gives back what the topic held when it was taken. It may run beside an archiver and beside
   * a restore that has begun; what an unfinished restore needs stays.
   *
   * @throws TypeError or RangeError at once when an option is wrong, also when nothing says what is too old.
   * @throws {@link ArchiveCorruptError} when a checkpoint cannot be read: nobody knows what it needs.
   */
  prune(options: PruneOptions): AsyncGenerator<PrunedObject, void, void> {
    return pruneArchive(this.#source.storage, checkedPrune(options))
  }

  /**
   * Puts small neighbouring segments together; yields each segment once what it has replaced is gone. Nothing crosses a
   * gap or a generation, and the last segment of each generation stays as it is, so that an archiver may run beside it.
   * Segments of codecs that do not keep whole batches stay as they are.
   *
   * @throws TypeError or RangeError at once when an option is wrong.
   * @throws {@link ArchiveCorruptError} once everything else is done, when something could not be merged because it is
   * damaged; it stays as it is.
   * @throws {@link UnsupportedFormatError} likewise, when a segment needs a codec that is not in `codecs`.
   */
  merge(options: MergeOptions = {}): AsyncGenerator<MergedSegment, void, void> {
    return mergeArchive(this.#source, checkedMerge(options))
  }

  async *#topics(signal: AbortSignal | undefined): AsyncGenerator<TopicDescription, void, void> {
    const { storage } = this.#source
    await requireArchive(storage, { signal })
    for await (const topic of archivedTopics(storage, { signal })) yield* this.#incarnations(topic, signal)
  }

  async *#checkpoints(signal: AbortSignal | undefined): AsyncGenerator<CheckpointInfo, void, void> {
    const { storage } = this.#source
    await requireArchive(storage, { signal })
    for await (const id of checkpointIds(storage, { signal })) {
      const checkpoint = await readListedCheckpoint(storage, id, { signal })
      if (checkpoint === undefined) continue
      const { takenMs, clusterId, topics } = checkpoint
      yield { id, takenMs, clusterId, topics: topics.length }
    }
  }

  async *#segments(range: CheckedRange): AsyncGenerator<SegmentInfo, void, void> {
    for (const { segment } of (await this.#chain(range)).chain) yield segment
  }

  async *#batches(range: CheckedRange): AsyncGenerator<RecordBatch, void, void> {
    for await (const { batch } of this.#read(range, 'uncommitted')) yield batch
  }

  async *#records(
    range: CheckedRange,
    times: TimeRange,
    isolation: 'committed' | 'uncommitted',
  ): AsyncGenerator<KafkaRecord, void, void> {
    for await (const item of this.#read(range, isolation, times.sinceMs)) yield* recordsOf(item, times)
  }

  async *#read(
    range: CheckedRange,
    isolation: 'committed' | 'uncommitted',
    sinceMs?: bigint | undefined,
  ): AsyncGenerator<ChainBatch, void, void> {
    const { chain: whole, spares } = await this.#chain(range)
    const chain = linksSince(whole, sinceMs)
    const progress = new ReadProgress(chain, range.onProgress)
    const options = { isolation, spares, extent: 'slice' as const, signal: range.signal }
    for await (const item of readChain(this.#source, chain, options)) {
      if (item.offsets === 'unknown') {
        throw new LossyCodecError(
          `the archive of ${range.topic}-${range.partition} does not keep the offsets of its records`,
          {
            hint: 'it can be restored; to read it by offset, archive with `logSegments()`',
          },
        )
      }
      yield item
      progress.take(item.batch)
    }
    progress.finish()
  }

  async #chain({ topic, partition, topicId, checkpoint, from, to, signal }: CheckedRange) {
    const { storage } = this.#source
    if (checkpoint === undefined) {
      const identity = await this.#identify(topic, topicId, signal)
      const log = await listPartition(storage, { ...identity, partition }, { signal })
      return readable(log, { generation: log.newestGeneration, from, next: to })
    }
    const chosen = await readCheckpoint(storage, checkpoint, { signal })
    const { archived, state } = partitionIn(chosen, { topic, partition, topicId })
    const log = await listPartition(storage, { ...archived, partition }, { signal })
    return readable(log, { generation: state.generation, from, next: smaller(to, state.next) })
  }

  async #identify(topic: string, topicId: string | undefined, signal: AbortSignal | undefined): Promise<TopicIdentity> {
    await requireArchive(this.#source.storage, { signal })
    let newest: TopicDescription | undefined
    for await (const known of this.#incarnations(topic, signal)) {
      if (topicId === known.topicId) return known
      if (topicId === undefined && known.firstSeenMs >= (newest?.firstSeenMs ?? 0)) newest = known
    }
    if (newest !== undefined) return newest
    throw new NotInArchiveError(
      `the archive has no topic ${topic}${topicId === undefined ? '' : ` with id ${topicId}`}`,
    )
  }

  async *#incarnations(topic: string, signal: AbortSignal | undefined): AsyncGenerator<TopicDescription, void, void> {
    const { storage } = this.#source
    for await (const identity of incarnationsOf(storage, topic, { signal })) {
      yield await readTopicDescription(storage, identity, { signal })
    }
  }
}

/** What gives a range of a log, and what may stand in for damaged segments of it. */
function readable(log: PartitionLog, range: LogRange) {
  return { chain: chainFor(log, range), spares: log.segments }
}

function endOf(log: PartitionLog): bigint {
  return chainFor(log, { generation: log.newestGeneration, from: 0n, next: END_OF_LOG }).at(-1)?.next ?? 0n
}

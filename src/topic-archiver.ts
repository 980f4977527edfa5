import { ensureArchive } from './archive/archive-marker.js'
import { writeCheckpoint } from './archive/checkpoint.js'
import { describeTopic } from './archive/topic-description.js'
import { captureGroups, captureTopics } from './archiver/capture-checkpoint.js'
import type { ArchiveEvent } from './archiver/events.js'
import { ArchiveLane, commitsOf } from './archiver/lane.js'
import { type IdentifiedTopic, type OpenedCursor, openCursors } from './archiver/open-cursors.js'
import type { PartitionCursor } from './archiver/partition-cursor.js'
import { type LogPolicy, reposition } from './archiver/reposition.js'
import { selectTopics } from './archiver/select-topics.js'
import { splitIntoLanes } from './archiver/split-into-lanes.js'
import { type ArchiveSummary, ArchiveTally } from './archiver/tally.js'
import type { RecordBatch } from './batch/record-batch.js'
import type { Codec } from './codec/codec.js'
import { codecOption } from './codec/codec-option.js'
import { logSegments } from './codec/log-segments.js'
import { drain } from './internal/drain.js'
import { merge } from './internal/merge.js'
import {
  booleanOption,
  checkRunOptions,
  choiceOption,
  integerOption,
  nameOption,
  portOption,
  rejectUnknownOptions,
} from './internal/options.js'
import { type TopicFilter, topicFilterOption } from './internal/topic-filter.js'
import type { KafkaTransport } from './kafka/transport.js'
import type { RunOptions } from './progress.js'
import type { ArchiveStorage } from './storage/storage.js'

/** Wiring and tuning of a {@link TopicArchiver}. */
export interface TopicArchiverOptions {
  /** The cluster to read from. The archiver never closes it. */
  readonly kafka: KafkaTransport
  /** Where the archive is, or will be. The archiver never closes it. */
  readonly storage: ArchiveStorage
  /**
   * How segments are written.
   *
   * @defaultValue {@link logSegments}: whole record batches, byte for byte
   */
  readonly codec?: Codec<RecordBatch> | undefined
  /**
   * Consumer group to which the archived position is committed, so that `kafka-consumer-groups --describe` shows the
   * archive's lag. It must have no members.
   *
   * @defaultValue `'kafkeep'`
   */
  readonly groupId?: string | undefined
  /**
   * Size at which a segment is stored, in bytes of record batches. 1 MiB to half of `memoryBytes`; a segment may
   * exceed it by one batch.
   *
   * @defaultValue `67_108_864` (64 MiB)
   */
  readonly segmentBytes?: number | undefined
  /**
   * What the archiver may hold of record batches, in bytes. At least 8 MiB.
   *
   * @defaultValue `268_435_456` (256 MiB)
   */
  readonly memoryBytes?: number | undefined
}

/** One job of a {@link TopicArchiver}. */
export interface ArchiveOptions extends RunOptions {
  /**
   * Which topics. A name must exist; a regular expression may match nothing.
   *
   * @defaultValue all topics but internal ones
   */
  readonly topics?: TopicFilter | undefined
  /**
   * Whether the checkpoint keeps what consumer groups have committed.
   *
   * @defaultValue `true`
   */
  readonly groups?: boolean | undefined
  /**
   * Whether to go on, behind a recorded gap, when retention deleted offsets before they were archived.
   *
   * @defaultValue `'continue'`
   */
  readonly onGap?: 'error' | 'continue' | undefined
  /**
   * Whether to go on, in a new generation, when a log does not continue what is archived of it.
   *
   * @defaultValue `'continue'`
   */
  readonly onDivergence?: 'error' | 'continue' | undefined
}

const DEFAULTS = { groupId: 'kafkeep', segmentBytes: 67_108_864, memoryBytes: 268_435_456 } as const
const MIN_SEGMENT_BYTES = 1_048_576
const MIN_MEMORY_BYTES = 8_388_608

type CheckedOptions = RunOptions & LogPolicy & { readonly topics: TopicFilter | undefined; readonly groups: boolean }

/**
 * Archives topics, whole record batches at a time: what is stored is what the broker has, byte for byte.
 *
 * A run reads up to the end of each partition as it was at the start and goes on where the last run stopped; which
 * machine that was does not matter, since the storage says it all. Killed at any instant, a run loses nothing and the
 * next one duplicates nothing.
 *
 * @example
 * ```ts
 * const summary = await new TopicArchiver({ kafka, storage }).run({ topics: ['orders'] })
 * ```
 */
export class TopicArchiver {
  readonly #kafka: KafkaTransport
  readonly #storage: ArchiveStorage
  readonly #codec: Codec<RecordBatch>
  readonly #groupId: string
  readonly #segmentBytes: number
  readonly #memoryBytes: number

  /** Checks and keeps the wiring; nothing is connected yet. */
  constructor(options: TopicArchiverOptions) {
    const known = ['kafka', 'storage', 'codec', 'groupId', 'segmentBytes', 'memoryBytes']
    rejectUnknownOptions('TopicArchiver', options, known)
    this.#kafka = portOption('kafka', options.kafka, ['metadata', 'fetch', 'close'])
    this.#storage = portOption('storage', options.storage, ['put', 'get', 'head', 'list'])
    this.#codec = codecOption('codec', options.codec ?? logSegments())
    this.#groupId = nameOption('groupId', options.groupId, DEFAULTS.groupId)
    this.#memoryBytes = integerOption('memoryBytes', options.memoryBytes, DEFAULTS.memoryBytes, {
      min: MIN_MEMORY_BYTES,
    })
    const half = Math.floor(this.#memoryBytes / 2)
    const segmentBytes = Math.min(DEFAULTS.segmentBytes, half)
    const range = { min: MIN_SEGMENT_BYTES, max: half }
    this.#segmentBytes = integerOption('segmentBytes', options.segmentBytes, segmentBytes, range)
  }

  /**
   * Archives and yields each fact once it is durable. Leaving the loop stops the run between two steps; use the
   * signal to stop at once.
   *
   * @throws TypeError at once when an option is wrong.
   * @throws {@link TopicNotFoundError} when a named topic does not exist.
   * @throws {@link ForeignContentError} when the storage holds something that is not an archive.
   */
  stream(options: ArchiveOptions = {}): AsyncGenerator<ArchiveEvent, ArchiveSummary, void> {
    return this.#archive(checkedOptions(options))
  }

  /** {@link TopicArchiver.stream} without the loop. */
  async run(options: ArchiveOptions = {}): Promise<ArchiveSummary> {
    return drain(this.stream(options))
  }

  async *#archive(options: CheckedOptions): AsyncGenerator<ArchiveEvent, ArchiveSummary, void> {
    const { signal } = options
    const takenMs = Date.now()
    await ensureArchive(this.#storage, { signal })
    const { clusterId, topics } = await this.#identify(options)
    const groups = options.groups
      ? await captureGroups(this.#kafka, partitionsOf(topics), { ownGroupId: this.#groupId, signal })
      : []
    const opened = await openCursors(this.#kafka, this.#storage, topics, signal)
    const cursors = opened.map(({ cursor }) => cursor)
    const tally = new ArchiveTally(cursors, options)
    for await (const event of this.#events(opened, options, tally)) {
      tally.count(event)
      yield event
    }
    await this.#kafka.commitGroupOffsets(this.#groupId, commitsOf(cursors), { signal })
    const state = await captureTopics(this.#kafka, topics, cursors, signal)
    const checkpoint = await writeCheckpoint(this.#storage, { takenMs, clusterId, topics: state, groups }, { signal })
    yield { type: 'checkpoint', id: checkpoint }
    tally.progress.finish()
    return tally.summary(checkpoint)
  }

  async #identify({ topics: filter, signal }: CheckedOptions) {
    const { clusterId, topics } = await selectTopics(this.#kafka, filter, { signal })
    const firstSeenMs = Date.now()
    const identified: IdentifiedTopic[] = []
    for (const topic of topics) {
      const identity = { topic: topic.topic, topicId: topic.topicId ?? `-${clusterId}` }
      const description = { ...identity, firstSeenMs, clusterId, partitions: topic.partitions.length }
      await describeTopic(this.#storage, description, { signal })
      identified.push({ ...topic, identity })
    }
    return { clusterId, topics: identified }
  }

  async *#events(
    opened: readonly OpenedCursor[],
    { signal, onGap, onDivergence }: CheckedOptions,
    tally: ArchiveTally,
  ): AsyncGenerator<ArchiveEvent, void, void> {
    const source = { storage: this.#storage, codecs: [this.#codec] }
    const context = { kafka: this.#kafka, source, onGap, onDivergence, signal }
    for (const { cursor, logStart } of opened) {
      yield* reposition(cursor, logStart, context)
      if (cursor.highWatermark > cursor.end) yield openTransaction(cursor)
    }
    const lanes = splitIntoLanes(opened.map(({ cursor }) => cursor))
    const runs = lanes.map((cursors) => {
      const lane = new ArchiveLane(cursors, {
        ...context,
        target: { storage: this.#storage, codec: this.#codec },
        groupId: this.#groupId,
        segmentBytes: this.#segmentBytes,
        memoryBytes: Math.floor(this.#memoryBytes / lanes.length),
        onTaken: () => tally.progress.tick(),
      })
      return lane.run()
    })
    yield* merge(runs)
  }
}

function checkedOptions(options: ArchiveOptions): CheckedOptions {
  rejectUnknownOptions('archive', options, ['topics', 'groups', 'onGap', 'onDivergence', 'signal', 'onProgress'])
  checkRunOptions(options)
  return {
    signal: options.signal,
    onProgress: options.onProgress,
    topics: topicFilterOption('topics', options.topics),
    groups: booleanOption('groups', options.groups, true),
    onGap: choiceOption('onGap', options.onGap, 'continue', ['error', 'continue']),
    onDivergence: choiceOption('onDivergence', options.onDivergence, 'continue', ['error', 'continue']),
  }
}

function partitionsOf(topics: readonly IdentifiedTopic[]) {
  return topics.flatMap(({ topic, partitions }) => partitions.map(({ partition }) => ({ topic, partition })))
}

function openTransaction({ identity, end, highWatermark }: PartitionCursor): ArchiveEvent {
  const { topic, partition } = identity
  return { type: 'open-transaction', topic, partition, lastStableOffset: end, highWatermark, sinceMs: Date.now() }
}

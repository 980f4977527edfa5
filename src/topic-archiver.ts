import type { TopicLayout } from './archive/layout.js'
import { topicTarget } from './archive/layout-wiring.js'
import { type ArchiveJob, type ArchiveWiring, archiveRun } from './archiver/archive-run.js'
import type { ArchiveEvent } from './archiver/events.js'
import type { ArchiveSummary } from './archiver/tally.js'
import type { RecordBatch } from './batch/record-batch.js'
import type { Codec } from './codec/codec.js'
import { drain } from './internal/drain.js'
import {
  booleanOption,
  checkRunOptions,
  choiceOption,
  integerOption,
  nameOption,
  portOption,
  rejectUnknownOptions,
  signalOption,
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
   * How the archive lies in storage. A foreign layout has a codec of its own.
   *
   * @defaultValue {@link kafkeepLayout}
   */
  readonly layout?: TopicLayout | undefined
  /**
   * Consumer group to which the archived position is committed, so that `kafka-consumer-groups --describe` shows the
   * archive's lag. It must have no members but those that share the work with it (`share`).
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
   * Age at which a segment is stored even if it is small, in milliseconds since its first batch was read. 1 second or
   * more. It bounds what a run that follows has read and not yet stored, and costs one object an interval for each
   * partition that is written to.
   *
   * @defaultValue `300_000` (5 minutes)
   */
  readonly maxSegmentAgeMs?: number | undefined
  /**
   * What the archiver may hold of record batches, in bytes, whatever the number of partitions. At least 8 MiB. When it
   * is full, segments are stored before they have their size.
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
   * Whether the run goes on behind the ends that it finds, and takes in new topics and partitions while it runs. It ends
   * by `stop`, by `signal`, or with an error.
   *
   * @defaultValue `false`
   */
  readonly follow?: boolean | undefined
  /**
   * Whether all processes that archive with this `groupId` divide the partitions among themselves, by Kafka's own group
   * protocol. When one ends, dies or hangs, the others take over its part. A run that does not follow ends when
   * everything is archived, whoever did it. Checkpoints are written by the leader of the group.
   *
   * @defaultValue `false`
   */
  readonly share?: boolean | undefined
  /**
   * Ends the run in order: what was read is stored, a checkpoint is written, and the run ends as usual. It is how a run
   * that follows ends; one that does not follow is then not complete.
   */
  readonly stop?: AbortSignal | undefined
  /**
   * How often a run that follows writes a checkpoint, in milliseconds. 1 second or more. The first one is written as
   * soon as the run has stored what was there when it began, at the latest after this time. Every run writes one at its
   * end.
   *
   * @defaultValue `3_600_000` (1 hour)
   */
  readonly checkpointIntervalMs?: number | undefined
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

const DEFAULTS = {
  groupId: 'kafkeep',
  segmentBytes: 67_108_864,
  maxSegmentAgeMs: 300_000,
  memoryBytes: 268_435_456,
  checkpointIntervalMs: 3_600_000,
} as const
const MIN_SEGMENT_BYTES = 1_048_576
const MIN_MEMORY_BYTES = 8_388_608
const MIN_INTERVAL_MS = 1_000

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
  readonly #wiring: ArchiveWiring

  /** Checks and keeps the wiring; nothing is connected yet. */
  constructor(options: TopicArchiverOptions) {
    const known = ['kafka', 'storage', 'codec', 'layout', 'groupId', 'segmentBytes', 'maxSegmentAgeMs', 'memoryBytes']
    rejectUnknownOptions('TopicArchiver', options, known)
    const { memoryBytes: most, maxSegmentAgeMs } = options
    const memoryBytes = integerOption('memoryBytes', most, DEFAULTS.memoryBytes, { min: MIN_MEMORY_BYTES })
    const half = Math.floor(memoryBytes / 2)
    const segmentBytes = Math.min(DEFAULTS.segmentBytes, half)
    const range = { min: MIN_SEGMENT_BYTES, max: half }
    this.#wiring = {
      kafka: portOption('kafka', options.kafka, ['metadata', 'fetch', 'close']),
      ...topicTarget(options, ['put', 'get', 'head', 'list']),
      groupId: nameOption('groupId', options.groupId, DEFAULTS.groupId),
      segmentBytes: integerOption('segmentBytes', options.segmentBytes, segmentBytes, range),
      maxSegmentAgeMs: intervalOption('maxSegmentAgeMs', maxSegmentAgeMs, DEFAULTS.maxSegmentAgeMs),
      memoryBytes,
    }
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
    return archiveRun(this.#wiring, checkedJob(options))
  }

  /** {@link TopicArchiver.stream} without the loop. */
  async run(options: ArchiveOptions = {}): Promise<ArchiveSummary> {
    return drain(this.stream(options))
  }
}

const JOB_OPTIONS = ['topics', 'follow', 'share', 'stop', 'checkpointIntervalMs', 'groups', 'onGap', 'onDivergence']

function checkedJob(options: ArchiveOptions): ArchiveJob {
  rejectUnknownOptions('archive', options, [...JOB_OPTIONS, 'signal', 'onProgress'])
  checkRunOptions(options)
  const { checkpointIntervalMs } = options
  return {
    follow: booleanOption('follow', options.follow, false),
    share: booleanOption('share', options.share, false),
    signal: options.signal,
    stop: signalOption('stop', options.stop),
    onProgress: options.onProgress,
    topics: topicFilterOption('topics', options.topics),
    groups: booleanOption('groups', options.groups, true),
    checkpointIntervalMs: intervalOption('checkpointIntervalMs', checkpointIntervalMs, DEFAULTS.checkpointIntervalMs),
    onGap: choiceOption('onGap', options.onGap, 'continue', ['error', 'continue']),
    onDivergence: choiceOption('onDivergence', options.onDivergence, 'continue', ['error', 'continue']),
  }
}

function intervalOption(name: string, value: number | undefined, fallback: number): number {
  return integerOption(name, value, fallback, { min: MIN_INTERVAL_MS })
}

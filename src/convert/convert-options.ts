import type { TopicLayout } from '../archive/layout.js'
import { topicSource, topicTarget } from '../archive/layout-wiring.js'
import type { PartitionVerdict } from '../archive/verdict.js'
import type { CheckpointEvent, GapEvent, SegmentEvent } from '../archiver/events.js'
import type { RecordBatch } from '../batch/record-batch.js'
import type { Codec } from '../codec/codec.js'
import { checkRunOptions, integerOption, portOption, rejectUnknownOptions } from '../internal/options.js'
import { type TopicFilter, topicFilterOption } from '../internal/topic-filter.js'
import type { RunOptions } from '../progress.js'
import type { DamageEvent } from '../restore/events.js'
import type { ArchiveStorage } from '../storage/storage.js'

/** Options of {@link convertArchive}. */
export interface ConvertArchiveOptions extends RunOptions {
  /** Where the other tool's archive is. It is only read. */
  readonly storage: ArchiveStorage
  /** How it lies there. */
  readonly layout: TopicLayout
  /** Where kafkeep's own archive goes: a storage or a prefix of its own, empty or with an earlier conversion in it. */
  readonly to: ArchiveStorage
  /**
   * How segments are stored.
   *
   * @defaultValue {@link logSegments}
   */
  readonly codec?: Codec<RecordBatch> | undefined
  /** Only these topics. @defaultValue every topic */
  readonly topics?: TopicFilter | undefined
  /**
   * Size at which a segment is stored, in bytes; neighbouring files are put together up to it. 1 MiB to 1 GiB. About
   * twice as much memory is used.
   *
   * @defaultValue `67_108_864` (64 MiB)
   */
  readonly segmentBytes?: number | undefined
}

/** A fact of a conversion. Whatever it speaks of is done already. */
export type ConversionEvent = SegmentEvent | GapEvent | DamageEvent | CheckpointEvent

/** What a conversion came to. */
export interface ConversionSummary {
  /** What the new archive holds of each partition. */
  readonly partitions: readonly PartitionVerdict[]
  /** Whether it holds everything, without a gap. */
  readonly complete: boolean
  /** Records that this run has converted. */
  readonly records: bigint
}

/** Checked options of a conversion. */
export type ConversionJob = ReturnType<typeof checkedConversion>

const DEFAULTS = { segmentBytes: 67_108_864 } as const
const KNOWN = ['storage', 'layout', 'to', 'codec', 'topics', 'segmentBytes', 'signal', 'onProgress']

/** Checks the options of {@link convertArchive}. */
export function checkedConversion(options: ConvertArchiveOptions) {
  rejectUnknownOptions('convertArchive', options, KNOWN)
  checkRunOptions(options)
  const { storage, to, codec, topics, segmentBytes, signal, onProgress } = options
  const layout = portOption('layout', options.layout, ['over'])
  portOption('to', to, ['get', 'head', 'list', 'listPrefixes', 'put', 'delete'])
  return {
    source: topicSource({ storage, layout }, ['get', 'head', 'list', 'listPrefixes']),
    target: topicTarget({ storage: to, codec }, []),
    topics: topicFilterOption('topics', topics),
    segmentBytes: integerOption('segmentBytes', segmentBytes, DEFAULTS.segmentBytes, {
      min: 1_048_576,
      max: 1_073_741_824,
    }),
    signal,
    onProgress,
  }
}

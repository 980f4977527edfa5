import { requireArchive } from '../archive/archive-marker.js'
import { type CheckpointChoice, partitionIn, readCheckpoint } from '../archive/checkpoint.js'
import { instantChoiceOption } from '../archive/instant-id.js'
import type { OffsetRange } from '../archive/names.js'
import type { RecordBatch } from '../batch/record-batch.js'
import type { Codec } from '../codec/codec.js'
import { codecOption } from '../codec/codec-option.js'
import { ArchiveCorruptError, TargetConflictError } from '../errors.js'
import { checkRunOptions, integerOption, nameOption, portOption, rejectUnknownOptions } from '../internal/options.js'
import type { RunOptions } from '../progress.js'
import { type PartitionChain, planSource } from '../restore/plan-source.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { logBatches } from './log-batches.js'
import { LogFolder } from './log-folder.js'
import { expectNoLaterStart } from './log-start.js'
import { writeLogFiles } from './write-log-files.js'

/** Options of {@link exportLogDirectory}. */
export interface ExportLogDirectoryOptions extends RunOptions {
  /** Where the archive is. */
  readonly storage: ArchiveStorage
  /** The topic's name in the archive. */
  readonly topic: string
  /** The partition's number. */
  readonly partition: number
  /**
   * The partition's folder among the broker's `log.dirs`: `<topic>-<partition>`. Created if missing. It must hold no log;
   * `partition.metadata` may be there, and stays.
   */
  readonly directory: string
  /**
   * Which state.
   *
   * @defaultValue `'latest'`
   */
  readonly checkpoint?: CheckpointChoice | undefined
  /**
   * Size above which the next file begins, in bytes. 1 MiB to 1 GiB; the topic's `segment.bytes` fits well.
   *
   * @defaultValue `1_073_741_824` (1 GiB)
   */
  readonly segmentBytes?: number | undefined
  /** Codecs besides the built-in ones that need no key. */
  readonly codecs?: readonly Codec<RecordBatch>[] | undefined
}

/** What {@link exportLogDirectory} wrote. */
export interface ExportedLog {
  /** Paths of the files, in the order of their offsets. None where the partition was empty and began at 0. */
  readonly files: readonly string[]
  /** First offset of the log, which the first file is named after. */
  readonly from: bigint
  /** Offset that the next record will get. */
  readonly next: bigint
}

const DEFAULTS = { checkpoint: 'latest', segmentBytes: 1_073_741_824 } as const
const MIN_SEGMENT_BYTES = 1_048_576

/**
 * Writes a partition as Kafka log files for a stopped broker: every record, transaction marker and hole at the offset it
 * had. `docs/log-directory.md` has the whole procedure. Nothing has its name before all of it is written and safe on the
 * disk; run again after a kill, it begins anew.
 *
 * The record batches are the archived ones, but for two fields that mean something in their old cluster only: leader
 * epochs are 0, and producer ids are raised by 2^62, so that the broker does not take what new producers send for
 * repetitions. Where a batch reaches over the log's start it is cut. A transaction whose marker is not archived gets one.
 *
 * @throws TypeError or RangeError when an option is wrong, before anything is read.
 * @throws {@link NotInArchiveError} when there is no such checkpoint, topic or partition in the archive.
 * @throws {@link TargetConflictError} when `directory` holds a log, when the broker would drop a part of this one, or
 * when it is not clear which state is meant.
 * @throws {@link ArchiveCorruptError} when something is damaged or missing.
 * @throws {@link LossyCodecError} when the archive does not keep offsets.
 *
 * @example
 * ```ts
 * const { files, next } = await exportLogDirectory({
 *   storage,
 *   topic: 'orders',
 *   partition: 0,
 *   directory: '/var/lib/kafka/data/orders-0',
 * })
 * ```
 */
export async function exportLogDirectory(options: ExportLogDirectoryOptions): Promise<ExportedLog> {
  const job = checkedOptions(options)
  const state = await stateToExport(job)
  await expectNoLaterStart(job.directory, state.from)
  const folder = await LogFolder.open(job.directory)
  const range = await writeOrDiscard(folder, state, job)
  return { files: await folder.publish(), ...range }
}

async function writeOrDiscard(folder: LogFolder, state: PartitionChain, job: CheckedOptions): Promise<OffsetRange> {
  const { source, segmentBytes, signal, onProgress } = job
  try {
    const batches = logBatches({ source, chain: state.chain, spares: state.segments, signal, onProgress })
    return await writeLogFiles(folder, batches, { from: state.from, next: state.next, segmentBytes })
  } catch (error) {
    // The first error counts; the next export clears away what cannot be removed now.
    await folder.discard().catch(() => {})
    throw error
  }
}

type CheckedOptions = ReturnType<typeof checkedOptions>

function checkedOptions(options: ExportLogDirectoryOptions) {
  const known = ['storage', 'topic', 'partition', 'directory', 'checkpoint', 'segmentBytes', 'codecs']
  rejectUnknownOptions('exportLogDirectory', options, [...known, 'signal', 'onProgress'])
  checkRunOptions(options)
  return {
    source: {
      storage: portOption('storage', options.storage, ['get', 'head', 'list']),
      codecs: [...(options.codecs ?? [])].map((codec) => codecOption('codecs', codec)),
    },
    topic: nameOption('topic', options.topic),
    partition: integerOption('partition', options.partition, -1, { min: 0 }),
    directory: nameOption('directory', options.directory),
    checkpoint:
      options.checkpoint === undefined ? DEFAULTS.checkpoint : instantChoiceOption('checkpoint', options.checkpoint),
    segmentBytes: integerOption('segmentBytes', options.segmentBytes, DEFAULTS.segmentBytes, {
      min: MIN_SEGMENT_BYTES,
      max: DEFAULTS.segmentBytes,
    }),
    signal: options.signal,
    onProgress: options.onProgress,
  }
}

/** What to export. @throws when it is damaged, or it is not clear that this is what is meant. */
async function stateToExport(job: CheckedOptions): Promise<PartitionChain> {
  const { storage } = job.source
  const { signal, checkpoint } = job
  await requireArchive(storage, { signal })
  const { archived, state } = partitionIn(await readCheckpoint(storage, checkpoint, { signal }), job)
  const only = { ...archived, partitions: [state] }
  const { chains, problems } = await planSource(job.source, only, {
    latest: checkpoint === 'latest',
    onDamage: 'error',
    ranges: [],
    signal,
  })
  const [chain] = chains
  if (chain !== undefined && problems.length === 0) return chain
  const text = `the log cannot be exported: ${problems.map((problem) => problem.text).join('; ')}`
  if (problems.some(({ code }) => code === 'DAMAGED')) throw new ArchiveCorruptError(text)
  throw new TargetConflictError(text, { hint: 'nothing was written; name a checkpoint' })
}

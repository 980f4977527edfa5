import type { CheckpointChoice } from '../archive/checkpoint.js'
import { instantChoiceOption } from '../archive/instant-id.js'
import { checkRunOptions, portOption, rejectUnknownOptions } from '../internal/options.js'
import { type TopicFilter, topicFilterOption } from '../internal/topic-filter.js'
import type { KafkaTransport } from '../kafka/transport.js'
import type { RunOptions } from '../progress.js'
import { type RenameOption, renameOption } from '../restore/rename.js'
import type { ArchiveStorage } from '../storage/storage.js'

/** What is compared with what. */
export interface CompareOptions extends RunOptions {
  /** The cluster with the live topics. It is not closed. */
  readonly kafka: KafkaTransport
  /**
   * Which topics of the checkpoint. A name must be in it; a regular expression may match nothing.
   *
   * @defaultValue all
   */
  readonly topics?: TopicFilter | undefined
  /**
   * Names of the live topics, as a restore takes them: a function, or a map in which a topic that is not there keeps its
   * name.
   */
  readonly rename?: RenameOption | undefined
  /**
   * Which state: the newest checkpoint, one by its id, or the newest one before an instant.
   *
   * @defaultValue the newest one; for a topic that was restored, the one that it was restored from
   */
  readonly checkpoint?: CheckpointChoice | undefined
  /**
   * Where the restorer kept its restore records, if it was given another `state` than the archive.
   *
   * @defaultValue the archive's storage
   */
  readonly state?: ArchiveStorage | undefined
}

/** {@link CompareOptions}, checked and copied. */
export interface CompareJob extends RunOptions {
  readonly kafka: KafkaTransport
  readonly topics: TopicFilter | undefined
  readonly rename: RenameOption
  readonly checkpoint: CheckpointChoice | undefined
  readonly state: ArchiveStorage | undefined
}

/** Checks the options of {@link TopicArchive.compare}. */
export function checkedCompare(options: CompareOptions): CompareJob {
  const known = ['kafka', 'topics', 'rename', 'checkpoint', 'state', 'signal', 'onProgress']
  rejectUnknownOptions('compare', options, known)
  checkRunOptions(options)
  const { checkpoint, state, signal, onProgress } = options
  return {
    kafka: portOption('kafka', options.kafka, ['metadata', 'listOffsets', 'fetch']),
    topics: topicFilterOption('topics', options.topics),
    rename: renameOption(options.rename),
    checkpoint: checkpoint === undefined ? undefined : instantChoiceOption('checkpoint', checkpoint),
    state: state === undefined ? undefined : portOption('state', state, ['get', 'head']),
    signal,
    onProgress,
  }
}

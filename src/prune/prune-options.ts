import {
  booleanOption,
  checkRunOptions,
  instantOption,
  integerOption,
  rejectUnknownOptions,
} from '../internal/options.js'
import { type TopicFilter, topicFilterOption } from '../internal/topic-filter.js'
import type { RunOptions } from '../progress.js'

/** What may go. At least one of `olderThan` and `keepCheckpoints` must be given; with both, both must agree. */
export interface PruneOptions extends RunOptions {
  /**
   * Only data of these topics, and checkpoints that name no other topic.
   *
   * @defaultValue every topic
   */
  readonly topics?: TopicFilter | undefined
  /**
   * Checkpoints of this instant or later stay. The newest checkpoint stays, whatever its age. With this, topics that no
   * remaining checkpoint names go as a whole, if nothing of them was stored at this instant or later.
   */
  readonly olderThan?: Date | undefined
  /** The newest so many checkpoints of each topic stay, also of topics that are no longer in the cluster. 1 or more. */
  readonly keepCheckpoints?: number | undefined
  /**
   * Whether it is only told what would go.
   *
   * @defaultValue `false`
   */
  readonly dryRun?: boolean | undefined
}

/** Checked options of a pruning. */
export interface PruneJob extends RunOptions {
  readonly topics: TopicFilter | undefined
  readonly olderThanMs: number | undefined
  readonly keepCheckpoints: number | undefined
  readonly dryRun: boolean
}

/** Checks the options of {@link TopicArchive.prune}. */
export function checkedPrune(options: PruneOptions): PruneJob {
  rejectUnknownOptions('prune', options, ['topics', 'olderThan', 'keepCheckpoints', 'dryRun', 'signal', 'onProgress'])
  checkRunOptions(options)
  const { keepCheckpoints, signal, onProgress } = options
  const olderThan = instantOption('olderThan', options.olderThan)
  if (olderThan === undefined && keepCheckpoints === undefined) {
    throw new TypeError('prune needs `olderThan` or `keepCheckpoints`, or both: nothing goes by itself')
  }
  return {
    topics: topicFilterOption('topics', options.topics),
    olderThanMs: olderThan === undefined ? undefined : Number(olderThan),
    keepCheckpoints:
      keepCheckpoints === undefined ? undefined : integerOption('keepCheckpoints', keepCheckpoints, 1, { min: 1 }),
    dryRun: booleanOption('dryRun', options.dryRun, false),
    signal,
    onProgress,
  }
}

import { checkRunOptions, integerOption, rejectUnknownOptions } from '../internal/options.js'
import { type TopicFilter, topicFilterOption } from '../internal/topic-filter.js'
import type { RunOptions } from '../progress.js'

/** What is merged, and how large it becomes. */
export interface MergeOptions extends RunOptions {
  /** Only these topics. @defaultValue every topic */
  readonly topics?: TopicFilter | undefined
  /**
   * Size up to which segments are put together, in bytes; those of half of it or more stay as they are. 2 to 1 GiB. About
   * twice as much memory is used.
   *
   * @defaultValue `67_108_864` (64 MiB), as an archiver seals them
   */
  readonly segmentBytes?: number | undefined
}

/** A segment, and what it has replaced. */
export interface MergedSegment {
  /** Full key of the segment. */
  readonly key: string
  /** Full keys of the segments that are gone. */
  readonly replaced: readonly string[]
}

/** Checked options of a merge. */
export interface MergeJob extends RunOptions {
  readonly topics: TopicFilter | undefined
  readonly segmentBytes: number
}

const DEFAULTS = { segmentBytes: 67_108_864 } as const

/** Checks the options of {@link TopicArchive.merge}. */
export function checkedMerge(options: MergeOptions): MergeJob {
  rejectUnknownOptions('merge', options, ['topics', 'segmentBytes', 'signal', 'onProgress'])
  checkRunOptions(options)
  const { signal, onProgress } = options
  const limits = { min: 2, max: 1_073_741_824 }
  return {
    topics: topicFilterOption('topics', options.topics),
    segmentBytes: integerOption('segmentBytes', options.segmentBytes, DEFAULTS.segmentBytes, limits),
    signal,
    onProgress,
  }
}

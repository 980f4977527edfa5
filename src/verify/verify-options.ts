import { booleanOption, checkRunOptions, rejectUnknownOptions } from '../internal/options.js'
import { type TopicFilter, topicFilterOption } from '../internal/topic-filter.js'
import type { RunOptions } from '../progress.js'

/** What is verified, and how thoroughly. */
export interface VerifyOptions extends RunOptions {
  /**
   * Only these topics, and what checkpoints say of them.
   *
   * @defaultValue the whole archive
   */
  readonly topics?: TopicFilter | undefined
  /**
   * Whether segments are read: every checksum, count, name and sidecar. Otherwise the listing is judged, the small
   * objects are read, and the store is asked for its own checksum of each segment.
   *
   * @defaultValue `false`
   */
  readonly deep?: boolean | undefined
  /**
   * Share of the segments that are read deeply, 0 to 1. Each call chooses anew and at random, so that calls repeated
   * come to all of them: with 0.1, to 95 in 100 after 29 calls.
   *
   * @defaultValue `1` with `deep`, else `0`
   */
  readonly sample?: number | undefined
}

/** Checked options of a verification. */
export interface VerifyJob extends RunOptions {
  readonly topics: TopicFilter | undefined
  /** Share of the segments that are read. */
  readonly share: number
}

/** Checks the options of {@link TopicArchive.verify}. */
export function checkedVerify(options: VerifyOptions): VerifyJob {
  rejectUnknownOptions('verify', options, ['topics', 'deep', 'sample', 'signal', 'onProgress'])
  checkRunOptions(options)
  const { sample, signal, onProgress } = options
  const deep = booleanOption('deep', options.deep, false)
  if (sample !== undefined && !(typeof sample === 'number' && sample >= 0 && sample <= 1)) {
    throw new RangeError(`\`sample\` must be a number from 0 to 1, got ${String(sample)}`)
  }
  return { topics: topicFilterOption('topics', options.topics), share: sample ?? (deep ? 1 : 0), signal, onProgress }
}

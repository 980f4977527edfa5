import {
  checkRunOptions,
  choiceOption,
  instantOption,
  integerOption,
  nameOption,
  rejectUnknownOptions,
} from '../internal/options.js'
import type { RunOptions } from '../progress.js'
import type { CheckpointChoice } from './checkpoint.js'
import { instantChoiceOption } from './instant-id.js'
import { ALL_OFFSETS } from './partition-log.js'
import type { TimeRange } from './read-chain.js'

/** A part of one archived partition. */
export interface RangeOptions extends RunOptions {
  /** The topic's name. */
  readonly topic: string
  /** The partition's number. */
  readonly partition: number
  /**
   * Which incarnation of the topic.
   *
   * @defaultValue the one in `checkpoint` where that is given, else the one that was first archived last
   */
  readonly topicId?: string | undefined
  /**
   * Which state.
   *
   * @defaultValue everything that is archived
   */
  readonly checkpoint?: CheckpointChoice | undefined
  /** First offset. @defaultValue `0n` */
  readonly from?: bigint | undefined
  /** Offset after the last one. @defaultValue the end */
  readonly to?: bigint | undefined
}

/** A part of one archived partition, record by record. */
export interface RecordsOptions extends RangeOptions {
  /** Only records of this instant or later, by their own timestamps. Older segments are not even read. */
  readonly since?: Date | undefined
  /** Only records before this instant, by their own timestamps. */
  readonly until?: Date | undefined
  /**
   * Whether only records that a read_committed consumer sees are given.
   *
   * @defaultValue `'committed'`
   */
  readonly isolation?: 'committed' | 'uncommitted' | undefined
}

/** Offset after every offset there can be. */
export const END_OF_LOG = ALL_OFFSETS.next
const RANGE_OPTIONS = ['topic', 'partition', 'topicId', 'checkpoint', 'from', 'to', 'signal', 'onProgress']

/** Checked options of a range. */
export interface CheckedRange {
  readonly topic: string
  readonly partition: number
  readonly topicId: string | undefined
  readonly checkpoint: CheckpointChoice | undefined
  readonly from: bigint
  readonly to: bigint
  readonly signal: AbortSignal | undefined
  readonly onProgress: RunOptions['onProgress']
}

/** Checks the options of a range; `subject` is the call they were handed to. */
export function checkedRange(
  subject: string,
  options: RangeOptions,
  known: readonly string[] = RANGE_OPTIONS,
): CheckedRange {
  rejectUnknownOptions(subject, options, known)
  checkRunOptions(options)
  return {
    topic: nameOption('topic', options.topic),
    partition: integerOption('partition', options.partition, -1, { min: 0 }),
    topicId: options.topicId === undefined ? undefined : nameOption('topicId', options.topicId),
    checkpoint: options.checkpoint === undefined ? undefined : instantChoiceOption('checkpoint', options.checkpoint),
    from: offsetOption('from', options.from, 0n),
    to: offsetOption('to', options.to, END_OF_LOG),
    signal: options.signal,
    onProgress: options.onProgress,
  }
}

/** Checks the options of {@link TopicArchive.records}. */
export function checkedRecords(options: RecordsOptions) {
  const range = checkedRange('records', options, [...RANGE_OPTIONS, 'since', 'until', 'isolation'])
  const times: TimeRange = {
    sinceMs: instantOption('since', options.since),
    untilMs: instantOption('until', options.until),
  }
  const isolation = choiceOption('isolation', options.isolation, 'committed', ['committed', 'uncommitted'])
  return { range, times, isolation }
}

/** Returns `value`, or `fallback` when it is `undefined`, after checking it is an offset. */
export function offsetOption(name: string, value: bigint | undefined, fallback: bigint): bigint {
  const result = value ?? fallback
  if (typeof result !== 'bigint') throw new TypeError(`\`${name}\` must be a bigint, got ${String(result)}`)
  if (result >= 0n && result <= END_OF_LOG) return result
  throw new RangeError(`\`${name}\` must be from 0n to ${END_OF_LOG}n, got ${result}n`)
}

import { END_OF_LOG, offsetOption } from '../archive/archive-range.js'
import type { CheckpointPartition, CheckpointTopic } from '../archive/checkpoint.js'
import type { OffsetRange } from '../archive/names.js'
import { overlap } from '../archive/offset-ranges.js'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { integerOption, nameOption, rejectUnknownOptions } from '../internal/options.js'

/** The offsets of one partition that are to be restored, as they are in the source. */
export interface RestoreRange extends TopicPartition {
  /** First offset. @defaultValue where the archived state begins */
  readonly from?: bigint | undefined
  /** Offset after the last one. @defaultValue where the archived state ends */
  readonly to?: bigint | undefined
}

/** {@link RestoreRange}, checked and copied. */
export type CheckedRestoreRange = TopicPartition & OffsetRange

/** Checks the ranges of a restore; each partition may be named once. */
export function rangesOption(ranges: readonly RestoreRange[] | undefined): readonly CheckedRestoreRange[] {
  if (ranges === undefined) return []
  if (!Array.isArray(ranges)) throw new TypeError(`\`ranges\` must be an array, got ${String(ranges)}`)
  const checked = ranges.map(rangeOption)
  const names = checked.map(partitionName)
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice === undefined) return checked
  throw new TypeError(`\`ranges\` names ${twice} twice`)
}

function rangeOption(range: RestoreRange): CheckedRestoreRange {
  rejectUnknownOptions('an item of `ranges`', range, ['topic', 'partition', 'from', 'to'])
  const checked = {
    topic: nameOption('ranges: topic', range.topic),
    partition: integerOption('ranges: partition', range.partition, -1, { min: 0 }),
    from: offsetOption('ranges: from', range.from, 0n),
    next: offsetOption('ranges: to', range.to, END_OF_LOG),
  }
  if (checked.from < checked.next) return checked
  throw new RangeError(`\`ranges\`: of ${partitionName(checked)} \`from\` must be less than \`to\``)
}

/** The first range whose partition is in none of these topics. */
export function rangeWithoutPartition(
  ranges: readonly CheckedRestoreRange[],
  topics: readonly CheckpointTopic[],
): CheckedRestoreRange | undefined {
  const names = topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition }) => partitionName({ topic, partition })),
  )
  return ranges.find((range) => !names.includes(partitionName(range)))
}

/** The part of a partition's state that is to be restored; `undefined` where it has nothing of what is asked for. */
export function partInRange(
  topic: string,
  state: CheckpointPartition,
  ranges: readonly CheckedRestoreRange[],
): CheckpointPartition | undefined {
  const name = partitionName({ topic, partition: state.partition })
  const range = ranges.find((one) => partitionName(one) === name)
  if (range === undefined) return state
  const part = overlap(state, range)
  return part === undefined ? undefined : { ...state, ...part }
}

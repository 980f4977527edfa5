import type { Result } from './rounds.js'
import { median, printTable, spread, whole } from './table.js'
import type { ProcessCost } from './timed-process.js'
import type { FilledTopic } from './topics/fill-topic.js'

const MIB = 1_048_576

/** One figure of every round. */
export interface Column {
  readonly heading: string
  of(cost: ProcessCost): number
}

/** Median rate of a candidate, in MB/s of the topic's bytes as they are in the log. */
export function rateOf({ rounds }: Result, { bytes }: FilledTopic): number {
  return median(rounds.map(({ seconds }) => bytes / 1e6 / seconds))
}

/** Median user and system time of a candidate, in seconds a GB of the topic's bytes. */
export function cpuOf({ rounds }: Result, { bytes }: FilledTopic): number {
  return median(rounds.map(({ cpuSeconds }) => cpuSeconds / (bytes / 1e9)))
}

/** The most that was resident in any round, in MiB. */
export function peakOf({ rounds }: Result): number {
  return Math.max(...rounds.map(({ peakBytes }) => peakBytes)) / MIB
}

/** MB/s of a topic's bytes; of a compressed one also uncompressed. */
export function rateColumns({ bytes, logicalBytes, workload }: FilledTopic): readonly Column[] {
  const rate = (heading: string, size: number): Column => ({ heading, of: ({ seconds }) => size / 1e6 / seconds })
  const uncompressed = workload.compression === 'none' ? [] : [rate('MB/s uncompressed', logicalBytes)]
  return [rate('MB/s', bytes), ...uncompressed]
}

/** User and system time in seconds a GB of a topic's bytes. */
export function cpuColumn({ bytes }: FilledTopic): Column {
  return { heading: 'CPU s a GB', of: ({ cpuSeconds }) => cpuSeconds / (bytes / 1e9) }
}

/** The most that was resident. */
export const PEAK_COLUMN: Column = { heading: 'peak resident MiB', of: ({ peakBytes }) => peakBytes / MIB }

/** Prints what was measured on one topic as a Markdown table. */
export function printResults(topic: FilledTopic, results: readonly Result[], columns: readonly Column[]): void {
  const { workload, records, bytes, logicalBytes } = topic
  const uncompressed = workload.compression === 'none' ? '' : ` (${whole(logicalBytes / 1e6)} MB uncompressed)`
  console.log(`\n### ${workload.name}: ${workload.title}\n`)
  console.log(
    `${workload.partitions} partitions, ${whole(records)} records, ${whole(bytes / 1e6)} MB${uncompressed}.\n`,
  )
  const rows = results.map(({ name, rounds }) => [name, ...columns.map(({ of }) => spread(rounds.map(of)))])
  printTable(['', ...columns.map(({ heading }) => heading)], rows)
}

/** Nobody is to take a shorter table for the whole one. */
export function leaveOut(name: string, why: string): void {
  console.log(`\n${name} is left out: ${why}.`)
}

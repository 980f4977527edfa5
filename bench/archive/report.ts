import { median, printTable, spread, whole } from '../table.js'
import type { Result } from './candidate.js'
import type { FilledTopic } from './fill-topic.js'

const MIB = 1_048_576

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

/** Prints what was measured on one topic as a Markdown table. */
export function printResults(topic: FilledTopic, results: readonly Result[]): void {
  const { workload, records, bytes, logicalBytes } = topic
  const compressed = workload.compression !== 'none'
  const uncompressed = compressed ? ` (${whole(logicalBytes / 1e6)} MB uncompressed)` : ''
  console.log(`\n### ${workload.name}: ${workload.title}\n`)
  console.log(
    `${workload.partitions} partitions, ${whole(records)} records, ${whole(bytes / 1e6)} MB${uncompressed}.\n`,
  )
  const columns = ['MB/s', ...(compressed ? ['MB/s uncompressed'] : []), 'CPU s a GB', 'peak resident MiB']
  const rows = results.map(({ name, rounds }) => {
    const rates = (size: number) => spread(rounds.map(({ seconds }) => size / 1e6 / seconds))
    return [
      name,
      rates(bytes),
      ...(compressed ? [rates(logicalBytes)] : []),
      spread(rounds.map(({ cpuSeconds }) => cpuSeconds / (bytes / 1e9))),
      spread(rounds.map(({ peakBytes }) => peakBytes / MIB)),
    ]
  })
  printTable(['', ...columns], rows)
}

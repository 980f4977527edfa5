import { partitionName } from '../batch/topic-partition.js'
import type { PartitionVerdict } from './verdict.js'

const HEADINGS = ['partition', 'from', 'next', 'records', 'complete', 'remarks']
/** Columns of numbers. */
const RIGHT = new Set([1, 2, 3])

/**
 * Verdicts as a table to read: one line for each partition, under a line of headings.
 *
 * @example
 * ```ts
 * console.log(verdictTable(await new TopicArchive({ storage }).partitions('orders')))
 * ```
 */
export function verdictTable(verdicts: readonly PartitionVerdict[]): string {
  const rows = [HEADINGS, ...verdicts.map(cellsOf)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) =>
      RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    )
  return rows.map((row) => line(row).join('  ').trimEnd()).join('\n')
}

function cellsOf(verdict: PartitionVerdict): string[] {
  const { from, next, records, complete, gaps, openFrom } = verdict
  const remarks = [
    ...gaps.map((gap) => `${gap.from} to ${gap.next - 1n} missing (${gap.cause})`),
    ...(openFrom === undefined ? [] : [`a transaction is open from ${openFrom} on`]),
  ]
  return [partitionName(verdict), `${from}`, `${next}`, `${records}`, complete ? 'yes' : 'NO', remarks.join(', ')]
}

import { ArchiveCorruptError } from '../../errors.js'
import { ascending } from '../../internal/bigint.js'
import type { LogRun, LogScan } from './log-scan.js'
import type { ServerFile } from './server-file.js'
import { shownZxid } from './transaction-log.js'
import { follows, isFirstEver } from './zxid.js'

/** How far logs go on from a transaction without a hole, and why no further. */
export interface LogChain {
  /** The last transaction. */
  readonly end: bigint
  /** What is wrong behind it; `undefined` where nothing is. */
  readonly problem: ArchiveCorruptError | undefined
}

/**
 * Goes from the transaction `from` on through logs, which may overlap, up to `until` at most. Where `from` is 0, nothing
 * was before: then the first transaction must be the first one that there ever was.
 */
export function chainFrom(from: bigint, scans: readonly LogScan[], until: bigint): LogChain {
  const runs = scans.flatMap(({ file, runs }) => runs.map((run) => ({ ...run, file }))).sort(byFirst)
  let end = from
  for (const { first, last, file } of runs) {
    if (last <= end) continue
    if (end >= until) break
    const goesOn = first <= end || (end === 0n ? isFirstEver(first) : follows(end, first))
    if (!goesOn) return { end, problem: unreadable(scans, end) ?? (first > until ? undefined : hole(end, first, file)) }
    end = last
  }
  if (end >= until) return { end: until, problem: undefined }
  return { end, problem: unreadable(scans, end) }
}

function byFirst(one: LogRun, other: LogRun): number {
  return ascending(one.first, other.first)
}

/** The damage of a log that may hold what comes behind `end`: a log goes on until the next one begins. */
function unreadable(scans: readonly LogScan[], end: bigint): ArchiveCorruptError | undefined {
  return scans.find(({ damage, file: { zxid } }) => {
    const isOver = scans.some((other) => other.file.zxid > zxid && other.file.zxid <= end + 1n)
    return damage !== undefined && !isOver
  })?.damage
}

function hole(end: bigint, next: bigint, { key }: ServerFile): ArchiveCorruptError {
  const missing = `transactions ${shownZxid(end + 1n)} to ${shownZxid(next - 1n)}`
  return new ArchiveCorruptError(`the transaction logs have a hole before ${key}: ${missing} are in none of them`, {
    key,
    hint: 'bring back the log that holds them, or add a snapshot that was taken later',
  })
}

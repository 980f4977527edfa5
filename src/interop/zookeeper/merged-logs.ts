import { ArchiveCorruptError } from '../../errors.js'
import { ascending } from '../../internal/bigint.js'
import type { StorageCallOptions } from '../../storage/storage.js'
import type { LogScan } from './log-scan.js'
import { type LoggedTransaction, readLog, shownZxid } from './transaction-log.js'

/** Which transactions to read. */
interface ZxidRange extends StorageCallOptions {
  /** The transaction before the first one. */
  readonly after: bigint
  /** The last one. */
  readonly until: bigint
}

/** A log that is open, at its next transaction. */
interface OpenLog {
  readonly transactions: AsyncGenerator<LoggedTransaction, void, void>
  readonly last: bigint
  head: LoggedTransaction
}

/**
 * The transactions of logs that may overlap, each once, in their order.
 *
 * @throws {@link ArchiveCorruptError} when two logs hold different transactions of the same number.
 */
export async function* mergedTransactions(
  scans: readonly LogScan[],
  { after, until, signal }: ZxidRange,
): AsyncGenerator<LoggedTransaction, void, void> {
  const waiting = scans.flatMap((scan) => {
    const [first, last] = [scan.runs[0]?.first, scan.runs.at(-1)?.last]
    if (first === undefined || last === undefined || last <= after || first > until) return []
    return [{ file: scan.file, first, last: last < until ? last : until }]
  })
  waiting.sort((one, other) => ascending(one.first, other.first))
  const open: OpenLog[] = []
  try {
    for (;;) {
      for (let [next] = waiting; next !== undefined && isDue(next.first, open); [next] = waiting) {
        waiting.shift()
        const transactions = readLog(next.file, { signal })
        await advance(open, { transactions, last: next.last }, after)
      }
      const [first] = open
      if (first === undefined) return
      const current = open.reduce((least, { head }) => (head.zxid < least.zxid ? head : least), first.head)
      for (const log of [...open]) {
        if (log.head.zxid !== current.zxid) continue
        expectSame(current, log.head)
        open.splice(open.indexOf(log), 1)
        await advance(open, log, current.zxid)
      }
      yield current
    }
  } finally {
    await Promise.allSettled(open.map(({ transactions }) => transactions.return()))
  }
}

function isDue(first: bigint, open: readonly OpenLog[]): boolean {
  return open.length === 0 || open.some(({ head }) => first <= head.zxid)
}

/** Goes to the first transaction behind `after`; a log that has none is left. */
async function advance(open: OpenLog[], log: Omit<OpenLog, 'head'>, after: bigint): Promise<void> {
  const { transactions, last } = log
  while (after < last) {
    const { value: head } = await transactions.next()
    if (head === undefined) return
    if (head.zxid <= after) continue
    if (head.zxid > last) break
    open.push({ transactions, last, head })
    return
  }
  await transactions.return()
}

function expectSame(one: LoggedTransaction, other: LoggedTransaction): void {
  if (one.checksum === other.checksum && one.body.length === other.body.length) return
  const where = `${one.file.key} at byte ${one.position} and ${other.file.key} at byte ${other.position}`
  throw new ArchiveCorruptError(`two logs hold different transactions ${shownZxid(one.zxid)}: ${where}`, {
    key: other.file.key,
    hint: 'they are of different clusters, or one of them is of a server that was cut off from the others',
  })
}

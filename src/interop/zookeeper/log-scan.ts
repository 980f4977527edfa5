import { ArchiveCorruptError } from '../../errors.js'
import type { StorageCallOptions } from '../../storage/storage.js'
import type { ServerFile } from './server-file.js'
import { readLog } from './transaction-log.js'
import { follows } from './zxid.js'

/** Transactions of one log without a hole between them. */
export interface LogRun {
  readonly first: bigint
  readonly last: bigint
}

/** What is known of a log once it was read. */
export interface LogScan {
  readonly file: ServerFile
  readonly runs: readonly LogRun[]
  /** Why it cannot be read beyond its last run, if it cannot. */
  readonly damage: ArchiveCorruptError | undefined
  /** When the last transaction up to `zxid` was made, in epoch milliseconds; `undefined` when the log begins later. */
  timeOf(zxid: bigint): bigint | undefined
}

/**
 * Reads a log and tells which transactions it holds. `instants` are those whose time will be asked for; that of the last
 * one is always known.
 */
export async function scanLog(
  file: ServerFile,
  instants: readonly bigint[],
  { signal }: StorageCallOptions,
): Promise<LogScan> {
  const runs: { first: bigint; last: bigint }[] = []
  const times: { readonly zxid: bigint; readonly timeMs: bigint }[] = []
  let before: { readonly zxid: bigint; readonly timeMs: bigint } | undefined
  let damage: ArchiveCorruptError | undefined
  let next = 0
  try {
    for await (const { zxid, timeMs } of readLog(file, { signal })) {
      for (; (instants[next] ?? zxid) < zxid; next += 1) if (before !== undefined) times.push(before)
      const run = runs.at(-1)
      if (run !== undefined && follows(run.last, zxid)) run.last = zxid
      else runs.push({ first: zxid, last: zxid })
      before = { zxid, timeMs }
    }
  } catch (error) {
    if (!(error instanceof ArchiveCorruptError)) throw error
    damage = error
  }
  if (before !== undefined) times.push(before)
  const timeOf = (zxid: bigint) => times.findLast((time) => time.zxid <= zxid)?.timeMs
  return { file, runs, damage, timeOf }
}

import { crc32c } from '@node-rs/crc32'
import { instantId } from '../../archive/instant-id.js'
import { crcHex } from '../../archive/names.js'
import type { ArchiveCorruptError } from '../../errors.js'
import { chainFrom } from './log-chain.js'
import type { LogScan } from './log-scan.js'
import type { StateSource } from './rebuilt-state.js'
import type { ServerFile } from './server-file.js'
import { isFirstEver } from './zxid.js'

/** A state that the files of a server give. */
export interface ServerState {
  /** Its name in the archive. */
  readonly id: string
  /** When the last transaction in it was made, in epoch milliseconds. */
  readonly takenMs: number
  /** From what it can be rebuilt: where a file of one is damaged, the next one gives the same. Empty with a problem. */
  readonly sources: readonly StateSource[]
  /** Why the logs do not give it. */
  readonly problem: ArchiveCorruptError | undefined
  /** Size of the snapshot, and of all logs, in bytes. */
  readonly sizeBytes: number
}

/** The files, and what of them counts. */
export interface StateFiles {
  /** In ascending order. */
  readonly snapshots: readonly ServerFile[]
  readonly scans: readonly LogScan[]
  /** Transactions behind this one are left out. */
  readonly until: bigint
}

/** Where a rebuild can begin: at a snapshot, or at the very first transaction. */
interface Start {
  readonly base: ServerFile | undefined
  readonly zxid: bigint
}

const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * The states that the files of a server give, oldest first. Each snapshot gives one: itself and the transactions behind
 * it, up to the next snapshot. So the last one is the tree as it was at the end of the logs.
 */
export function serverStates(files: StateFiles): readonly ServerState[] {
  const starts = startsOf(files)
  const states: ServerState[] = []
  let beforeMs = LAST_MS + 1
  for (let index = starts.length - 1; index >= 0; index -= 1) {
    const next = starts[index + 1]?.zxid
    // Logs of older states may be gone, and snapshots may have been taken over from another server.
    const state = stateOf(starts.slice(0, index + 1), files, { next, beforeMs })
    states.unshift(state)
    beforeMs = state.takenMs
  }
  return states
}

function startsOf({ snapshots, scans, until }: StateFiles): readonly Start[] {
  const starts: Start[] = snapshots.filter(({ zxid }) => zxid <= until).map((base) => ({ base, zxid: base.zxid }))
  const hasFirst = scans.some(({ runs }) => runs.some(({ first }) => first <= until && isFirstEver(first)))
  const isNeeded = hasFirst ? starts[0]?.zxid !== 0n : starts.length === 0
  return isNeeded && scans.length > 0 ? [{ base: undefined, zxid: 0n }, ...starts] : starts
}

function stateOf(
  starts: readonly Start[],
  { scans, until, snapshots }: StateFiles,
  { next, beforeMs }: { readonly next: bigint | undefined; readonly beforeMs: number },
): ServerState {
  const own = starts.at(-1)
  const { end, problem } = chainFrom(own?.zxid ?? 0n, scans, next ?? until)
  const reachingIt = [...starts].reverse().filter((start) => {
    return start === own || chainFrom(start.zxid, scans, end).end === end
  })
  const base = own?.base
  const latest = base ?? snapshots[0] ?? scans.at(-1)?.file
  const takenMs = Math.min(timeOf(end, scans) ?? latest?.modifiedMs ?? 0, beforeMs - 1)
  const logBytes = scans.reduce((sum, { file }) => sum + file.sizeBytes, 0)
  return {
    id: instantId(takenMs, crcHex(crc32c(`${base?.key ?? ''}@${end}`))),
    takenMs,
    sources: reachingIt.map((start) => ({ base: start.base, scans, end })),
    problem: next === undefined ? problem : undefined,
    sizeBytes: logBytes + (base?.sizeBytes ?? 0),
  }
}

/** By the clock of the leader that made the transaction, unless that is no time at all. */
function timeOf(zxid: bigint, scans: readonly LogScan[]): number | undefined {
  const holder = scans.find(({ runs }) => runs.some(({ first, last }) => first <= zxid && zxid <= last))
  const timeMs = holder?.timeOf(zxid)
  return timeMs !== undefined && timeMs >= 0n && timeMs <= BigInt(LAST_MS) ? Number(timeMs) : undefined
}

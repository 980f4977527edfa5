import type { SnapshotConsistency } from '../../archive/znode-snapshot-header.js'
import { ArchiveCorruptError } from '../../errors.js'
import { larger } from '../../internal/bigint.js'
import type { StorageCallOptions } from '../../storage/storage.js'
import type { LogScan } from './log-scan.js'
import { mergedTransactions } from './merged-logs.js'
import { newServerTree } from './new-server-tree.js'
import { ReplayedTree } from './replayed-tree.js'
import type { ServerFile } from './server-file.js'
import { loadSnapshot, type TreeDigest } from './snapshot-file.js'
import { transactionContent } from './transaction-changes.js'
import { type LoggedTransaction, shownZxid } from './transaction-log.js'
import { treeDigest } from './tree-digest.js'

/** A state of a tree, and from what it can be rebuilt. */
export interface StateSource {
  /** The snapshot that comes first; without one, the tree of a new server. */
  readonly base: ServerFile | undefined
  readonly scans: readonly LogScan[]
  /** The last transaction, which the logs reach without a hole. */
  readonly end: bigint
}

/** A state that was rebuilt. */
export interface RebuiltState {
  readonly tree: ReplayedTree
  readonly consistency: SnapshotConsistency
  readonly moved: readonly string[]
  readonly fromZxid: bigint
  readonly toZxid: bigint
}

interface RebuildOptions extends StorageCallOptions {
  readonly maxTreeBytes: number
}

/** A tree before transactions are replayed on it. */
interface Beginning {
  readonly tree: ReplayedTree
  /** Every transaction up to this one is in the tree. */
  readonly from: bigint
  /** None behind this one is, as far as that shows. */
  readonly newest: bigint
  /** Whether that is known for certain. */
  readonly certain: boolean
  readonly digest: TreeDigest | undefined
}

/**
 * Rebuilds a state. A server writes to its tree while it writes it to a file, so that a file holds a part of what came
 * after it was begun. The logs make the tree whole, when they reach beyond that; and the digests that newer servers
 * write prove it.
 *
 * @throws {@link ArchiveCorruptError} when a file is damaged, or the logs do not fit the snapshot.
 */
export async function rebuiltState(source: StateSource, options: RebuildOptions): Promise<RebuiltState> {
  const { base, scans, end } = source
  const { signal } = options
  const beginning = await begun(base, options)
  const { tree, from, newest } = beginning
  let last: TreeDigest | undefined
  for await (const transaction of mergedTransactions(scans, { after: from, until: end, signal })) {
    last = replay(tree, transaction, beginning)
  }
  if (end > from && newest <= end) {
    if (last !== undefined) expectDigest(tree, last)
    return { tree, consistency: 'exact', moved: [], fromZxid: end, toZxid: end }
  }
  return alone(beginning, { end, logsReachIt: scans.some(({ runs }) => runs.some((run) => run.last >= from)) })
}

/** Makes the changes of a transaction, and answers what the log says of the tree then. */
function replay(
  tree: ReplayedTree,
  transaction: LoggedTransaction,
  { newest, certain }: Beginning,
): TreeDigest | undefined {
  const { zxid } = transaction
  const { changes, digest } = transactionContent(transaction)
  // The transaction after the last one that is whole in a snapshot may be there in part.
  const mustFit = certain && zxid > newest + 1n
  for (const change of changes) {
    if (!tree.apply(change, transaction) && mustFit) throw doesNotFit(transaction)
  }
  return digest === undefined ? undefined : { zxid, digest }
}

/** A state to which no transaction was added, or not all that show in it. */
function alone(
  { tree, from, newest, digest }: Beginning,
  { end, logsReachIt }: { readonly end: bigint; readonly logsReachIt: boolean },
): RebuiltState {
  const isWhole = digest !== undefined && digest.zxid >= end && treeDigest(tree) === digest.digest
  if (isWhole) return { tree, consistency: 'exact', moved: [], fromZxid: digest.zxid, toZxid: digest.zxid }
  if (logsReachIt && newest <= from) return { tree, consistency: 'exact', moved: [], fromZxid: from, toZxid: from }
  const moved: string[] = []
  for (const { path, stat } of tree.stored()) {
    if (larger(larger(stat.createdZxid, stat.modifiedZxid), stat.childrenZxid) > end) moved.push(path)
  }
  return { tree, consistency: 'fuzzy', moved: moved.sort(), fromZxid: end, toZxid: larger(newest, end) }
}

async function begun(base: ServerFile | undefined, { maxTreeBytes, signal }: RebuildOptions): Promise<Beginning> {
  const tree = new ReplayedTree({ maxBytes: maxTreeBytes })
  if (base === undefined) {
    newServerTree(tree)
    return { tree, from: 0n, newest: 0n, certain: true, digest: undefined }
  }
  const { zxid } = base
  const { digest, newest } = await loadSnapshot(base, tree, { signal })
  // A leader's first snapshot is named after its epoch, and may tell of the one before.
  const isOfIt = digest !== undefined && digest.zxid >= zxid
  const seen = larger(newest, zxid)
  return {
    tree,
    from: zxid,
    newest: isOfIt ? larger(seen, digest.zxid) : seen,
    certain: isOfIt,
    digest: isOfIt ? digest : undefined,
  }
}

function expectDigest(tree: ReplayedTree, { zxid, digest }: TreeDigest): void {
  if (treeDigest(tree) === digest) return
  throw new ArchiveCorruptError(
    `the tree that was rebuilt is not the one that the server had: its digest at ${shownZxid(zxid)} is another one`,
    { hint: 'a log is missing, or the files are of different clusters' },
  )
}

function doesNotFit({ file: { key }, position, zxid }: LoggedTransaction): ArchiveCorruptError {
  return new ArchiveCorruptError(
    `${key} does not fit what comes before: transaction ${shownZxid(zxid)} at byte ${position} changes a znode that is not as it was`,
    { key, hint: 'a log is missing, or the files are of different clusters' },
  )
}

import { OPEN_ACL } from '../zookeeper/acl.js'
import { childOf } from '../zookeeper/path.js'
import type { ZnodeOperation, ZooKeeperCallOptions, ZooKeeperTransport } from '../zookeeper/transport.js'
import { sequenceOf, type ZnodeStat } from '../zookeeper/znode.js'
import { BATCH_BYTES, BATCH_OPERATIONS, operationBytes } from './batches.js'
import { Committer, refusedWrite } from './commit.js'

const PASSING_CHILD = '.kafkeep'

/**
 * Makes the next sequential child of `path` get at least the number `sequence`: a child is created and deleted in one
 * transaction, which nobody ever sees, as often as is needed. Answers whether it was.
 */
export async function raiseSequence(
  zookeeper: ZooKeeperTransport,
  path: string,
  sequence: number,
  options: ZooKeeperCallOptions,
): Promise<boolean> {
  const child = childOf(path, PASSING_CHILD)
  const pair: readonly ZnodeOperation[] = [
    { type: 'create', path: child, data: null, acl: OPEN_ACL },
    { type: 'delete', path: child, version: -1 },
  ]
  return raise(zookeeper, path, { ...options, most: mostAtOnce(pair) }, (stat, most) => {
    const pairs = Math.min(most, sequence - sequenceOf(stat))
    return Array.from({ length: Math.max(0, pairs) }, () => pair).flat()
  })
}

/** Makes the version of `path`, whose data is and stays `data`, at least `version`: one write for each. */
export async function raiseVersion(
  zookeeper: ZooKeeperTransport,
  path: string,
  { version, data }: { readonly version: number; readonly data: Uint8Array | null },
  options: ZooKeeperCallOptions,
): Promise<void> {
  const write: ZnodeOperation = { type: 'set', path, data: null, version: -1 }
  await raise(zookeeper, path, { ...options, most: mostAtOnce([write], data?.length) }, (stat, most) => {
    const writes = Math.max(0, Math.min(most, version - stat.version))
    return Array.from({ length: writes }, (_, index) => ({
      type: 'set',
      path,
      // Only the last write of a transaction is ever seen.
      data: index === writes - 1 ? data : null,
      version: stat.version + index,
    }))
  })
}

/**
 * Commits what `next` wants for the node as it is, `most` steps at once, until it wants nothing more. Answers whether it
 * wanted anything.
 */
async function raise(
  zookeeper: ZooKeeperTransport,
  path: string,
  { most, ...options }: ZooKeeperCallOptions & { readonly most: number },
  next: (stat: ZnodeStat, most: number) => readonly ZnodeOperation[],
): Promise<boolean> {
  const committer = new Committer(zookeeper)
  let fitting = most
  for (let raised = false; ; raised = true) {
    const stat = await zookeeper.stat(path, options)
    if (stat === undefined) throw refusedWrite(path, 'NO_NODE')
    const operations = next(stat, fitting)
    if (operations.length === 0) return raised
    // Whether a lost one was committed shows in the counter itself.
    const outcome = await committer.commit(operations, options)
    if (outcome?.committed === false) throw refusedWrite(path, outcome.reason)
    // It may be too large for this server.
    if (outcome === undefined) fitting = Math.ceil(fitting / 2)
  }
}

function mostAtOnce(operations: readonly ZnodeOperation[], otherBytes = 0): number {
  const bytes = operations.reduce((sum, operation) => sum + operationBytes(operation), 0)
  const fitting = Math.floor(Math.min((BATCH_BYTES - otherBytes) / bytes, BATCH_OPERATIONS / operations.length))
  return Math.max(1, fitting)
}

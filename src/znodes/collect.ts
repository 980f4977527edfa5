import type { SnapshotConsistency } from '../archive/znode-snapshot-header.js'
import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import { type TreeEvent, TreeReader, type TreeReaderOptions } from './read-tree.js'

/** What to collect. */
export interface CollectOptions extends TreeReaderOptions {
  /** How often, at most, the nodes are looked at again after others wrote meanwhile. */
  readonly repairRounds: number
  /** Told how far the reading is. */
  readonly onRead: (nodes: number, bytes: bigint) => void
}

/** A tree, and how far it is known to be one state. */
export interface CollectedTree {
  readonly reader: TreeReader
  readonly consistency: SnapshotConsistency
  readonly fromZxid: bigint
  readonly toZxid: bigint
}

/**
 * Reads the roots with everything below and above them until the result is proven to be one state of the tree.
 *
 * The proof: a fence is a transaction of ours, and all that is read after it is read of a server that has it. When the
 * next fence is the very next transaction, nothing was written between the two. Else every node is looked at again
 * behind a fence: those that are still as they were read before it were so at the fence.
 */
export async function* collectTree(
  zookeeper: ZooKeeperTransport,
  options: CollectOptions,
): AsyncGenerator<TreeEvent, CollectedTree, void> {
  const { repairRounds, signal, onRead } = options
  const reader = new TreeReader(zookeeper, options)
  const result = (consistency: SnapshotConsistency, fromZxid: bigint, toZxid: bigint): CollectedTree => {
    return { reader, consistency, fromZxid, toZxid }
  }
  const firstZxid = await zookeeper.fence({ signal })
  yield* reported(reader, onRead, reader.read(firstZxid))
  let fromZxid = firstZxid
  for (let round = 0; ; round += 1) {
    const toZxid = await zookeeper.fence({ signal })
    if (toZxid === fromZxid + 1n) return result('exact', fromZxid, toZxid)
    if (round === repairRounds) return result('fuzzy', fromZxid, toZxid)
    fromZxid = toZxid
    const changed = yield* reported(reader, onRead, reader.refresh())
    if (changed === 0) return result('settled', fromZxid, await zookeeper.fence({ signal }))
  }
}

async function* reported<T>(
  reader: TreeReader,
  onRead: CollectOptions['onRead'],
  events: AsyncGenerator<TreeEvent, T, void>,
): AsyncGenerator<TreeEvent, T, void> {
  for (;;) {
    const next = await events.next()
    if (next.done === true) return next.value
    onRead(reader.tree.readNodes, reader.readBytes)
    yield next.value
  }
}

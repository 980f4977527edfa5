import type { SnapshotConsistency } from '../archive/znode-snapshot-header.js'
import { byPath, isWithin, parentOf, upwards } from '../zookeeper/path.js'
import { matchesPath, type PathFilter } from '../zookeeper/path-filter.js'
import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import type { Znode } from '../zookeeper/znode.js'
import { type TreeEvent, TreeReader } from './read-tree.js'

/** What to collect. */
export interface CollectOptions {
  readonly roots: readonly string[]
  readonly exclude: PathFilter
  /** How often, at most, the nodes are looked at again after others wrote meanwhile. */
  readonly repairRounds: number
  readonly concurrency: number
  readonly signal: AbortSignal | undefined
  /** Told how far the reading is. */
  readonly onRead: (nodes: number, bytes: bigint) => void
}

/** A tree, and how far it is known to be one state. */
export interface CollectedTree {
  /** Parents before their children. */
  readonly nodes: readonly Znode[]
  readonly unreadable: readonly string[]
  readonly consistency: SnapshotConsistency
  readonly fromZxid: bigint
  readonly toZxid: bigint
}

/** Reads the roots with everything below and above them until the result is proven to be one state of the tree. */
export async function* collectTree(
  zookeeper: ZooKeeperTransport,
  { roots, exclude, repairRounds, concurrency, signal, onRead }: CollectOptions,
): AsyncGenerator<TreeEvent, CollectedTree, void> {
  const inScope = (path: string) => roots.some((root) => isWithin(path, root)) && !matchesPath(exclude, path)
  const tree = new TreeReader(zookeeper, { inScope, concurrency, signal })
  const firstZxid = await zookeeper.fence({ signal })
  yield* reported(tree, onRead, tree.read([...new Set(roots.flatMap((root) => [...upwards(root)]))]))
  const result = (consistency: SnapshotConsistency, fromZxid: bigint, toZxid: bigint): CollectedTree => {
    const nodes = [...tree.nodes.values()].sort(byPath)
    return { nodes: withoutOrphans(nodes, tree.unreadable), unreadable: tree.unreadable, consistency, fromZxid, toZxid }
  }
  let fromZxid = firstZxid
  for (let round = 0; ; round += 1) {
    const toZxid = await zookeeper.fence({ signal })
    if (toZxid === fromZxid + 1n) return result('exact', fromZxid, toZxid)
    if (round === repairRounds) return result('fuzzy', firstZxid, toZxid)
    fromZxid = toZxid
    const changed = yield* reported(tree, onRead, tree.refresh())
    if (changed === 0) return result('settled', fromZxid, await zookeeper.fence({ signal }))
  }
}

async function* reported<T>(
  tree: TreeReader,
  onRead: CollectOptions['onRead'],
  events: AsyncGenerator<TreeEvent, T, void>,
): AsyncGenerator<TreeEvent, T, void> {
  for (;;) {
    const next = await events.next()
    if (next.done === true) return next.value
    onRead(tree.nodes.size, tree.readBytes)
    yield next.value
  }
}

/** While others delete, a child may have been seen last before its parent went; no tree can have it. */
function withoutOrphans(sorted: readonly Znode[], unreadable: readonly string[]): readonly Znode[] {
  const present = new Set<string | undefined>([undefined, ...unreadable])
  return sorted.filter(({ path }) => {
    if (!present.has(parentOf(path))) return false
    present.add(path)
    return true
  })
}

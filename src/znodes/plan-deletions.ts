import { childOf, parentOf } from '../zookeeper/path.js'
import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import type { ZnodeStat } from '../zookeeper/znode.js'
import type { PlannedNode } from './decide.js'
import { readLive } from './live-node.js'

/** Which nodes to look at, and how. */
interface DeletionOptions {
  readonly inScope: (path: string) => boolean
  readonly concurrency: number
  readonly signal: AbortSignal | undefined
}

/**
 * Plans to delete the nodes at `tops` with everything below them, children before their parents. What belongs to a
 * session stays, and so does what is above a node that stays.
 */
export async function* planDeletions(
  zookeeper: ZooKeeperTransport,
  tops: readonly string[],
  options: DeletionOptions,
): AsyncGenerator<PlannedNode, void, void> {
  const nodes = await liveNodes(zookeeper, tops, options)
  const deletedChildren = new Map<string | undefined, number>()
  const paths = [...nodes.keys()].sort().reverse()
  for (const path of paths) {
    const stat = nodes.get(path)
    if (stat === undefined) continue
    const why =
      stat.ephemeralOwner !== 0n
        ? 'a live session owns it'
        : stat.childCount > (deletedChildren.get(path) ?? 0)
          ? 'nodes below it stay'
          : undefined
    if (why !== undefined) {
      yield { path, changes: [{ path, action: 'keep', why }] }
      continue
    }
    const parent = parentOf(path)
    deletedChildren.set(parent, (deletedChildren.get(parent) ?? 0) + 1)
    yield {
      path,
      changes: [{ path, action: 'delete', why: 'the snapshot does not hold it' }],
      operation: { type: 'delete', path, version: stat.version },
    }
  }
}

async function liveNodes(
  zookeeper: ZooKeeperTransport,
  tops: readonly string[],
  { inScope, concurrency, signal }: DeletionOptions,
): Promise<ReadonlyMap<string, ZnodeStat>> {
  const nodes = new Map<string, ZnodeStat>()
  const queue = [...tops]
  while (queue.length > 0) {
    const wave = queue.splice(-concurrency)
    const live = await Promise.all(wave.map((path) => readLive(zookeeper, path, { signal })))
    for (const [index, path] of wave.entries()) {
      const reading = live[index]
      if (reading === undefined || reading === 'unreadable') continue
      nodes.set(path, reading.stat)
      queue.push(...reading.children.map((name) => childOf(path, name)).filter(inScope))
    }
  }
  return nodes
}

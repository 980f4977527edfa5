import { parentOf } from '../zookeeper/path.js'
import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import type { PlannedNode } from './decide.js'
import { TreeReader } from './read-tree.js'

/**
 * Plans to delete the nodes at `tops` with everything below them, children before their parents. What belongs to a
 * session stays, and so does what is above a node that stays.
 */
export async function* planDeletions(
  zookeeper: ZooKeeperTransport,
  tops: readonly string[],
  options: ConstructorParameters<typeof TreeReader>[1],
): AsyncGenerator<PlannedNode, void, void> {
  const tree = new TreeReader(zookeeper, options)
  for await (const _ of tree.read(tops)) options.signal?.throwIfAborted()
  const deletedChildren = new Map<string | undefined, number>()
  const paths = [...tree.nodes.keys()].sort().reverse()
  for (const path of paths) {
    const node = tree.nodes.get(path)
    if (node === undefined) continue
    const why =
      node.kind === 'ephemeral'
        ? 'a live session owns it'
        : node.childCount > (deletedChildren.get(path) ?? 0)
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
      operation: { type: 'delete', path, version: node.version },
    }
  }
}

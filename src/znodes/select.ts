import { ArchiveCorruptError, NotInArchiveError } from '../errors.js'
import { byPath, isWithin, parentOf } from '../zookeeper/path.js'
import { matchesPath, type PathFilter } from '../zookeeper/path-filter.js'
import type { Znode } from '../zookeeper/znode.js'

/** The server's own nodes: it makes them itself, and refuses most writes to them. */
export const SERVER_NODES = '/zookeeper'

/** What of a snapshot is to be restored. */
export interface Selection {
  /** Parents before their children. */
  readonly nodes: readonly Znode[]
  /** Whether a node was asked for itself, and not only because it is above one that was. */
  isWanted(path: string): boolean
  /** Names of the selected children of each node that has any. */
  readonly childrenOf: ReadonlyMap<string, readonly string[]>
  /** All paths of the snapshot, selected or not. */
  readonly known: ReadonlySet<string>
}

/**
 * Selects nodes at and below `paths`, and those above them.
 *
 * @throws {@link NotInArchiveError} when the snapshot has no node at one of `paths`.
 */
export async function selectNodes(
  snapshot: AsyncIterable<Znode>,
  options: {
    readonly paths: readonly string[]
    readonly exclude: PathFilter
    /** Nodes to look at but not to bring back. */
    readonly skips: (node: Znode) => boolean
  },
): Promise<Selection> {
  const { paths, exclude } = options
  const isWanted = (path: string) => paths.some((top) => isWithin(path, top)) && !matchesPath(exclude, path)
  const isAbove = (path: string) => paths.some((below) => isWithin(below, path))
  const nodes: Znode[] = []
  const known = new Set<string>()
  for await (const node of snapshot) {
    if (known.has(node.path)) throw new ArchiveCorruptError(`a snapshot has two nodes ${node.path}`)
    known.add(node.path)
    if (!isWithin(node.path, SERVER_NODES) && (isWanted(node.path) || isAbove(node.path))) nodes.push(node)
  }
  const missing = paths.find((path) => !known.has(path))
  if (missing !== undefined) {
    throw new NotInArchiveError(`the snapshot has no znode ${missing}`, { hint: 'check `paths` and `snapshot`' })
  }
  nodes.sort(byPath)
  return { nodes, isWanted, childrenOf: childrenByParent(nodes.filter((node) => !options.skips(node))), known }
}

function childrenByParent(nodes: readonly Znode[]): ReadonlyMap<string, readonly string[]> {
  const childrenOf = new Map<string, string[]>()
  for (const { path } of nodes) {
    const parent = parentOf(path)
    if (parent === undefined) continue
    const names = childrenOf.get(parent) ?? []
    names.push(path.slice(path.lastIndexOf('/') + 1))
    childrenOf.set(parent, names)
  }
  return childrenOf
}

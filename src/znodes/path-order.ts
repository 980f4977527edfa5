import { type NodeNumber, ROOT, type TreeStore } from './tree-store.js'

interface Visit {
  /** What the paths of all that is visited begin with, below the parent. */
  readonly key: string
  readonly node: NodeNumber
  readonly what: 'node' | 'below'
}

/**
 * The nodes of which there is a reading in the order of their paths, which has parents before their children. Of 'a',
 * 'a-b' and 'a/c' the last comes last, so that a node and what is below it are two visits.
 */
export function inPathOrder(tree: TreeStore): Uint32Array {
  const families = new Families(tree)
  const order = new Uint32Array(tree.readNodes)
  let length = 0
  const levels: Visit[][] = [sortedVisits([ROOT], tree, families)]
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const visit = level.pop()
    if (visit === undefined) levels.pop()
    else if (visit.what === 'below') levels.push(sortedVisits(families.childrenOf(visit.node), tree, families))
    else if (tree.isRead(visit.node)) {
      order[length] = visit.node
      length += 1
    }
  }
  return order.subarray(0, length)
}

/** The last one is to be made first. */
function sortedVisits(nodes: Iterable<NodeNumber>, tree: TreeStore, families: Families): Visit[] {
  const visits: Visit[] = []
  for (const node of nodes) {
    const key = tree.nameOf(node)
    visits.push({ key, node, what: 'node' })
    if (families.hasChildren(node)) visits.push({ key: `${key}/`, node, what: 'below' })
  }
  return visits.sort((one, other) => (one.key < other.key ? 1 : -1))
}

/** The children of every node, one after the other. */
class Families {
  readonly #starts: Uint32Array
  readonly #members: Uint32Array

  constructor(tree: TreeStore) {
    const ends = new Uint32Array(tree.end + 1)
    const members = new Uint32Array(tree.end)
    const isMember = (node: NodeNumber) => node !== ROOT && !tree.isRemoved(node)
    for (let node = ROOT; node < tree.end; node += 1) {
      const next = tree.parentOf(node) + 1
      if (isMember(node)) ends[next] = (ends[next] ?? 0) + 1
    }
    for (let index = 1; index < ends.length; index += 1) ends[index] = (ends[index] ?? 0) + (ends[index - 1] ?? 0)
    this.#starts = ends.slice()
    for (let node = ROOT; node < tree.end; node += 1) {
      if (!isMember(node)) continue
      const parent = tree.parentOf(node)
      const index = ends[parent] ?? 0
      members[index] = node
      ends[parent] = index + 1
    }
    this.#members = members
  }

  hasChildren(node: NodeNumber): boolean {
    return this.#starts[node] !== this.#starts[node + 1]
  }

  childrenOf(node: NodeNumber): Uint32Array {
    return this.#members.subarray(this.#starts[node], this.#starts[node + 1])
  }
}

import { type NodeNumber, ROOT, type TreeStore } from './tree-store.js'

/** A node, or what is below it: a number, because a family may have a million members. */
type Visit = number

/** Visits in the order in which they are to be made. */
interface Level {
  readonly visits: Uint32Array
  /** How many of them are made. */
  made: number
}

/**
 * The nodes of which there is a reading in the order of their paths, which has parents before their children. Of 'a',
 * 'a-b' and 'a/c' the last comes last, so that a node and what is below it are two visits.
 */
export function inPathOrder(tree: TreeStore): Uint32Array {
  const families = new Families(tree)
  const order = new Uint32Array(tree.readNodes)
  let length = 0
  const levels: Level[] = [{ visits: sortedVisits(Uint32Array.of(ROOT), tree, families), made: 0 }]
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const visit = level.visits[level.made]
    level.made += 1
    if (visit === undefined) levels.pop()
    else if (isBelow(visit)) {
      levels.push({ visits: sortedVisits(families.childrenOf(nodeOf(visit)), tree, families), made: 0 })
    } else if (tree.isRead(nodeOf(visit))) {
      order[length] = nodeOf(visit)
      length += 1
    }
  }
  return order.subarray(0, length)
}

function sortedVisits(nodes: Uint32Array, tree: TreeStore, families: Families): Uint32Array {
  const visits = new Uint32Array(2 * nodes.length)
  let length = 0
  for (const node of nodes) {
    visits[length] = 2 * node
    length += 1
    if (!families.hasChildren(node)) continue
    visits[length] = 2 * node + 1
    length += 1
  }
  return visits.subarray(0, length).sort((one, other) => {
    return tree.compareNames(nodeOf(one), nodeOf(other), isBelow(one), isBelow(other))
  })
}

function nodeOf(visit: Visit): NodeNumber {
  return visit >>> 1
}

function isBelow(visit: Visit): boolean {
  return (visit & 1) === 1
}

/** The children of every node, one after the other. */
class Families {
  /** Behind the last child of each node; the first one is behind the last one of the node before. */
  readonly #ends: Uint32Array
  readonly #members: Uint32Array

  constructor(tree: TreeStore) {
    const ends = new Uint32Array(tree.end)
    const members = new Uint32Array(tree.end)
    const isMember = (node: NodeNumber) => node !== ROOT && !tree.isRemoved(node)
    for (let node = ROOT; node < tree.end; node += 1) {
      const next = tree.parentOf(node) + 1
      if (isMember(node) && next < ends.length) ends[next] = (ends[next] ?? 0) + 1
    }
    for (let index = 1; index < ends.length; index += 1) ends[index] = (ends[index] ?? 0) + (ends[index - 1] ?? 0)
    // What is where the children of each node begin becomes where they end, as they are put there.
    for (let node = ROOT; node < tree.end; node += 1) {
      if (!isMember(node)) continue
      const parent = tree.parentOf(node)
      const index = ends[parent] ?? 0
      members[index] = node
      ends[parent] = index + 1
    }
    this.#ends = ends
    this.#members = members
  }

  hasChildren(node: NodeNumber): boolean {
    return this.#startOf(node) !== this.#ends[node]
  }

  childrenOf(node: NodeNumber): Uint32Array {
    return this.#members.subarray(this.#startOf(node), this.#ends[node])
  }

  #startOf(node: NodeNumber): number {
    return this.#ends[node - 1] ?? 0
  }
}

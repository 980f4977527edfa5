import { type NodeNumber, ROOT, type TreeStore } from '../../znodes/tree-store.js'

const FREE = 0
const GONE = -1
const FIRST_SLOTS = 1_024

/** Finds the children of a tree's nodes by name. Takes a few bytes for each node. */
export class NodeIndex {
  readonly #tree: TreeStore
  /** Numbers of nodes; the root, which has the number 0, is never looked for. */
  #slots = new Int32Array(FIRST_SLOTS)
  #nodes = 0
  /** Slots that are not free. */
  #taken = 0

  constructor(tree: TreeStore) {
    this.#tree = tree
  }

  /** The child `name` of `parent`, if there is one. */
  childOf(parent: NodeNumber, name: string): NodeNumber | undefined {
    for (let slot = this.#slotOf(parent, name); ; slot = this.#after(slot)) {
      const node = this.#slots[slot] ?? FREE
      if (node === FREE) return undefined
      if (node !== GONE && this.#is(node, parent, name)) return node
    }
  }

  /** The node at `path`, if there is one. */
  find(path: string): NodeNumber | undefined {
    let node: NodeNumber | undefined = ROOT
    for (let start = 1; node !== undefined && start < path.length; ) {
      const slash = path.indexOf('/', start)
      const end = slash === -1 ? path.length : slash
      node = this.childOf(node, path.slice(start, end))
      start = end + 1
    }
    return node
  }

  /** Adds a node that is not there. */
  add(node: NodeNumber, parent: NodeNumber, name: string): void {
    if (this.#taken * 2 >= this.#slots.length) this.#makeRoom()
    let slot = this.#slotOf(parent, name)
    while ((this.#slots[slot] ?? FREE) !== FREE) slot = this.#after(slot)
    this.#slots[slot] = node
    this.#nodes += 1
    this.#taken += 1
  }

  /** Takes out a node that is there. */
  delete(node: NodeNumber): void {
    let slot = this.#slotOf(this.#tree.parentOf(node), this.#tree.nameOf(node))
    while (this.#slots[slot] !== node) slot = this.#after(slot)
    this.#slots[slot] = GONE
    this.#nodes -= 1
  }

  #is(node: NodeNumber, parent: NodeNumber, name: string): boolean {
    return this.#tree.parentOf(node) === parent && this.#tree.nameOf(node) === name
  }

  #makeRoom(): void {
    const old = this.#slots
    let length = FIRST_SLOTS
    while (length < 4 * this.#nodes) length *= 2
    this.#slots = new Int32Array(length)
    this.#nodes = 0
    this.#taken = 0
    for (const node of old) if (node > 0) this.add(node, this.#tree.parentOf(node), this.#tree.nameOf(node))
  }

  #slotOf(parent: NodeNumber, name: string): number {
    let hash = Math.imul(parent + 1, 0x9e37_79b1)
    for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x0100_0193)
    hash ^= hash >>> 15
    return (hash >>> 0) & (this.#slots.length - 1)
  }

  #after(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1)
  }
}

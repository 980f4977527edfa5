import { ArchiveCorruptError } from '../../errors.js'
import { NumberColumn } from '../../znodes/number-column.js'
import { inPathOrder } from '../../znodes/path-order.js'
import { type NodeNumber, ROOT, TreeStore } from '../../znodes/tree-store.js'
import { parentOf } from '../../zookeeper/path.js'
import type { ZnodeReading } from '../../zookeeper/transport.js'
import { sequenceOf, type Znode, type ZnodeStat } from '../../zookeeper/znode.js'
import { NodeIndex } from './node-index.js'
import { kindOf } from './owner.js'
import type { AclChange, CreateChange, SetChange, TreeChange } from './tree-change.js'

/** When a change was made. */
export interface ChangeInstant {
  readonly zxid: bigint
  readonly timeMs: bigint
}

/** What a server keeps of a node. Its `childrenVersion` counts the children that were ever created, and `childCount` is 0. */
export type StoredNode = Pick<ZnodeReading, 'data' | 'acl' | 'stat'>

const NODE_BYTES = 100
/** Memory of what was replaced and deleted that is left lying, at least. */
const LEFT_LYING_BYTES = 67_108_864

/**
 * A tree as a server has it in memory, changed by transactions in the way of the server. Takes little more than the names
 * and the data of its nodes.
 */
export class ReplayedTree {
  readonly #maxBytes: number
  #store = new TreeStore()
  #index = new NodeIndex(this.#store)
  #childCounts = new NumberColumn()
  /** Nodes of each session. */
  readonly #owned = new Map<bigint, Set<string>>()
  /** Bytes that the tree takes, and those that were ever written since the store is this one. */
  #liveBytes = 0
  #writtenBytes = 0

  /** A tree of which nothing is known. `maxBytes` is the most that it may become. */
  constructor({ maxBytes }: { readonly maxBytes: number }) {
    this.#maxBytes = maxBytes
    this.#childCounts.push(0)
  }

  /** Nodes in the tree. */
  get nodes(): number {
    return this.#store.readNodes
  }

  /** Adds a node as it was stored; answers whether it has a place, which it has below a node that is there. */
  insert(path: string, node: StoredNode): boolean {
    if (path === '/') {
      if (this.#store.isRead(ROOT)) return false
      this.#put(ROOT, node)
      return true
    }
    const parent = this.#index.find(parentOf(path) ?? '/')
    const name = nameIn(path)
    if (parent === undefined || !this.#store.isRead(parent) || this.#index.childOf(parent, name) !== undefined) {
      return false
    }
    this.#add(parent, { name, path, node })
    return true
  }

  /**
   * Makes a change, where it was not made yet: a server writes its snapshots while changes are made. Answers whether the
   * change found the tree as it was when the change was made first.
   */
  apply(change: TreeChange, instant: ChangeInstant): boolean {
    if (this.#writtenBytes > LEFT_LYING_BYTES + 1.5 * this.#liveBytes) this.#compact()
    switch (change.type) {
      case 'create':
        return this.#create(change, instant)
      case 'delete':
        return this.#delete(change.path, instant)
      case 'set':
        return this.#set(change, instant)
      case 'acl':
        return this.#setAcl(change)
      case 'close': {
        for (const path of change.paths) this.#delete(path, instant)
        for (const path of this.#owned.get(change.sessionId) ?? []) this.#delete(path, instant)
        return true
      }
    }
  }

  /** Each node, in no order, with the counters as the server keeps them. */
  *stored(): Generator<{ readonly path: string; readonly data: Uint8Array | null; readonly stat: ZnodeStat }> {
    for (const node of this.#numbers()) {
      yield { path: this.#store.pathOf(node), data: this.#store.znodeOf(node).data, stat: this.#store.statOf(node) }
    }
  }

  /** Reads the nodes in the order of their paths, as often as it is called. The tree must not be changed any more. */
  inOrder(): () => Generator<Znode, void, void> {
    const order = inPathOrder(this.#store)
    const nodeOf = (node: NodeNumber) => this.#znodeOf(node)
    return function* () {
      for (const node of order) yield nodeOf(node)
    }
  }

  #create({ path, data, acl, owner, parentCreations }: CreateChange, { zxid, timeMs }: ChangeInstant): boolean {
    const parent = this.#index.find(parentOf(path) ?? '/')
    if (path === '/' || parent === undefined) return false
    const { childrenVersion } = this.#store.statOf(parent)
    const creations = parentCreations ?? childrenVersion + 1
    const name = nameIn(path)
    const existing = this.#index.childOf(parent, name)
    if (creations > childrenVersion) this.#change(parent, { stat: { childrenVersion: creations, childrenZxid: zxid } })
    if (existing !== undefined) {
      this.#change(existing, { acl })
      return false
    }
    const counters = { version: 0, childrenVersion: 0, aclVersion: 0, childCount: 0 }
    const zxids = { createdZxid: zxid, modifiedZxid: zxid, childrenZxid: zxid }
    const stat = { ...counters, ...zxids, createdMs: timeMs, modifiedMs: timeMs, ephemeralOwner: owner }
    this.#add(parent, { name, path, node: { data, acl, stat } })
    return true
  }

  #delete(path: string, { zxid }: ChangeInstant): boolean {
    const parent = path === '/' ? undefined : this.#index.find(parentOf(path) ?? '/')
    if (parent === undefined) return false
    if (zxid > this.#store.statOf(parent).childrenZxid) this.#change(parent, { stat: { childrenZxid: zxid } })
    const node = this.#index.childOf(parent, nameIn(path))
    if (node === undefined) return false
    const fits = this.#childCounts.get(node) === 0
    if (!fits) this.#removeBelow(node)
    this.#remove(node)
    return fits
  }

  #set({ path, data, version }: SetChange, { zxid, timeMs }: ChangeInstant): boolean {
    const node = this.#index.find(path)
    if (node === undefined) return false
    this.#change(node, { data, stat: { version, modifiedZxid: zxid, modifiedMs: timeMs } })
    return true
  }

  #setAcl({ path, acl, version }: AclChange): boolean {
    const node = this.#index.find(path)
    if (node === undefined) return false
    this.#change(node, { acl, stat: { aclVersion: version } })
    return true
  }

  #add(
    parent: NodeNumber,
    { name, path, node }: { readonly name: string; readonly path: string; readonly node: StoredNode },
  ): void {
    const number = this.#store.add(name, parent)
    this.#childCounts.push(0)
    this.#childCounts.set(parent, this.#childCounts.get(parent) + 1)
    this.#index.add(number, parent, name)
    this.#liveBytes += name.length + NODE_BYTES
    this.#writtenBytes += name.length + NODE_BYTES
    this.#put(number, node)
    const { ephemeralOwner } = node.stat
    if (kindOf(ephemeralOwner).kind !== 'ephemeral') return
    const owned = this.#owned.get(ephemeralOwner) ?? new Set<string>()
    this.#owned.set(ephemeralOwner, owned.add(path))
  }

  #remove(node: NodeNumber): void {
    const parent = this.#store.parentOf(node)
    const { path, data } = this.#store.znodeOf(node)
    const { ephemeralOwner } = this.#store.statOf(node)
    this.#owned.get(ephemeralOwner)?.delete(path)
    if (this.#owned.get(ephemeralOwner)?.size === 0) this.#owned.delete(ephemeralOwner)
    this.#liveBytes -= nameIn(path).length + NODE_BYTES + (data?.length ?? 0)
    this.#index.delete(node)
    this.#store.remove(node)
    this.#childCounts.set(parent, this.#childCounts.get(parent) - 1)
  }

  /** Only a tree that was read while it was changed has a node with children that is to be deleted. */
  #removeBelow(top: NodeNumber): void {
    const below = new Set([top])
    for (const node of this.#numbers()) if (below.has(this.#store.parentOf(node))) below.add(node)
    below.delete(top)
    for (const node of [...below].reverse()) this.#remove(node)
  }

  #change(
    node: NodeNumber,
    { stat, ...changes }: { readonly stat?: Partial<ZnodeStat> } & Partial<Pick<StoredNode, 'data' | 'acl'>>,
  ): void {
    const { data, acl } = this.#store.znodeOf(node)
    this.#liveBytes -= data?.length ?? 0
    this.#put(node, { data, acl, ...changes, stat: { ...this.#store.statOf(node), ...stat } })
  }

  #put(node: NodeNumber, reading: StoredNode): void {
    const bytes = reading.data?.length ?? 0
    this.#liveBytes += bytes
    this.#writtenBytes += bytes + NODE_BYTES
    if (this.#liveBytes > this.#maxBytes) throw tooLarge(this.#maxBytes)
    this.#store.put(node, { ...reading, children: [] })
  }

  /** Moves the tree to a new store, without what was replaced and deleted. */
  #compact(): void {
    const old = this.#store
    const numbers = [...this.#numbers()]
    const moved = new Map<NodeNumber, NodeNumber>([[ROOT, ROOT]])
    const counts = this.#childCounts
    this.#store = new TreeStore()
    this.#index = new NodeIndex(this.#store)
    this.#childCounts = new NumberColumn()
    this.#childCounts.push(counts.get(ROOT))
    for (const node of numbers) {
      const { data, acl } = old.znodeOf(node)
      if (node !== ROOT) {
        const [name, parent] = [old.nameOf(node), moved.get(old.parentOf(node)) ?? ROOT]
        moved.set(node, this.#store.add(name, parent))
        this.#childCounts.push(counts.get(node))
        this.#index.add(moved.get(node) ?? ROOT, parent, name)
      }
      this.#store.put(moved.get(node) ?? ROOT, { data, acl, stat: old.statOf(node), children: [] })
    }
    this.#writtenBytes = this.#liveBytes
  }

  *#numbers(): Generator<NodeNumber, void, void> {
    for (let node = ROOT; node < this.#store.end; node += 1) if (this.#store.isRead(node)) yield node
  }

  /** As a client that may see everything sees it, but for the kind. */
  #znodeOf(node: NodeNumber): Znode {
    const { childrenVersion: creations, ephemeralOwner: owner, ...znode } = this.#store.znodeOf(node)
    const childCount = this.#childCounts.get(node)
    const counts = { childCount, childrenVersion: (2 * creations - childCount) | 0 }
    return { ...znode, ...kindOf(owner), ...counts, sequence: sequenceOf(counts) }
  }
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function tooLarge(maxBytes: number): ArchiveCorruptError {
  return new ArchiveCorruptError(`the tree takes more than ${maxBytes} bytes`, {
    hint: 'raise `maxTreeBytes` of the layout if the server really held so much',
  })
}

import { TransportError } from '../errors.js'
import { TaskSet } from '../internal/task-set.js'
import { childOf, isWithin, upwards } from '../zookeeper/path.js'
import { matchesPath, type PathFilter } from '../zookeeper/path-filter.js'
import type { ZnodeReading, ZooKeeperTransport } from '../zookeeper/transport.js'
import type { ZnodeStat } from '../zookeeper/znode.js'
import { type NodeNumber, ROOT, TreeStore } from './tree-store.js'

/** What reading a tree tells while it goes on. */
export type TreeEvent = NodesReadEvent | UnreadableEvent

/** How far the reading is. */
export interface NodesReadEvent {
  /** What happened. */
  readonly type: 'nodes'
  /** Nodes that are read. */
  readonly done: number
}

/** A node cannot be read. */
export interface UnreadableEvent {
  /** What happened. */
  readonly type: 'unreadable'
  /** The node that cannot be read; nothing below it is read either. */
  readonly path: string
  /** The protocol's name of the reason, such as `NO_AUTH`. */
  readonly reason: string
}

/** What to read, and how. */
export interface TreeReaderOptions {
  /** Nodes to read with everything below and above them. */
  readonly roots: readonly string[]
  readonly exclude: PathFilter
  /** Nodes that are read at once. */
  readonly concurrency: number
  readonly signal: AbortSignal | undefined
}

/** Reads a tree, and finds out later what has changed in it. */
export class TreeReader {
  /** The nodes as they were last read. */
  readonly tree = new TreeStore()
  readonly #zookeeper: ZooKeeperTransport
  readonly #options: TreeReaderOptions
  readonly #unreadable = new Map<NodeNumber, string>()
  #moved = new Set<NodeNumber>()
  #readBytes = 0n

  constructor(zookeeper: ZooKeeperTransport, options: TreeReaderOptions) {
    this.#zookeeper = zookeeper
    this.#options = options
  }

  /** Paths that could not be read. */
  get unreadable(): string[] {
    return this.#pathsOf([...this.#unreadable.keys()].filter((node) => !this.tree.isRemoved(node)))
  }

  /** Paths that the last pass over the tree, whether reading or refreshing, found changed or gone since its beginning. */
  get moved(): string[] {
    return this.#pathsOf(this.#moved)
  }

  /** Bytes of data that were read. */
  get readBytes(): bigint {
    return this.#readBytes
  }

  /** Whether `path` was read, or cannot be. */
  isKnown(path: string): boolean {
    const node = this.tree.find(path)
    return node !== undefined && (this.tree.isRead(node) || this.#unreadable.has(node))
  }

  /** Reads the whole tree. `since` is the transaction before which everything is meant to have been written. */
  async *read(since: bigint): AsyncGenerator<TreeEvent, void, void> {
    const nodes = new Set([ROOT])
    for (const root of this.#options.roots) {
      for (const path of [...upwards(root)].reverse()) nodes.add(this.#ensure(path))
    }
    yield* this.#readAll(nodes, ({ createdZxid, modifiedZxid, childrenZxid }) => {
      return createdZxid > since || modifiedZxid > since || childrenZxid > since
    })
  }

  /**
   * Looks at every known node once more and reads those that have changed, with what is new below them. Answers how
   * many had changed: when there are none, all nodes were the same at the moment this began.
   */
  async *refresh(): AsyncGenerator<TreeEvent, number, void> {
    const changed = await this.#changed()
    this.#moved = new Set(changed)
    yield* this.#readAll(changed, () => true)
    return changed.size
  }

  /** Reads `nodes`, and what is below them and not known yet. */
  async *#readAll(
    nodes: ReadonlySet<NodeNumber>,
    hasMoved: (stat: ZnodeStat) => boolean,
  ): AsyncGenerator<TreeEvent, void, void> {
    const { concurrency } = this.#options
    const { tree } = this
    const known = tree.childrenOf(nodes)
    const pending = [...nodes]
    // Nodes are read in the order in which they become known, so that none of them must be kept in a list.
    let firstUnread = tree.end
    const nextUnread = (): NodeNumber | undefined => {
      if (pending.length > 0 || firstUnread === tree.end) return pending.pop()
      firstUnread += 1
      return firstUnread - 1
    }
    const tasks = new TaskSet<TreeEvent | undefined>()
    const readNode = async (node: NodeNumber): Promise<UnreadableEvent | undefined> => {
      const path = tree.pathOf(node)
      const reading = await this.#reading(path)
      // The parent may have been read once more meanwhile, and have lost this child.
      if (tree.isRemoved(node)) return undefined
      if (typeof reading === 'string') return this.#setUnreadable(node, { path, reason: reading })
      if (reading === undefined) {
        this.#remove(node)
        return undefined
      }
      this.#keep(node, reading)
      if (hasMoved(reading.stat)) this.#moved.add(node)
      const gone = known.get(node)
      for (const name of reading.children) {
        if (gone?.delete(name) === true || !this.#isWanted(childOf(path, name))) continue
        tree.add(name, node)
      }
      for (const child of gone?.values() ?? []) this.#remove(child)
      return undefined
    }
    for (let told = tree.readNodes; ; ) {
      while (tasks.size < concurrency) {
        const node = nextUnread()
        if (node === undefined) break
        tasks.add(readNode(node))
      }
      if (tasks.size === 0) break
      for (const event of await tasks.next(Number.POSITIVE_INFINITY)) if (event !== undefined) yield event
      if (tree.readNodes < told + concurrency) continue
      told = tree.readNodes
      yield { type: 'nodes', done: told }
    }
    tree.tidy()
    yield { type: 'nodes', done: tree.readNodes }
  }

  /** The nodes that are not as they were read. */
  async #changed(): Promise<Set<NodeNumber>> {
    const { concurrency, signal } = this.#options
    const { tree } = this
    const changed = new Set<NodeNumber>()
    const nodes = nodesRead(tree)
    const look = async () => {
      for (const node of nodes) {
        const stat = await this.#zookeeper.stat(tree.pathOf(node), { signal })
        if (!isUnchanged(tree.statOf(node), stat)) changed.add(node)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, look))
    return changed
  }

  async #reading(path: string): Promise<ZnodeReading | string | undefined> {
    try {
      return await this.#zookeeper.read(path, { signal: this.#options.signal })
    } catch (error) {
      if (!(error instanceof TransportError) || error.reason !== 'NO_AUTH') throw error
      return error.reason
    }
  }

  #keep(node: NodeNumber, reading: ZnodeReading): void {
    this.#unreadable.delete(node)
    this.tree.put(node, reading)
    this.#readBytes += BigInt(reading.data?.length ?? 0)
  }

  #remove(node: NodeNumber): void {
    this.#unreadable.delete(node)
    this.#moved.add(node)
    this.tree.remove(node)
  }

  #setUnreadable(node: NodeNumber, { path, reason }: { readonly path: string; readonly reason: string }) {
    this.tree.forget(node)
    this.#unreadable.set(node, reason)
    return { type: 'unreadable', path, reason } as const
  }

  #isWanted(path: string): boolean {
    const { roots, exclude } = this.#options
    return roots.some((root) => isWithin(path, root) || isWithin(root, path)) && !matchesPath(exclude, path)
  }

  /** The node at `path`, whose parent is known. */
  #ensure(path: string): NodeNumber {
    const found = this.tree.find(path)
    if (found !== undefined) return found
    const slash = path.lastIndexOf('/')
    return this.tree.add(path.slice(slash + 1), this.tree.find(path.slice(0, slash)) ?? ROOT)
  }

  #pathsOf(nodes: Iterable<NodeNumber>): string[] {
    return [...new Set(Array.from(nodes, (node) => this.tree.pathOf(node)))].sort()
  }
}

function* nodesRead(tree: TreeStore): Generator<NodeNumber, void, void> {
  for (let node = ROOT; node < tree.end; node += 1) if (tree.isRead(node)) yield node
}

/** An ACL leaves no trace but in its own version, children only in those of their parent. */
function isUnchanged(one: ZnodeStat, other: ZnodeStat | undefined): boolean {
  return (
    one.createdZxid === other?.createdZxid &&
    one.modifiedZxid === other.modifiedZxid &&
    one.childrenZxid === other.childrenZxid &&
    one.version === other.version &&
    one.childrenVersion === other.childrenVersion &&
    one.aclVersion === other.aclVersion
  )
}

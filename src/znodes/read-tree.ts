import { TransportError } from '../errors.js'
import { isRedacted } from '../zookeeper/acl.js'
import { childOf } from '../zookeeper/path.js'
import type { ZnodeReading, ZooKeeperTransport } from '../zookeeper/transport.js'
import { sequenceOf, type Znode, type ZnodeStat } from '../zookeeper/znode.js'

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

/** Reads a tree, and finds out later what has changed in it. */
export class TreeReader {
  readonly #zookeeper: ZooKeeperTransport
  readonly #inScope: (path: string) => boolean
  readonly #concurrency: number
  readonly #signal: AbortSignal | undefined
  readonly #nodes = new Map<string, Znode>()
  readonly #unreadable = new Map<string, string>()
  #readBytes = 0n

  /** Children are followed where they are `inScope`. */
  constructor(
    zookeeper: ZooKeeperTransport,
    options: {
      readonly inScope: (path: string) => boolean
      readonly concurrency: number
      readonly signal: AbortSignal | undefined
    },
  ) {
    this.#zookeeper = zookeeper
    this.#inScope = options.inScope
    this.#concurrency = options.concurrency
    this.#signal = options.signal
  }

  /** The nodes as they were last read, by path. */
  get nodes(): ReadonlyMap<string, Znode> {
    return this.#nodes
  }

  /** Paths that could not be read. */
  get unreadable(): readonly string[] {
    return [...this.#unreadable.keys()]
  }

  /** Bytes of data that were read. */
  get readBytes(): bigint {
    return this.#readBytes
  }

  /** Reads the nodes at `paths` and everything below them that is not known yet. */
  async *read(paths: readonly string[]): AsyncGenerator<TreeEvent, void, void> {
    const queue = [...paths]
    while (queue.length > 0) {
      const reported = this.#unreadable.size
      const wave = queue.splice(-this.#concurrency)
      for (const children of await Promise.all(wave.map((path) => this.#readNode(path)))) {
        for (const child of children) queue.push(child)
      }
      for (const [path, reason] of [...this.#unreadable].slice(reported)) yield { type: 'unreadable', path, reason }
      yield { type: 'nodes', done: this.#nodes.size }
    }
  }

  /**
   * Looks at every known node once more and reads those that have changed, with what is new below them. Answers how
   * many had changed: when there are none, all nodes were the same at the moment this began.
   */
  async *refresh(): AsyncGenerator<TreeEvent, number, void> {
    const changed: string[] = []
    const known = [...this.#nodes.values()]
    while (known.length > 0) {
      const wave = known.splice(-this.#concurrency)
      const stats = await Promise.all(wave.map(({ path }) => this.#zookeeper.stat(path, { signal: this.#signal })))
      for (const [index, node] of wave.entries()) {
        if (!isUnchanged(node, stats[index])) changed.push(node.path)
      }
    }
    yield* this.read(changed)
    return changed.length
  }

  /** Answers the children that are to be read next. */
  async #readNode(path: string): Promise<string[]> {
    this.#nodes.delete(path)
    const reading = await this.#reading(path)
    if (reading === undefined) return []
    this.#nodes.set(path, znodeOf(path, reading))
    this.#readBytes += BigInt(reading.data?.length ?? 0)
    return reading.children
      .map((name) => childOf(path, name))
      .filter((child) => !this.#nodes.has(child) && this.#inScope(child))
  }

  async #reading(path: string): Promise<ZnodeReading | undefined> {
    try {
      return await this.#zookeeper.read(path, { signal: this.#signal })
    } catch (error) {
      if (!(error instanceof TransportError) || error.reason !== 'NO_AUTH') throw error
      this.#unreadable.set(path, error.reason)
      return undefined
    }
  }
}

/** A reading as the node that goes to an archive. */
function znodeOf(path: string, { data, acl, stat }: ZnodeReading): Znode {
  return {
    path,
    data,
    acl,
    ...(isRedacted(acl) ? { aclRedacted: true } : {}),
    kind: stat.ephemeralOwner === 0n ? 'persistent' : 'ephemeral',
    sequence: sequenceOf(stat),
    ...stat,
  }
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

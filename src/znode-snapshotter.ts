import { ensureArchive } from './archive/archive-marker.js'
import type { ZnodeLayout } from './archive/layout.js'
import { znodeTarget } from './archive/layout-wiring.js'
import { writeSnapshot } from './archive/znode-snapshot.js'
import type { Codec } from './codec/codec.js'
import { SnapshotIncompleteError } from './errors.js'
import { drain } from './internal/drain.js'
import { integerOption, portOption, rejectUnknownOptions } from './internal/options.js'
import { ProgressReporter, ratePerSecond } from './progress.js'
import type { ArchiveStorage } from './storage/storage.js'
import { type CollectedTree, collectTree } from './znodes/collect.js'
import { inPathOrder } from './znodes/path-order.js'
import type { TreeEvent } from './znodes/read-tree.js'
import { type CheckedSnapshotOptions, checkedSnapshotOptions, type SnapshotOptions } from './znodes/snapshot-options.js'
import { type SnapshotSummary, summaryOf } from './znodes/snapshot-summary.js'
import { ZOOKEEPER_TRANSPORT_METHODS, type ZooKeeperTransport } from './zookeeper/transport.js'
import type { Znode } from './zookeeper/znode.js'

/** Wiring of a {@link ZnodeSnapshotter}. */
export interface ZnodeSnapshotterOptions {
  /** Where the nodes are read. The snapshotter never closes it. */
  readonly zookeeper: ZooKeeperTransport
  /** Where snapshots go. */
  readonly storage: ArchiveStorage
  /** How nodes become bytes. @defaultValue `jsonLinesZnodes()` */
  readonly codec?: Codec<Znode> | undefined
  /**
   * How the archive lies in storage. A foreign layout has a codec of its own.
   *
   * @defaultValue {@link kafkeepLayout}
   */
  readonly layout?: ZnodeLayout | undefined
  /** Nodes that are read at once, 1 to 10,000. @defaultValue `200` */
  readonly concurrency?: number | undefined
}

/** What {@link ZnodeSnapshotter.stream} tells. */
export type SnapshotEvent = TreeEvent | SnapshotStoredEvent

/** The snapshot is stored. */
export interface SnapshotStoredEvent {
  /** What happened. */
  readonly type: 'snapshot'
  /** Names it to a restore. */
  readonly id: string
}

const DEFAULTS = { concurrency: 200 } as const

/**
 * Takes snapshots of a ZooKeeper tree and says how far each is proven to be one state of it. A snapshot is one object
 * that describes itself and is never changed.
 *
 * @example
 * ```ts
 * await using zookeeper = new NodeZooKeeperTransport({ connect: () => createClient('localhost:2181') })
 * const { id, nodes, consistency } = await new ZnodeSnapshotter({ zookeeper, storage }).run()
 * ```
 */
export class ZnodeSnapshotter {
  readonly #zookeeper: ZooKeeperTransport
  readonly #storage: ArchiveStorage
  readonly #codec: Codec<Znode>
  readonly #concurrency: number

  /** @throws TypeError or RangeError when an option is wrong. */
  constructor(options: ZnodeSnapshotterOptions) {
    rejectUnknownOptions('ZnodeSnapshotter', options, ['zookeeper', 'storage', 'codec', 'layout', 'concurrency'])
    this.#zookeeper = portOption('zookeeper', options.zookeeper, ZOOKEEPER_TRANSPORT_METHODS)
    const { storage, codec } = znodeTarget(options, ['put', 'get', 'head', 'list'])
    this.#storage = storage
    this.#codec = codec
    this.#concurrency = integerOption('concurrency', options.concurrency, DEFAULTS.concurrency, { min: 1, max: 10_000 })
  }

  /**
   * Takes a snapshot and tells how far it is. Only the event `snapshot` means that something is stored.
   *
   * @throws TypeError or RangeError at once when an option is wrong.
   * @throws {@link SnapshotIncompleteError} when a root does not exist, or the snapshot is not as was asked.
   * @throws {@link TransportError} when ZooKeeper cannot be reached.
   * @throws {@link ForeignContentError} when the storage holds something else than an archive.
   */
  stream(options: SnapshotOptions = {}): AsyncGenerator<SnapshotEvent, SnapshotSummary, void> {
    return this.#take(checkedSnapshotOptions(options))
  }

  /** {@link ZnodeSnapshotter.stream} without the loop. */
  async run(options: SnapshotOptions = {}): Promise<SnapshotSummary> {
    return drain(this.stream(options))
  }

  async *#take(options: CheckedSnapshotOptions): AsyncGenerator<SnapshotEvent, SnapshotSummary, void> {
    const { signal, roots, exclude } = options
    signal?.throwIfAborted()
    await ensureArchive(this.#storage, { signal })
    const takenMs = Date.now()
    const done = { records: 0n, bytes: 0n }
    const progress = new ProgressReporter(options.onProgress, (elapsedMs) => ({
      doneRecords: done.records,
      doneBytes: done.bytes,
      bytesPerSecond: ratePerSecond(done.bytes, elapsedMs),
    }))
    const onRead = (nodes: number, bytes: bigint) => {
      done.records = BigInt(nodes)
      done.bytes = bytes
      progress.tick()
    }
    const tree = yield* collectTree(this.#zookeeper, { ...options, concurrency: this.#concurrency, onRead })
    checkComplete(tree, options)
    const snapshot = { facts: { takenMs, roots, exclude, ...factsOf(tree) }, nodes: nodesOf(tree), codec: this.#codec }
    const summary = summaryOf(await writeSnapshot(this.#storage, snapshot, { signal }))
    progress.finish()
    yield { type: 'snapshot', id: summary.id }
    return summary
  }
}

function checkComplete({ reader, consistency }: CollectedTree, options: CheckedSnapshotOptions): void {
  const { unreadable } = reader
  const missing = options.roots.find((root) => !reader.isKnown(root))
  if (missing !== undefined) {
    throw new SnapshotIncompleteError(`there is no znode ${missing} to take a snapshot of`, {
      hint: 'check `roots` and the chroot of the connection string',
    })
  }
  if (unreadable.length > 0 && options.onUnreadable === 'error') {
    throw new SnapshotIncompleteError(
      `${unreadable.length} znode(s) may not be read, such as ${unreadable.slice(0, 3).join(', ')}`,
      { hint: "give the transport the `auth` of an identity with READ, or pass onUnreadable: 'skip'" },
    )
  }
  if (consistency !== 'exact' && options.requireExact) {
    throw new SnapshotIncompleteError(`others write to ZooKeeper: the snapshot would be ${consistency}, not exact`, {
      retryable: true,
      hint: 'raise `repairRounds`, or take it at a quieter time',
    })
  }
}

function factsOf({ reader, consistency, fromZxid, toZxid }: CollectedTree) {
  const moved = consistency === 'fuzzy' ? reader.moved : []
  return { unreadable: reader.unreadable, consistency, moved, fromZxid, toZxid }
}

/** The nodes, as often as they are asked for. */
function nodesOf({ reader: { tree } }: CollectedTree): () => AsyncGenerator<Znode, void, void> {
  const order = inPathOrder(tree)
  return async function* () {
    for (const node of order) yield tree.znodeOf(node)
  }
}

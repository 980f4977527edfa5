import { requireArchive } from './archive/archive-marker.js'
import type { Finding } from './archive/finding.js'
import type { ZnodeLayout } from './archive/layout.js'
import { znodeSource } from './archive/layout-wiring.js'
import type { PrunedObject } from './archive/pruned-object.js'
import { findSnapshot, readSnapshotHeader, readSnapshotNodes, storedSnapshots } from './archive/znode-snapshot.js'
import type { Codec } from './codec/codec.js'
import { ArchiveCorruptError } from './errors.js'
import {
  booleanOption,
  checkRunOptions,
  integerOption,
  nameOption,
  portOption,
  rejectUnknownOptions,
} from './internal/options.js'
import type { RunOptions } from './progress.js'
import type { ArchiveStorage } from './storage/storage.js'
import type { ZnodeChange } from './znodes/decide.js'
import { type ComparedSnapshot, diffSnapshots } from './znodes/diff-snapshots.js'
import type { KeepRules } from './znodes/keep-rules.js'
import { type PruneOptions, pruneSnapshots } from './znodes/prune-snapshots.js'
import { type SnapshotSummary, summaryOf } from './znodes/snapshot-summary.js'
import { verifySnapshots } from './znodes/verify-snapshots.js'
import { ZnodeOrder } from './znodes/znode-order.js'
import type { Znode } from './zookeeper/znode.js'

/** Wiring of a {@link ZnodeArchive}. */
export interface ZnodeArchiveOptions {
  /** Where snapshots are. */
  readonly storage: ArchiveStorage
  /**
   * How the archive lies in storage. A foreign layout has a codec of its own.
   *
   * @defaultValue {@link kafkeepLayout}
   */
  readonly layout?: ZnodeLayout | undefined
  /** Codecs besides the built-in one. @defaultValue none */
  readonly codecs?: readonly Codec<Znode>[] | undefined
}

/** What {@link ZnodeArchive} accepts with every call. */
export type ZnodeArchiveCallOptions = Pick<RunOptions, 'signal'>

/** Which snapshots {@link ZnodeArchive.prune} keeps; at least one rule must be given. */
export interface ZnodePruneOptions extends KeepRules, ZnodeArchiveCallOptions {
  /** Only tell what would be deleted. @defaultValue `false` */
  readonly dryRun?: boolean | undefined
}

/** A snapshot that is stored. */
export interface SnapshotInfo extends SnapshotSummary {
  /** When it was begun, in epoch milliseconds. */
  readonly takenMs: number
}

/**
 * Reads, compares, verifies and prunes the snapshots of an archive. Needs no ZooKeeper. Wherever it takes the id of a
 * snapshot, `'latest'` means the newest one.
 *
 * @example
 * ```ts
 * const archive = new ZnodeArchive({ storage })
 * for await (const { id, nodes, consistency } of archive.snapshots()) console.log(id, nodes, consistency)
 * ```
 */
export class ZnodeArchive {
  readonly #storage: ArchiveStorage
  readonly #codecs: readonly Codec<Znode>[]

  /** @throws TypeError when an option is wrong. */
  constructor(options: ZnodeArchiveOptions) {
    rejectUnknownOptions('ZnodeArchive', options, ['storage', 'layout', 'codecs'])
    const { storage, codecs } = znodeSource(options, ['get', 'head', 'list'])
    this.#storage = storage
    this.#codecs = codecs
  }

  /**
   * All snapshots, oldest first, as each describes itself.
   *
   * @throws {@link ArchiveCorruptError} when one does not.
   * @throws {@link UnsupportedFormatError} when one needs a codec that is not there.
   */
  snapshots(options: ZnodeArchiveCallOptions = {}): AsyncIterable<SnapshotInfo> {
    return this.#snapshots(checkedCall(options))
  }

  /**
   * The nodes of a snapshot, parents before their children. Only when the loop ends without an error are they known to
   * be what was stored.
   *
   * @throws {@link NotInArchiveError} when there is no snapshot `id`.
   * @throws {@link ArchiveCorruptError} when it is damaged.
   */
  nodes(id: string, options: ZnodeArchiveCallOptions = {}): AsyncIterable<Znode> {
    return this.#nodes(nameOption('id', id), checkedCall(options))
  }

  /**
   * The changes that turn the snapshot `a` into the snapshot `b`, by path: what `b` has and `a` has not is a `create`.
   * What is the same in both is not named, and a node that needs two changes is named twice. Compared is what a client
   * can set: data, ACL, whether a session owns the node, the counter of sequential children, and the version where it is
   * all that a node holds. Not zxids, times and other versions: those differ between any two clusters. A node that the
   * other snapshot could not have, because it was taken of other nodes, leaves it out or could not read it, is a `skip`.
   *
   * Both snapshots are streamed: memory does not depend on their size. Only when the loop ends without an error are the
   * changes known to be right.
   *
   * @throws {@link NotInArchiveError} when one of them is not there.
   * @throws {@link ArchiveCorruptError} when one of them is damaged.
   */
  diff(a: string, b: string, options: ZnodeArchiveCallOptions = {}): AsyncIterable<ZnodeChange> {
    return this.#diff([nameOption('a', a), nameOption('b', b)], checkedCall(options))
  }

  /**
   * Reads every snapshot whole and yields what is not as it must be: its name, its header, its checksum, its counts and
   * its order, and objects among the snapshots that are none. Nothing is yielded when all is well.
   *
   * @throws {@link StorageError} when the storage fails in a way that may pass.
   */
  verify(options: ZnodeArchiveCallOptions = {}): AsyncIterable<Finding> {
    return this.#verify(checkedCall(options))
  }

  /**
   * Deletes the snapshots that no rule keeps, the oldest first, and yields each once it is gone; with `dryRun` it yields
   * the same and deletes nothing. The newest snapshot is always kept.
   *
   * Rules are applied to each set of `roots` by itself: a snapshot of one part of the tree never stands in for one of
   * another part. Only snapshots that were just read whole and found intact count as kept, and all of them are read
   * before the first one is deleted. A damaged one is left alone as long as it could have a place, and an intact one
   * takes the place. Objects with other names are never touched.
   *
   * @throws TypeError or RangeError at once when no rule is given, or an option is wrong.
   * @throws {@link UnsupportedFormatError} when a snapshot needs a codec that is not there. Nothing is deleted then.
   * @throws {@link StorageError} when the storage refuses or fails a call.
   */
  prune(options: ZnodePruneOptions): AsyncIterable<PrunedObject> {
    portOption('storage', this.#storage, ['delete'])
    return this.#prune({ ...checkedPrune(options), codecs: this.#codecs })
  }

  async *#snapshots({ signal }: ZnodeArchiveCallOptions): AsyncGenerator<SnapshotInfo, void, void> {
    await requireArchive(this.#storage, { signal })
    for await (const stored of storedSnapshots(this.#storage, { signal })) {
      const header = await readSnapshotHeader(this.#storage, stored, { codecs: this.#codecs, signal })
      yield { ...summaryOf({ id: stored.id, ...header }), takenMs: header.takenMs }
    }
  }

  async *#nodes(id: string, { signal }: ZnodeArchiveCallOptions): AsyncGenerator<Znode, void, void> {
    await requireArchive(this.#storage, { signal })
    const stored = await findSnapshot(this.#storage, id, { signal })
    yield* readSnapshotNodes(this.#storage, stored, { codecs: this.#codecs, signal })
  }

  async *#diff(ids: readonly [string, string], call: ZnodeArchiveCallOptions): AsyncGenerator<ZnodeChange, void, void> {
    await requireArchive(this.#storage, call)
    const [a, b] = [await this.#compared(ids[0], call), await this.#compared(ids[1], call)]
    yield* diffSnapshots(a, b)
  }

  async #compared(id: string, { signal }: ZnodeArchiveCallOptions): Promise<ComparedSnapshot> {
    const options = { codecs: this.#codecs, signal }
    const stored = await findSnapshot(this.#storage, id, { signal })
    const header = await readSnapshotHeader(this.#storage, stored, options)
    const order = new ZnodeOrder(header)
    return { header, nodes: inOrder(readSnapshotNodes(this.#storage, stored, options), order, stored.key) }
  }

  async *#verify({ signal }: ZnodeArchiveCallOptions): AsyncGenerator<Finding, void, void> {
    await requireArchive(this.#storage, { signal })
    yield* verifySnapshots(this.#storage, { codecs: this.#codecs, signal })
  }

  async *#prune(options: PruneOptions): AsyncGenerator<PrunedObject, void, void> {
    await requireArchive(this.#storage, { signal: options.signal })
    yield* pruneSnapshots(this.#storage, options)
  }
}

async function* inOrder(
  nodes: AsyncIterable<Znode>,
  order: ZnodeOrder,
  key: string,
): AsyncGenerator<Znode, void, void> {
  for await (const node of nodes) {
    const problem = order.problemOf(node.path)
    if (problem !== undefined) {
      throw new ArchiveCorruptError(`${key} does not hold its znodes in order: ${problem}`, { key })
    }
    yield node
  }
}

function checkedPrune(options: ZnodePruneOptions): Omit<PruneOptions, 'codecs'> {
  rejectUnknownOptions('prune', options, ['last', 'daily', 'weekly', 'dryRun', 'signal'])
  checkRunOptions(options)
  const rules = { last: options.last, daily: options.daily, weekly: options.weekly }
  const given = Object.entries(rules).filter(([, places]) => places !== undefined)
  if (given.length === 0) {
    throw new TypeError('prune needs at least one of `last`, `daily` and `weekly`: without one, nothing would be kept')
  }
  for (const [name, places] of given) integerOption(name, places, 1, { min: 1 })
  return { rules, dryRun: booleanOption('dryRun', options.dryRun, false), signal: options.signal }
}

function checkedCall(options: ZnodeArchiveCallOptions): ZnodeArchiveCallOptions {
  rejectUnknownOptions('ZnodeArchive', options, ['signal'])
  checkRunOptions(options)
  return { signal: options.signal }
}

import { requireArchive } from './archive/archive-marker.js'
import { findSnapshot, readSnapshotHeader, readSnapshotNodes, storedSnapshots } from './archive/znode-snapshot.js'
import type { Codec } from './codec/codec.js'
import { checkRunOptions, nameOption, portOption, rejectUnknownOptions } from './internal/options.js'
import type { RunOptions } from './progress.js'
import type { ArchiveStorage } from './storage/storage.js'
import { type SnapshotSummary, summaryOf } from './znodes/snapshot-summary.js'
import type { Znode } from './zookeeper/znode.js'

/** Wiring of a {@link ZnodeArchive}. */
export interface ZnodeArchiveOptions {
  /** Where snapshots are. */
  readonly storage: ArchiveStorage
  /** Codecs besides the built-in one. @defaultValue none */
  readonly codecs?: readonly Codec<Znode>[] | undefined
}

/** What {@link ZnodeArchive} accepts with every call. */
export type ZnodeArchiveCallOptions = Pick<RunOptions, 'signal'>

/** A snapshot that is stored. */
export interface SnapshotInfo extends SnapshotSummary {
  /** When it was begun, in epoch milliseconds. */
  readonly takenMs: number
}

/**
 * Reads the snapshots of an archive. Needs no ZooKeeper.
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
    rejectUnknownOptions('ZnodeArchive', options, ['storage', 'codecs'])
    this.#storage = portOption('storage', options.storage, ['get', 'head', 'list'])
    this.#codecs = [...(options.codecs ?? [])]
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
}

function checkedCall(options: ZnodeArchiveCallOptions): ZnodeArchiveCallOptions {
  rejectUnknownOptions('ZnodeArchive', options, ['signal'])
  checkRunOptions(options)
  return { signal: options.signal }
}

import type { ZnodeLayout } from '../archive/layout.js'
import { jsonLinesZnodes } from '../codec/json-lines-znodes.js'
import { rejectUnknownOptions } from '../internal/options.js'
import { folderPrefix } from '../storage/object-key.js'
import { type PathFilter, pathFilterOption } from '../zookeeper/path-filter.js'
import { BurryArchive } from './burry/burry-archive.js'

/** Options of {@link burryLayout}. */
export interface BurryLayoutOptions {
  /** Burry's `PREFIX`: the folder of the bucket in which its zips are. @defaultValue none: they are not in a folder */
  readonly prefix?: string | undefined
  /**
   * Nodes that belonged to sessions, which Burry does not tell. A restore leaves them out unless it is asked for them.
   * What Kafka's sessions own is known in any case: `brokers/ids/*`, the `controller` beside it, and the members and
   * owners of `consumers`, below any path. Of no meaning for zips that kafkeep has written.
   *
   * @defaultValue none besides those of Kafka
   */
  readonly ephemerals?: PathFilter | undefined
}

/**
 * Snapshots of ZooKeeper as Burry (mhausenblas/burry.sh) stores them, for everything that takes a {@link ZnodeLayout}.
 * Reading needs the package `yauzl`.
 *
 * Every zip is read that any version of Burry has written: `<prefix>/<unix seconds>`, the same with `.zip` behind it as
 * local backups have, and `latest.zip`. Other objects beside them do not disturb. Burry keeps paths and data: the rest
 * is as it is of a node that was just created, and a snapshot is `fuzzy`.
 *
 * What kafkeep stores can be restored by Burry, and kafkeep gets back everything: ACLs, versions, ephemeral nodes, and
 * what Burry cannot name lie in a file of the zip that Burry passes over. Burry names a zip by the second: a snapshot in
 * the second of another one is a retryable {@link StorageError}, and nothing is replaced.
 *
 * A zip has at most 512 MiB, two million files and 4 GB of data, and a znode 32 MiB: it is held in memory, and whoever
 * can write to the bucket could make one that never ends. Larger ones are an {@link ArchiveCorruptError} when read, and
 * an {@link UnsupportedFormatError} when written.
 *
 * @example
 * ```ts
 * const archive = new ZnodeArchive({ storage, layout: burryLayout({ prefix: 'prod' }) })
 * for await (const { id, nodes } of archive.snapshots()) console.log(id, nodes)
 * ```
 * @throws TypeError when an option is wrong.
 */
export function burryLayout(options: BurryLayoutOptions = {}): ZnodeLayout {
  rejectUnknownOptions('burryLayout', options, ['prefix', 'ephemerals'])
  const folder = options.prefix === undefined ? '' : folderPrefix('prefix', options.prefix)
  const ephemerals = pathFilterOption('ephemerals', options.ephemerals, [])
  return {
    id: 'burry',
    over: (storage) => new BurryArchive(storage, { folder, ephemerals }),
    znodeCodecs: [jsonLinesZnodes()],
  }
}

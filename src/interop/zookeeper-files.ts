import type { ZnodeLayout } from '../archive/layout.js'
import { jsonLinesZnodes } from '../codec/json-lines-znodes.js'
import { rejectUnknownOptions } from '../internal/options.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { filesIn, placeOption, type ServerFilePlace } from './zookeeper/file-place.js'
import { type ReplayOptions, replayOptions } from './zookeeper/replay-options.js'
import { serverFile } from './zookeeper/server-file.js'
import { ServerFilesArchive } from './zookeeper/server-files-archive.js'

/** Options of {@link zookeeperFilesLayout}. */
export interface ZooKeeperFilesOptions extends ReplayOptions {
  /** Where the files lie in the storage; empty for the storage itself. @defaultValue `'version-2'` */
  readonly prefix?: string | undefined
  /**
   * Where the transaction logs lie, where the server has a `dataLogDir` of its own.
   *
   * @defaultValue beside the snapshots
   */
  readonly logs?: ServerFilePlace | undefined
}

const DEFAULTS = { prefix: 'version-2' } as const

/**
 * Reads the files that a ZooKeeper server keeps as an archive of znodes: `snapshot.<zxid>`, plain or compressed, and
 * `log.<zxid>`. The storage is the server's `dataDir`, or a bucket that its files were copied to; nothing is ever written
 * to it. `docs/older-zookeeper-backups.md` tells more.
 *
 * Each snapshot gives one state: itself and the transactions behind it, up to the next one. The last state is the tree as
 * it was at the end of the logs. It is `exact` where the logs reach beyond what was written while the snapshot was taken,
 * or where the digest proves it. The kinds of nodes that clients cannot see are known: containers, and nodes with a time
 * to live.
 *
 * @throws TypeError or RangeError when an option is wrong.
 *
 * @example
 * ```ts
 * const storage = new FileSystemStorage({ directory: '/var/lib/zookeeper' })
 * await new ZnodeRestorer({ zookeeper, storage, layout: zookeeperFilesLayout() }).run()
 * ```
 */
export function zookeeperFilesLayout(options: ZooKeeperFilesOptions = {}): ZnodeLayout {
  rejectUnknownOptions('zookeeperFilesLayout', options, ['prefix', 'logs', 'toZxid', 'maxTreeBytes'])
  const place = placeOption('prefix', { prefix: options.prefix ?? DEFAULTS.prefix })
  const logs = options.logs === undefined ? undefined : placeOption('logs', options.logs)
  const replay = replayOptions(options)
  const over = (storage: ArchiveStorage) => {
    const what = `files of a ZooKeeper server below ${place.prefix || 'the root of the storage'}`
    const archive = new ServerFilesArchive({
      what,
      ...replay,
      files: async (call) => {
        const files = await filesIn(storage, place, serverFile, call)
        if (logs === undefined) return files
        const others = await filesIn(storage, logs, serverFile, call)
        return [...files.filter(({ kind }) => kind === 'snapshot'), ...others.filter(({ kind }) => kind === 'log')]
      },
    })
    return archive.storage()
  }
  return { id: 'zookeeper-files', readOnly: true, over, znodeCodecs: [jsonLinesZnodes()] }
}

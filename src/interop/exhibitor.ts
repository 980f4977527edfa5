import type { ZnodeLayout } from '../archive/layout.js'
import { jsonLinesZnodes } from '../codec/json-lines-znodes.js'
import { nameOption, rejectUnknownOptions } from '../internal/options.js'
import { folderPrefix } from '../storage/object-key.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { filesIn, placeOption, type ServerFilePlace } from './zookeeper/file-place.js'
import { type ReplayOptions, replayOptions } from './zookeeper/replay-options.js'
import { logFile, type ServerFile, serverFile } from './zookeeper/server-file.js'
import { ServerFilesArchive } from './zookeeper/server-files-archive.js'

/** Options of {@link exhibitorLayout}. */
export interface ExhibitorOptions extends ReplayOptions {
  /** Exhibitor's key prefix. @defaultValue `'exhibitor-backup'` */
  readonly prefix?: string | undefined
  /**
   * Where snapshot files of a server of the same ensemble lie. Without one, the logs must go back to the very first
   * transaction, and Exhibitor deletes them after a day unless it is told otherwise.
   *
   * @defaultValue none
   */
  readonly snapshots?: ServerFilePlace | undefined
}

const DEFAULTS = { prefix: 'exhibitor-backup' } as const
const UPLOAD_TIME = /^\d{1,16}$/

/**
 * Reads what Exhibitor has stored in S3 or in a directory as an archive of znodes: transaction logs of a ZooKeeper
 * ensemble, compressed with gzip, under `<prefix>/<name of the log>/<time of its last change>`. Of each name the newest
 * upload counts. Nothing is ever written. `docs/older-zookeeper-backups.md` tells more.
 *
 * The transactions are replayed from the first one on, or on top of a snapshot file. Where one of them is missing, the
 * state is an `ARCHIVE_CORRUPT` that names the hole.
 *
 * @throws TypeError or RangeError when an option is wrong.
 *
 * @example
 * ```ts
 * const storage = new S3Storage({ client: new S3Client({}), bucket: 'exhibitor' })
 * const layout = exhibitorLayout({ snapshots: { prefix: 'snapshots' } })
 * await new ZnodeRestorer({ zookeeper, storage, layout }).run()
 * ```
 */
export function exhibitorLayout(options: ExhibitorOptions = {}): ZnodeLayout {
  rejectUnknownOptions('exhibitorLayout', options, ['prefix', 'snapshots', 'toZxid', 'maxTreeBytes'])
  const prefix = folderPrefix('prefix', nameOption('prefix', options.prefix, DEFAULTS.prefix))
  const snapshots = options.snapshots === undefined ? undefined : placeOption('snapshots', options.snapshots)
  const replay = replayOptions(options)
  const over = (storage: ArchiveStorage) => {
    const archive = new ServerFilesArchive({
      what: `transaction logs of Exhibitor below ${prefix}`,
      ...replay,
      files: async (call) => {
        const logs = await newestUploads(storage, prefix, call)
        if (snapshots === undefined) return logs
        const others = await filesIn(storage, snapshots, serverFile, call)
        return [...logs, ...others.filter(({ kind }) => kind === 'snapshot')]
      },
    })
    return archive.storage()
  }
  return { id: 'exhibitor', readOnly: true, over, znodeCodecs: [jsonLinesZnodes()] }
}

async function newestUploads(
  storage: ArchiveStorage,
  prefix: string,
  { signal }: StorageCallOptions,
): Promise<readonly ServerFile[]> {
  const newest = new Map<string, { readonly changedMs: number; readonly file: ServerFile }>()
  for await (const info of storage.list(prefix, { signal })) {
    const [name = '', time = '', ...more] = info.key.slice(prefix.length).split('/')
    const file = logFile(storage, info, { name, compression: 'gzip' })
    if (file === undefined || more.length > 0 || !UPLOAD_TIME.test(time)) continue
    const changedMs = Number(time)
    if (changedMs >= (newest.get(name)?.changedMs ?? -1)) newest.set(name, { changedMs, file })
  }
  return [...newest.values()].map(({ file }) => file)
}

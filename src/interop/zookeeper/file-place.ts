import { portOption, rejectUnknownOptions } from '../../internal/options.js'
import { folderPrefix } from '../../storage/object-key.js'
import type { ArchiveStorage, ObjectInfo, StorageCallOptions } from '../../storage/storage.js'
import type { ServerFile } from './server-file.js'

/** Where files of a ZooKeeper server lie. */
export interface ServerFilePlace {
  /** Where to look. @defaultValue the storage of the archive */
  readonly storage?: ArchiveStorage | undefined
  /** The folder in it; empty for the storage itself. @defaultValue `''` */
  readonly prefix?: string | undefined
}

/** A place that was checked: its prefix is empty or ends in a slash. */
export interface CheckedPlace {
  readonly storage: ArchiveStorage | undefined
  readonly prefix: string
}

/** Checks a place. @throws TypeError when it is none. */
export function placeOption(name: string, place: ServerFilePlace): CheckedPlace {
  rejectUnknownOptions(`\`${name}\``, place, ['storage', 'prefix'])
  const { storage, prefix = '' } = place
  return {
    storage: storage === undefined ? undefined : portOption(`${name}.storage`, storage, ['get', 'list']),
    prefix: prefix === '' ? '' : folderPrefix(name === 'prefix' ? name : `${name}.prefix`, prefix),
  }
}

/** The files in a place. Objects in folders below it, and those with other names, are none. */
export async function filesIn(
  storage: ArchiveStorage,
  place: CheckedPlace,
  fileOf: (storage: ArchiveStorage, info: ObjectInfo) => ServerFile | undefined,
  { signal }: StorageCallOptions,
): Promise<ServerFile[]> {
  const from = place.storage ?? storage
  const files: ServerFile[] = []
  for await (const info of from.list(place.prefix, { signal })) {
    if (info.key.includes('/', place.prefix.length)) continue
    const file = fileOf(from, info)
    if (file !== undefined) files.push(file)
  }
  return files
}

import { ArchiveCorruptError } from '../../errors.js'
import { parentOf } from '../../zookeeper/path.js'
import { isInPlaceOfContent, placeOf } from './names.js'
import { contentOf, damagedEntry, damagedZip, MAX_ZIP_ENTRIES, type ZipEntry } from './zip-reading.js'

/** Most data of one znode, in bytes. ZooKeeper takes 1 MiB unless it is told otherwise, and Burry 1.5 MiB. */
export const MAX_CONTENT_BYTES = 33_554_432

/** The znodes of a zip of Burry's, before anything is decompressed. */
export interface BurryTree {
  /** The zip's key in storage. */
  readonly key: string
  /** The file with the data of each znode; `undefined` for one of which there is only the folder. */
  readonly contents: ReadonlyMap<string, ZipEntry | undefined>
  /** What kafkeep has written beside them. */
  readonly sidecar: ZipEntry | undefined
}

/**
 * Finds the znodes of a snapshot. Zips of before July 2017 have no content for nodes with children.
 *
 * @throws {@link ArchiveCorruptError} when the zip is of another snapshot, or nobody could unpack it.
 */
export function burryTree(entries: readonly ZipEntry[], snapshot: string, key: string): BurryTree {
  const contents = new Map<string, ZipEntry | undefined>()
  let sidecar: ZipEntry | undefined
  for (const entry of entries) {
    const place = placed(entry, snapshot, key)
    if (place.is === 'nothing') continue
    if (place.is === 'sidecar') {
      if (sidecar !== undefined) throw damagedEntry(key, entry.name, 'there are two of it')
      sidecar = entry
      continue
    }
    addFolders(contents, place.path, key)
    if (place.is === 'folder') continue
    if (contents.get(place.path) !== undefined) throw damagedEntry(key, entry.name, `${place.path} has content twice`)
    if (entry.sizeBytes > MAX_CONTENT_BYTES) {
      throw damagedEntry(key, entry.name, `no znode holds ${entry.sizeBytes} bytes (at most ${MAX_CONTENT_BYTES})`)
    }
    contents.set(place.path, entry)
  }
  if (contents.size === 0) {
    throw damagedZip(key, `it has no folder ${snapshot}: it is of another snapshot, or was renamed`)
  }
  checkFolders(contents, key)
  return { key, contents, sidecar }
}

/** The data of a znode. */
export function dataOf({ key, contents }: BurryTree, path: string): Uint8Array {
  const entry = contents.get(path)
  return entry === undefined ? new Uint8Array() : contentOf(entry, key)
}

function placed(entry: ZipEntry, snapshot: string, key: string) {
  try {
    return placeOf(entry.name, snapshot)
  } catch (cause) {
    throw cause instanceof ArchiveCorruptError ? damagedZip(key, cause.message, cause) : cause
  }
}

function addFolders(contents: Map<string, ZipEntry | undefined>, path: string, key: string): void {
  for (
    let folder: string | undefined = path;
    folder !== undefined && !contents.has(folder);
    folder = parentOf(folder)
  ) {
    contents.set(folder, undefined)
  }
  if (contents.size > MAX_ZIP_ENTRIES) throw damagedZip(key, `it has more than ${MAX_ZIP_ENTRIES} folders`)
}

/** A node named `content` has its folder where the file of the node above it would be. */
function checkFolders(contents: ReadonlyMap<string, ZipEntry | undefined>, key: string): void {
  for (const path of contents.keys()) {
    const above = isInPlaceOfContent(path) ? contents.get(parentOf(path) ?? path) : undefined
    if (above !== undefined) throw damagedEntry(key, above.name, 'it is a file and a folder')
  }
}

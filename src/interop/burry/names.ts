import { ArchiveCorruptError } from '../../errors.js'
import type { Znode } from '../../zookeeper/znode.js'

/**
 * Where Burry keeps what in its zips: the data of the znode `/a/b` of the snapshot `1483193387` is the file
 * `1483193387/a/b/content`. Everything here is part of a format: what was written must be read by the same rules.
 */

/** Burry's own facts of a snapshot. */
export const BURRY_META = '.burrymeta'
/** kafkeep's own, which Burry does not look at: the snapshot with all that Burry's format has no place for. */
export const KAFKEEP_SIDECAR = '.kafkeep.znodes.jsonl'

const CONTENT = 'content'
/** Burry keeps a colon as this, and takes this for a colon. */
const ESCAPED_COLON = 'BURRY_ESC_COLON'
/** Burry unpacks a zip as files before it restores: so long may a name be on most file systems, in bytes. */
const MAX_NAME_BYTES = 255
/** Longest path that Linux takes. */
const MAX_PATH_BYTES = 4_096
/** What of it is left to the folder in which Burry unpacks. */
const FOLDER_BYTES = 1_024
const LONE_SURROGATE = /\p{Surrogate}/u

/** What a file or a folder of a zip is. A folder is a znode too, without data if it has no content. */
export type BurryPlace =
  | { readonly is: 'content' | 'folder'; readonly path: string }
  | { readonly is: 'sidecar' }
  | { readonly is: 'nothing' }

/** The file that holds the data of a znode; `undefined` where the zip of `snapshot` cannot hold it, or anything below. */
export function contentName(snapshot: string, path: string): string | undefined {
  const names = path === '/' ? [] : path.slice(1).split('/')
  const folders = names.map((name) => name.replaceAll(':', ESCAPED_COLON))
  const name = [snapshot, ...folders, CONTENT].join('/')
  const fits =
    Buffer.byteLength(name) <= MAX_PATH_BYTES - FOLDER_BYTES &&
    !LONE_SURROGATE.test(path) &&
    folders.every((folder) => Buffer.byteLength(folder) <= MAX_NAME_BYTES) &&
    names.every((one) => one !== CONTENT && !isSkipped(one, snapshot) && !one.includes(ESCAPED_COLON))
  return fits ? name : undefined
}

/** Whether a zip holds the data of a znode where Burry finds it. Nodes of sessions must not come back. */
export function isHeldByBurry({ path, kind }: Pick<Znode, 'path' | 'kind'>, snapshot: string): boolean {
  return kind !== 'ephemeral' && contentName(snapshot, path) !== undefined
}

/**
 * What a file of the zip of `snapshot` is, by its name.
 *
 * @throws {@link ArchiveCorruptError} when a program that unpacks the zip would write elsewhere than it says.
 */
export function placeOf(name: string, snapshot: string): BurryPlace {
  const names = name.split('/')
  const file = names.pop() ?? ''
  const all = file === '' ? names : [...names, file]
  if (name === '' || name.includes('\0') || all.some((one) => one === '' || one === '.' || one === '..')) {
    throw new ArchiveCorruptError(`${JSON.stringify(name)} is not the name of a file in a folder`)
  }
  if (Buffer.byteLength(name) > MAX_PATH_BYTES) {
    throw new ArchiveCorruptError(
      `a name has more than ${MAX_PATH_BYTES} bytes: ${JSON.stringify(name.slice(0, 100))}…`,
    )
  }
  const [top, ...folders] = names
  if (top !== snapshot) return { is: 'nothing' }
  const skipped = folders.findIndex((folder) => isSkipped(folder, snapshot))
  if (skipped !== -1) return { is: 'folder', path: pathOf(folders.slice(0, skipped)) }
  if (folders.length === 0 && file === KAFKEEP_SIDECAR) return { is: 'sidecar' }
  return { is: file === CONTENT ? 'content' : 'folder', path: pathOf(folders) }
}

/** Whether the znode at `path` lies in a zip where the data of the node above it would lie. */
export function isInPlaceOfContent(path: string): boolean {
  return path.endsWith(`/${CONTENT}`)
}

/** The snapshot that a file of a zip belongs to, if it is one of Burry's. */
export function snapshotOf(name: string): string | undefined {
  return /^([1-9]\d{9})\//.exec(name)?.[1]
}

/** What Burry passes over when it restores, wherever it is. */
function isSkipped(name: string, snapshot: string): boolean {
  return name === BURRY_META || name === snapshot
}

function pathOf(folders: readonly string[]): string {
  return `/${folders.join('/').replaceAll(ESCAPED_COLON, ':')}`
}

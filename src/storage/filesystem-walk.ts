import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageError } from '../errors.js'
import { compareUtf8 } from '../internal/utf8.js'
import { fileSystemError, hasCode } from './filesystem-errors.js'
import { folderPath, goesOn, segmentOf } from './filesystem-names.js'

/** An object, or a folder when `key` ends in `/`. */
interface Entry {
  readonly key: string
  readonly path: string
}

/** What to look for below a folder. */
interface WalkQuery {
  readonly prefix: string
  readonly startAfter?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** The objects whose key begins with `prefix` and comes after `startAfter`, in byte order, one folder at a time. */
export async function* objectsBelow(directory: string, query: WalkQuery): AsyncGenerator<Entry, void, undefined> {
  yield* walk(innermostFolder(directory, query.prefix), query)
}

/** The folders just below `prefix` that hold at least one object, in byte order. */
export async function* foldersBelow(directory: string, query: WalkQuery): AsyncGenerator<string, void, undefined> {
  for (const entry of await readFolder(innermostFolder(directory, query.prefix), query)) {
    const isAsked = entry.key.endsWith('/') && entry.key.startsWith(query.prefix)
    if (isAsked && (await hasObjects(entry, query))) yield entry.key
  }
}

/** Every object of `prefix` is below this folder, so that nothing beside it need be read. */
function innermostFolder(directory: string, prefix: string): Entry {
  const key = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  return { key, path: folderPath(directory, key) }
}

async function* walk(folder: Entry, query: WalkQuery): AsyncGenerator<Entry, void, undefined> {
  for (const entry of await readFolder(folder, query)) {
    if (!entry.key.endsWith('/')) {
      if (isWanted(entry.key, query)) yield entry
    } else if (mayHoldWanted(entry.key, query)) {
      yield* walk(entry, query)
    }
  }
}

async function hasObjects(folder: Entry, { signal }: WalkQuery): Promise<boolean> {
  for await (const _ of walk(folder, { prefix: folder.key, signal })) return true
  return false
}

function isWanted(key: string, { prefix, startAfter }: WalkQuery): boolean {
  return key.startsWith(prefix) && (startAfter === undefined || compareUtf8(key, startAfter) > 0)
}

function mayHoldWanted(folderKey: string, { prefix, startAfter }: WalkQuery): boolean {
  if (!folderKey.startsWith(prefix) && !prefix.startsWith(folderKey)) return false
  return startAfter === undefined || compareUtf8(folderKey, startAfter) > 0 || startAfter.startsWith(folderKey)
}

/** Sorts by key, folders with their `/`: that is the order of all the keys below them. */
async function readFolder(folder: Entry, { signal }: WalkQuery): Promise<readonly Entry[]> {
  signal?.throwIfAborted()
  const entries = await readEntries(folder, folder.path, [])
  signal?.throwIfAborted()
  return entries.sort((a, b) => compareUtf8(a.key, b.key))
}

/** Reads one folder of the key space: `outer` are the first pieces of a long segment, whose folder `path` is. */
async function readEntries(folder: Entry, path: string, outer: readonly string[]): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const dirent of await readDirents(folder, path)) {
    const names = [...outer, dirent.name]
    if (dirent.isDirectory() && goesOn(dirent.name)) {
      for (const entry of await readEntries(folder, join(path, dirent.name), names)) entries.push(entry)
    } else {
      const key = keyOf(folder, dirent, names)
      if (key !== undefined) entries.push({ key, path: join(path, dirent.name) })
    }
  }
  return entries
}

function keyOf(folder: Entry, dirent: Dirent, names: readonly string[]): string | undefined {
  if (dirent.isSymbolicLink()) return refuseLink(folder, names)
  if (!dirent.isDirectory() && !dirent.isFile()) return undefined
  const segment = segmentOf(names, dirent.isDirectory() ? 'folder' : 'file')
  if (segment === undefined) return undefined
  return folder.key + (dirent.isDirectory() ? `${segment}/` : segment)
}

/** A link is not followed, but leaving out what may be behind it would make an archive look smaller than it is. */
function refuseLink(folder: Entry, names: readonly string[]): undefined {
  const segment = segmentOf(names, 'file') ?? segmentOf(names, 'folder')
  if (segment === undefined) return undefined
  const key = folder.key + segment
  throw new StorageError(`cannot list ${key}: it is a symbolic link`, {
    key,
    hint: 'move what it points to in its place',
  })
}

async function readDirents(folder: Entry, path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw fileSystemError('list', folder.key, error)
  }
}

import { randomUUID } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DirectWriter } from './filesystem-direct.js'
import { fileSystemCall, fileSystemError, hasCode } from './filesystem-errors.js'

/** Files that are being written lie here. The leading dot keeps it apart from every name that a key can have. */
export const TEMPORARY_FOLDER = '.kafkeep-temporary'
const STALE_AFTER_MS = 86_400_000

/** Writes `chunks` to a new temporary file, safe on the disk, and returns its path. Leaves none when `chunks` throws. */
export async function writeTemporary(
  directory: string,
  key: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<string> {
  const folder = join(directory, TEMPORARY_FOLDER)
  await fileSystemCall('create the folder of', key, createFolder(folder))
  const path = join(folder, randomUUID())
  const handle = await fileSystemCall('create', key, open(path, 'wx'))
  try {
    await using direct = new DirectWriter(path)
    let position = 0
    for await (const chunk of chunks) {
      const written = await fileSystemCall('write', key, direct.write(chunk, position))
      await fileSystemCall('write', key, writeAll(handle, chunk.subarray(written), position + written))
      position += chunk.length
    }
    await fileSystemCall('flush', key, handle.sync())
    await fileSystemCall('close', key, handle.close())
    return path
  } catch (error) {
    // The first error counts; closing once more does nothing.
    await handle.close().catch(() => {})
    await removeTemporary(path)
    throw error
  }
}

/** Node's own `appendFile` goes back and forth between its threads for every 512 KiB. */
async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, position + written)
    written += bytesWritten
  }
}

/** Gives a temporary file its final name; `false` when that name is taken. Never replaces a file. */
export async function linkNew(key: string, temporaryPath: string, path: string): Promise<boolean> {
  await fileSystemCall('create the folder of', key, mkdir(dirname(path), { recursive: true }))
  try {
    await link(temporaryPath, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw fileSystemError('create', key, error)
  }
}

/** Removes a temporary file. One that stays is harmless, so this never fails: a later put clears it away. */
export async function removeTemporary(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {})
}

/** Removes what killed processes have left behind more than a day ago. */
export async function removeStaleTemporaries(directory: string): Promise<void> {
  const folder = join(directory, TEMPORARY_FOLDER)
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const path = join(folder, name)
    const stats = await stat(path).catch(() => undefined)
    if (stats !== undefined && stats.mtimeMs < Date.now() - STALE_AFTER_MS) await removeTemporary(path)
  }
}

/** Makes the names of everything from `folder` up to `top` safe on the disk: a new file is lost without its folder. */
export async function syncFolders(folder: string, top: string): Promise<void> {
  // Windows cannot flush a folder, and does not need it.
  if (process.platform === 'win32') return
  for (let current = folder; ; current = dirname(current)) {
    const handle = await open(current, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (current === top) return
  }
}

/** Creates a folder with its parents; their names are safe on the disk afterwards. */
async function createFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true })
  if (first !== undefined) await syncFolders(folder, dirname(first))
}

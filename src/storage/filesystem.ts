import { type FileHandle, open, stat, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ObjectNotFoundError, StorageError } from '../errors.js'
import { nameOption, rejectUnknownOptions } from '../internal/options.js'
import { type ByteRange, checkedGet, checkKeyCall, checkList, checkListPrefixes, checkPut } from './call-options.js'
import { fileSystemCall, fileSystemError, hasCode } from './filesystem-errors.js'
import { filePath } from './filesystem-names.js'
import { foldersBelow, objectsBelow } from './filesystem-walk.js'
import { linkNew, removeStaleTemporaries, removeTemporary, syncFolders, writeTemporary } from './filesystem-write.js'
import { BodyMeter, bodyChunks, verifyCrc32c } from './object-body.js'
import type {
  ArchiveStorage,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectInfo,
  PutOptions,
  PutResult,
  StorageCallOptions,
  StorageCapabilities,
} from './storage.js'

const READ_BYTES = 1_048_576

/** Options of {@link FileSystemStorage}. */
export interface FileSystemStorageOptions {
  /**
   * Directory that holds the objects, and nothing else. The first `put` makes it when it does not exist; until then it
   * counts as empty. A relative path is resolved when the storage is constructed.
   */
  readonly directory: string
}

/**
 * Keeps objects as files on a local or mounted file system that has hard links.
 *
 * A `put` writes a hidden temporary file, flushes it, links it to its final name, which fails when that exists, and
 * flushes the folders: a crash or power failure leaves the object whole or not at all. Temporary files of a killed
 * process are never listed and go with a `put` a day later. Names are kept to lower-case ASCII, so that file systems
 * which fold case, normalise Unicode or limit names to 143 bytes hold every key (`docs/storage.md` has the rules).
 * Folders that have become empty stay. Symbolic links below the directory make a listing reject; the other calls follow
 * them, so let only trusted users write to the directory. No CRC32C is kept: `head` never knows it.
 */
export class FileSystemStorage implements ArchiveStorage {
  /** {@inheritDoc} */
  readonly capabilities: StorageCapabilities = { releasesBodies: true, readsInPlace: true }
  readonly #directory: string
  #staleRemoval: Promise<void> | undefined

  /**
   * Does not touch the file system yet.
   *
   * @throws TypeError when `directory` is not a string, or an option is unknown.
   */
  constructor(options: FileSystemStorageOptions) {
    rejectUnknownOptions('FileSystemStorage', options, ['directory'])
    this.#directory = resolve(nameOption('directory', options.directory))
  }

  /** {@inheritDoc} */
  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutResult> {
    checkPut(key, body, options)
    options.signal?.throwIfAborted()
    const path = filePath(this.#directory, key)
    const created = (await this.#info(key, path)) === undefined && (await this.#create(key, body, options))
    // Also when another process has made the object: it may have been killed before it came to this.
    await fileSystemCall('flush the folders of', key, syncFolders(dirname(path), this.#directory))
    const info = await this.#info(key, path)
    if (info === undefined) throw new StorageError(`${key} was removed while it was put`, { key, retryable: true })
    return { created, info }
  }

  /** {@inheritDoc} */
  get(key: string, options: GetOptions = {}): AsyncIterable<Uint8Array> {
    return this.#read(key, checkedGet(key, options), options)
  }

  /** {@inheritDoc} */
  async head(key: string, options: StorageCallOptions = {}): Promise<ObjectInfo | undefined> {
    checkKeyCall(key, options)
    options.signal?.throwIfAborted()
    return this.#info(key, filePath(this.#directory, key))
  }

  /** {@inheritDoc} */
  list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    checkList(prefix, options)
    return this.#list(prefix, options)
  }

  /** {@inheritDoc} */
  listPrefixes(prefix: string, options: StorageCallOptions = {}): AsyncIterable<string> {
    checkListPrefixes(prefix, options)
    return foldersBelow(this.#directory, { prefix, signal: options.signal })
  }

  /** {@inheritDoc} */
  async delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    checkKeyCall(key, options)
    options.signal?.throwIfAborted()
    const path = filePath(this.#directory, key)
    try {
      await unlink(path)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return
      throw fileSystemError('delete', key, error)
    }
    await fileSystemCall('flush the folder of', key, syncFolders(dirname(path), dirname(path)))
  }

  async #create(key: string, body: ObjectBody, { crc32c, signal }: PutOptions): Promise<boolean> {
    const meter = new BodyMeter()
    const temporaryPath = await writeTemporary(this.#directory, key, bodyChunks(body, { meter, signal }))
    try {
      verifyCrc32c(key, meter, crc32c)
      signal?.throwIfAborted()
      return await linkNew(key, temporaryPath, filePath(this.#directory, key))
    } finally {
      await removeTemporary(temporaryPath)
      this.#staleRemoval ??= removeStaleTemporaries(this.#directory)
      await this.#staleRemoval
    }
  }

  async *#read(key: string, { startByte, endByte }: ByteRange, { signal, space }: GetOptions) {
    signal?.throwIfAborted()
    const handle = await openObject(key, filePath(this.#directory, key))
    try {
      const { size } = await fileSystemCall('inspect', key, handle.stat())
      const end = Math.min(endByte, size)
      for (let position = startByte; position < end; ) {
        const wantedBytes = Math.min(READ_BYTES, end - position)
        const into = space?.().subarray(0, wantedBytes) ?? Buffer.allocUnsafeSlow(wantedBytes)
        const chunk = await readChunk(key, handle, { position, into })
        position += chunk.length
        yield chunk
        signal?.throwIfAborted()
      }
    } finally {
      await handle.close()
    }
  }

  async *#list(prefix: string, { startAfter, signal }: ListOptions) {
    for await (const { key, path } of objectsBelow(this.#directory, { prefix, startAfter, signal })) {
      const info = await this.#info(key, path)
      if (info === undefined) continue
      yield info
      signal?.throwIfAborted()
    }
  }

  async #info(key: string, path: string): Promise<ObjectInfo | undefined> {
    try {
      const stats = await stat(path)
      if (!stats.isFile()) throw new StorageError(`${key} is not a file`, { key, hint: 'somebody else writes here' })
      return { key, sizeBytes: stats.size, modifiedMs: Math.trunc(stats.mtimeMs) }
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error instanceof StorageError ? error : fileSystemError('inspect', key, error)
    }
  }
}

async function openObject(key: string, path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw hasCode(error, 'ENOENT')
      ? new ObjectNotFoundError(key, { cause: error })
      : fileSystemError('open', key, error)
  }
}

async function readChunk(
  key: string,
  handle: FileHandle,
  { position, into }: { readonly position: number; readonly into: Uint8Array },
): Promise<Uint8Array> {
  const { bytesRead } = await fileSystemCall('read', key, handle.read(into, 0, into.length, position))
  if (bytesRead > 0) return into.subarray(0, bytesRead)
  throw new StorageError(`cannot read ${key}: it ends at byte ${position}`, { key, hint: 'the file became shorter' })
}

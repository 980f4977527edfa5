import { ObjectNotFoundError, StorageError } from '../errors.js'
import { checkedGet, checkKeyCall, checkList, checkListPrefixes, checkPut, storageOption } from './call-options.js'
import { folderPrefix } from './object-key.js'
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

/**
 * Puts everything below one path of another storage, so that several archives share a bucket or a directory. Keys in
 * answers and errors are without the prefix, which takes its bytes from the 900 that a key may have.
 */
export class PrefixedStorage implements ArchiveStorage {
  readonly #storage: ArchiveStorage
  readonly #prefix: string

  /**
   * Wraps `storage`, which stays the caller's.
   *
   * @param storage - Where the objects really go.
   * @param prefix - Path segments such as `backups/kafka`; a `/` at the end makes no difference.
   * @throws TypeError when `storage` is none, or when `prefix` is empty or not fit for keys.
   */
  constructor(storage: ArchiveStorage, prefix: string) {
    this.#storage = storageOption('storage', storage)
    this.#prefix = folderPrefix('prefix', prefix)
  }

  /** Those of the storage that is wrapped. */
  get capabilities(): StorageCapabilities | undefined {
    return this.#storage.capabilities
  }

  /** {@inheritDoc} */
  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutResult> {
    checkPut(key, body, options)
    const { created, info } = await this.#call(key, () => this.#storage.put(this.#prefix + key, body, options))
    return { created, info: this.#withoutPrefix(info) }
  }

  /** {@inheritDoc} */
  get(key: string, options: GetOptions = {}): AsyncIterable<Uint8Array> {
    checkedGet(key, options)
    return this.#items(key, () => this.#storage.get(this.#prefix + key, options))
  }

  /** {@inheritDoc} */
  async head(key: string, options: StorageCallOptions = {}): Promise<ObjectInfo | undefined> {
    checkKeyCall(key, options)
    const info = await this.#call(key, () => this.#storage.head(this.#prefix + key, options))
    return info === undefined ? undefined : this.#withoutPrefix(info)
  }

  /** {@inheritDoc} */
  list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    checkList(prefix, options)
    return this.#list(prefix, options)
  }

  /** {@inheritDoc} */
  listPrefixes(prefix: string, options: StorageCallOptions = {}): AsyncIterable<string> {
    checkListPrefixes(prefix, options)
    return this.#listPrefixes(prefix, options)
  }

  /** {@inheritDoc} */
  async delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    checkKeyCall(key, options)
    await this.#call(key, () => this.#storage.delete(this.#prefix + key, options))
  }

  async *#list(prefix: string, { startAfter, signal }: ListOptions) {
    const innerStart = startAfter === undefined ? undefined : this.#prefix + startAfter
    const inner = () => this.#storage.list(this.#prefix + prefix, { startAfter: innerStart, signal })
    for await (const info of this.#items(prefix, inner)) yield this.#withoutPrefix(info)
  }

  async *#listPrefixes(prefix: string, options: StorageCallOptions) {
    const inner = () => this.#storage.listPrefixes(this.#prefix + prefix, options)
    for await (const next of this.#items(prefix, inner)) yield next.slice(this.#prefix.length)
  }

  async *#items<T>(key: string, open: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    try {
      yield* open()
    } catch (error) {
      throw errorAbout(key, error)
    }
  }

  async #call<T>(key: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw errorAbout(key, error)
    }
  }

  #withoutPrefix(info: ObjectInfo): ObjectInfo {
    return { ...info, key: info.key.slice(this.#prefix.length) }
  }
}

/** The same error with the key that the caller knows. */
function errorAbout(key: string, error: unknown): unknown {
  if (error instanceof ObjectNotFoundError) return new ObjectNotFoundError(key, { cause: error })
  if (!(error instanceof StorageError)) return error
  const { message, hint, retryable } = error
  return new StorageError(message, { key, hint, retryable, cause: error })
}

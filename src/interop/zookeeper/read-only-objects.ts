import { ObjectNotFoundError, StorageError } from '../../errors.js'
import { bytesWithin } from '../../storage/bytes-within.js'
import {
  type ByteRange,
  checkedGet,
  checkKeyCall,
  checkList,
  checkListPrefixes,
  checkPut,
} from '../../storage/call-options.js'
import { nextPrefix } from '../../storage/object-key.js'
import type {
  ArchiveStorage,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectInfo,
  PutOptions,
  PutResult,
  StorageCallOptions,
} from '../../storage/storage.js'

/** An object that is made when it is read. */
export interface ShownObject extends ObjectInfo {
  read(options: StorageCallOptions): AsyncIterable<Uint8Array>
}

/** A storage whose objects are made of something else, and which takes none. */
export class ReadOnlyObjects implements ArchiveStorage {
  readonly #what: string
  readonly #objects: (options: StorageCallOptions) => Promise<readonly ShownObject[]>
  /** As they were listed last: what is there may grow meanwhile, and then get another name. */
  #listed: readonly ShownObject[] = []

  /** `what` it shows; `objects` lists them in ascending order of their keys, each time anew. */
  constructor(what: string, objects: (options: StorageCallOptions) => Promise<readonly ShownObject[]>) {
    this.#what = what
    this.#objects = objects
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutResult> {
    checkPut(key, body, options)
    throw this.#readOnly(key)
  }

  get(key: string, options: GetOptions = {}): AsyncIterable<Uint8Array> {
    return this.#get(key, checkedGet(key, options), options)
  }

  async head(key: string, options: StorageCallOptions = {}): Promise<ObjectInfo | undefined> {
    checkKeyCall(key, options)
    const found = await this.#find(key, options)
    return found === undefined ? undefined : infoOf(found)
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    checkList(prefix, options)
    return this.#list(prefix, options)
  }

  listPrefixes(prefix: string, options: StorageCallOptions = {}): AsyncIterable<string> {
    checkListPrefixes(prefix, options)
    return this.#listPrefixes(prefix, options)
  }

  async delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    checkKeyCall(key, options)
    throw this.#readOnly(key)
  }

  async *#get(key: string, range: ByteRange, { signal }: StorageCallOptions): AsyncGenerator<Uint8Array, void, void> {
    const found = await this.#find(key, { signal })
    if (found === undefined) throw new ObjectNotFoundError(key)
    yield* bytesWithin(found.read({ signal }), range)
  }

  async *#list(prefix: string, { startAfter = '', signal }: ListOptions): AsyncGenerator<ObjectInfo, void, void> {
    this.#listed = await this.#objects({ signal })
    for (const object of this.#listed) {
      // All keys are ASCII: characters compare as their bytes do.
      if (object.key.startsWith(prefix) && object.key > startAfter) yield infoOf(object)
    }
  }

  async *#listPrefixes(prefix: string, options: StorageCallOptions): AsyncGenerator<string, void, void> {
    const prefixes = new Set<string>()
    for await (const { key } of this.#list(prefix, options)) {
      const next = nextPrefix(key, prefix)
      if (next !== undefined) prefixes.add(next)
    }
    yield* prefixes
  }

  async #find(key: string, { signal }: StorageCallOptions): Promise<ShownObject | undefined> {
    const hasKey = (object: ShownObject) => object.key === key
    const found = this.#listed.find(hasKey)
    if (found !== undefined) return found
    this.#listed = await this.#objects({ signal })
    return this.#listed.find(hasKey)
  }

  #readOnly(key: string): StorageError {
    return new StorageError(`${this.#what} are only read: ${key} can be neither stored nor deleted here`, {
      key,
      hint: 'give this program a storage and a prefix of its own to write to, with the layout left out',
    })
  }
}

function infoOf({ key, sizeBytes, modifiedMs }: ShownObject): ObjectInfo {
  return { key, sizeBytes, modifiedMs }
}

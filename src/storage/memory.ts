import { ObjectNotFoundError } from '../errors.js'
import { type ByteRange, checkedGet, checkKeyCall, checkList, checkListPrefixes, checkPut } from './call-options.js'
import { BodyMeter, bodyChunks, verifyCrc32c } from './object-body.js'
import { nextPrefix } from './object-key.js'
import { SortedKeys } from './sorted-keys.js'
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

const CHUNK_BYTES = 65_536
const PAGE_KEYS = 1_000

interface StoredObject {
  readonly bytes: Uint8Array
  readonly info: ObjectInfo
}

/**
 * Keeps objects in the memory of the process: for tests and for trying things out. Bytes are copied on the way in and
 * on the way out, so that nobody can change what is stored. "Durable" ends with the process.
 */
export class MemoryStorage implements ArchiveStorage {
  /** {@inheritDoc} */
  readonly capabilities: StorageCapabilities = { releasesBodies: true }
  readonly #objects = new Map<string, StoredObject>()
  readonly #keys = new SortedKeys()

  /** {@inheritDoc} */
  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutResult> {
    checkPut(key, body, options)
    const { signal } = options
    signal?.throwIfAborted()
    const meter = new BodyMeter()
    const chunks: Uint8Array[] = []
    for await (const chunk of bodyChunks(body, { meter, signal })) chunks.push(chunk)
    verifyCrc32c(key, meter, options.crc32c)
    const existing = this.#objects.get(key)
    if (existing !== undefined) return { created: false, info: existing.info }
    const { sizeBytes, crc32c } = meter
    const info = Object.freeze({ key, sizeBytes, modifiedMs: Date.now(), crc32c })
    this.#keys.add(key)
    this.#objects.set(key, { bytes: new Uint8Array(Buffer.concat(chunks)), info })
    return { created: true, info }
  }

  /** {@inheritDoc} */
  get(key: string, options: GetOptions = {}): AsyncIterable<Uint8Array> {
    return this.#read(key, checkedGet(key, options), options.signal)
  }

  /** {@inheritDoc} */
  async head(key: string, options: StorageCallOptions = {}): Promise<ObjectInfo | undefined> {
    checkKeyCall(key, options)
    options.signal?.throwIfAborted()
    return this.#objects.get(key)?.info
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
    options.signal?.throwIfAborted()
    if (this.#objects.delete(key)) this.#keys.delete(key)
  }

  async *#read(key: string, { startByte, endByte }: ByteRange, signal: AbortSignal | undefined) {
    signal?.throwIfAborted()
    const bytes = this.#objects.get(key)?.bytes
    if (bytes === undefined) throw new ObjectNotFoundError(key)
    const end = Math.min(endByte, bytes.length)
    for (let start = startByte; start < end; start += CHUNK_BYTES) {
      yield bytes.slice(start, Math.min(start + CHUNK_BYTES, end))
      signal?.throwIfAborted()
    }
  }

  async *#list(prefix: string, { startAfter = '', signal }: ListOptions) {
    signal?.throwIfAborted()
    for (let last = startAfter; ; ) {
      const page = this.#keys.page(prefix, { startAfter: last, limit: PAGE_KEYS })
      for (const key of page) {
        const object = this.#objects.get(key)
        if (object === undefined) continue
        yield object.info
        signal?.throwIfAborted()
      }
      if (page.length < PAGE_KEYS) return
      last = page.at(-1) ?? last
    }
  }

  async *#listPrefixes(prefix: string, { signal }: StorageCallOptions) {
    for (let startAfter = ''; ; ) {
      signal?.throwIfAborted()
      const [key] = this.#keys.page(prefix, { startAfter, limit: 1 })
      if (key === undefined) return
      const next = nextPrefix(key, prefix)
      if (next !== undefined) yield next
      // `0` is the character after `/`: whatever begins with `next` comes before it.
      startAfter = next === undefined ? key : `${next.slice(0, -1)}0`
    }
  }
}

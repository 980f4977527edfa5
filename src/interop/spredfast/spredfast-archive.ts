import { checkpointIds } from '../../archive/checkpoint.js'
import { instantOf } from '../../archive/instant-id.js'
import { ARCHIVE_MARKER_KEY, parseSegmentKey } from '../../archive/names.js'
import { ObjectNotFoundError, StorageError } from '../../errors.js'
import { itemsOf } from '../../internal/items-of.js'
import { compareUtf8 } from '../../internal/utf8.js'
import { zipSorted } from '../../internal/zip-sorted.js'
import { PrefixedStorage } from '../../storage/prefixed.js'
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
import { FOREIGN_EXTENSION, MOVED_EXTENSION, WRITTEN_EXTENSION, type WrittenChunk } from './file-codec.js'
import { indexKey } from './file-names.js'
import { type ForeignContext, ForeignObjects } from './foreign-objects.js'
import { storeFile } from './store-file.js'
import { OWN_FOLDER, parseAttemptKey, parseWrittenKey, type WrittenFile } from './written-files.js'

/** What a {@link SpredfastArchive} works with. */
export interface SpredfastContext extends Omit<ForeignContext, 'firstCheckpointMs'> {
  /** Takes note of the file whose bytes begin with these, for errors. */
  onFile(bytes: Uint8Array, key: string): void
  /** What the codec knows of a chunk that it has written. */
  chunkFacts(chunk: Uint8Array): WrittenChunk | undefined
}

/**
 * A bucket of the spredfast connector as an archive of kafkeep's. Three kinds of objects are shown: what the connector
 * has stored, which is only read; segments, which are written as the connector writes files; and all else that kafkeep
 * writes, in a folder of its own.
 */
export class SpredfastArchive implements ArchiveStorage {
  readonly #context: SpredfastContext
  readonly #own: ArchiveStorage
  readonly #foreign: ForeignObjects

  constructor(context: SpredfastContext) {
    this.#context = context
    this.#own = new PrefixedStorage(context.storage, context.prefix + OWN_FOLDER.slice(0, -1))
    this.#foreign = new ForeignObjects({ ...context, firstCheckpointMs: (call) => this.#firstCheckpointMs(call) })
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutResult> {
    if (parseSegmentKey(key) === undefined) return this.#own.put(key, body, options)
    return storeFile({ ...this.#context, own: this.#own }, key, body, options)
  }

  async *get(key: string, options: GetOptions = {}): AsyncGenerator<Uint8Array, void, void> {
    const { signal, startByte = 0, endByte } = options
    const written = await this.#written(key, { signal })
    const source = written === undefined ? await this.#find(key, { signal }) : written.dataKey
    if (source instanceof Uint8Array) yield source.subarray(startByte, endByte)
    else if (source !== undefined) yield* this.#bytesOf(key, source, options)
    else if (written === undefined) yield* this.#own.get(key, options)
  }

  async head(key: string, { signal }: StorageCallOptions = {}): Promise<ObjectInfo | undefined> {
    // Every verb begins with it.
    if (key === ARCHIVE_MARKER_KEY) this.#foreign.refresh()
    const written = await this.#written(key, { signal })
    if (written !== undefined) return this.#headOf(key, written, { signal })
    const found = await this.#find(key, { signal })
    if (found === undefined) return this.#own.head(key, { signal })
    return found instanceof Uint8Array
      ? { key, sizeBytes: found.length, modifiedMs: 0 }
      : this.#headOf(key, { dataKey: found }, { signal })
  }

  async *list(prefix: string, { startAfter, signal }: ListOptions = {}): AsyncGenerator<ObjectInfo, void, void> {
    const foreign = await this.#foreign.list(prefix, { signal })
    const shown = foreign
      .filter(({ key }) => startAfter === undefined || compareUtf8(key, startAfter) > 0)
      .sort((a, b) => compareUtf8(a.key, b.key))
    const own = this.#listOwn(prefix, { startAfter, signal })
    for await (const [one, other] of zipSorted(own, itemsOf(shown), (a, b) => compareUtf8(a.key, b.key))) {
      const info = one ?? other
      if (info !== undefined) yield info
    }
  }

  async *listPrefixes(prefix: string, { signal }: StorageCallOptions = {}): AsyncGenerator<string, void, void> {
    const folders = new Set(await this.#foreign.folders(prefix, { signal }))
    for await (const folder of this.#own.listPrefixes(prefix, { signal })) folders.add(folder)
    yield* [...folders].sort(compareUtf8)
  }

  async delete(key: string, { signal }: StorageCallOptions = {}): Promise<void> {
    const written = await this.#written(key, { signal })
    if (written !== undefined) return this.#deleteFile(written, { signal })
    if ((await this.#find(key, { signal })) !== undefined) {
      throw new StorageError(`${key} is of the spredfast connector, of which kafkeep deletes nothing`, {
        key,
        hint: 'delete its files by hand, or by a lifecycle rule of the bucket',
      })
    }
    await this.#own.delete(key, { signal })
  }

  /** The data goes first: without its file kafkeep's own object tells of damage, the other way it would seem the connector's. */
  async #deleteFile({ key, dataKey }: WrittenFile & { readonly key: string }, call: StorageCallOptions): Promise<void> {
    if (dataKey !== undefined) {
      await this.#context.storage.delete(dataKey, call)
      await this.#context.storage.delete(indexKey(dataKey), call)
    }
    await this.#own.delete(key, call)
  }

  async *#listOwn(prefix: string, options: ListOptions): AsyncGenerator<ObjectInfo, void, void> {
    for await (const info of this.#own.list(prefix, options)) {
      if (parseAttemptKey(info.key) !== undefined) continue
      const written = parseWrittenKey(info.key)
      yield written === undefined ? info : { ...info, key: written.segment.key, sizeBytes: written.sizeBytes }
    }
  }

  /** Where the segment of this name is, if kafkeep has written it. */
  async #written(segment: string, { signal }: StorageCallOptions) {
    if (parseSegmentKey(segment)?.extension !== WRITTEN_EXTENSION) return undefined
    for await (const { key } of this.#own.list(`${segment}.s`, { signal })) {
      const written = parseWrittenKey(key)
      if (written === undefined) continue
      const dataKey = written.dataKey === undefined ? undefined : this.#context.prefix + written.dataKey
      return { ...written, key, dataKey }
    }
    return undefined
  }

  /** What the connector has for a key, unless kafkeep has something. */
  async #find(key: string, call: StorageCallOptions): Promise<Buffer | string | undefined> {
    if (!isForeignFile(key) && (await this.#own.head(key, call)) !== undefined) return undefined
    const found = await this.#foreign.find(key, call)
    return found === undefined || found instanceof Uint8Array ? found : found.key
  }

  async *#bytesOf(key: string, source: string, options: GetOptions): AsyncGenerator<Uint8Array, void, void> {
    try {
      let isFirst = true
      for await (const chunk of this.#context.storage.get(source, options)) {
        if (isFirst) this.#context.onFile(chunk, source)
        isFirst = false
        yield chunk
      }
    } catch (error) {
      throw error instanceof ObjectNotFoundError ? new ObjectNotFoundError(key, { cause: error }) : error
    }
  }

  async #headOf(
    key: string,
    { dataKey }: { readonly dataKey: string | undefined },
    call: StorageCallOptions,
  ): Promise<ObjectInfo | undefined> {
    if (dataKey === undefined) return { key, sizeBytes: 0, modifiedMs: 0, crc32c: 0 }
    const info = await this.#context.storage.head(dataKey, call)
    return info && { ...info, key }
  }

  async #firstCheckpointMs(call: StorageCallOptions): Promise<number | undefined> {
    for await (const id of checkpointIds(this.#own, call)) return instantOf(id)
    return undefined
  }
}

function isForeignFile(key: string): boolean {
  const extension = parseSegmentKey(key)?.extension
  return extension === FOREIGN_EXTENSION || extension === MOVED_EXTENSION
}

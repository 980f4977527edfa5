import { FORMAT_VERSION } from '../../archive/archive-marker.js'
import { jsonBytes } from '../../archive/json-object.js'
import { ARCHIVE_MARKER_KEY } from '../../archive/names.js'
import { jsonLinesZnodes } from '../../codec/json-lines-znodes.js'
import { ObjectNotFoundError, StorageError } from '../../errors.js'
import { compareUtf8 } from '../../internal/utf8.js'
import { bytesWithin } from '../../storage/bytes-within.js'
import { BodyMeter, bodyChunks, verifyCrc32c } from '../../storage/object-body.js'
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
import type { PathFilter } from '../../zookeeper/path-filter.js'
import { burryKey, shownKey, snapshotOfShownKey } from './keys.js'
import { BurryObjects, type StoredZip } from './objects.js'
import { readBurryZip } from './reading.js'
import { writeBurryZip } from './writing.js'

const MARKER = jsonBytes(ARCHIVE_MARKER_KEY, { format: FORMAT_VERSION })
const MARKER_INFO: ObjectInfo = { key: ARCHIVE_MARKER_KEY, sizeBytes: MARKER.length, modifiedMs: 0 }

/**
 * Shows zips of Burry's as snapshots of an archive of kafkeep's, and stores snapshots as such zips. An object has the
 * size of its zip, and other bytes. There seems to be an archive as soon as there is a zip; nothing but zips is stored.
 */
export class BurryArchive implements ArchiveStorage {
  readonly #storage: ArchiveStorage
  readonly #folder: string
  readonly #ephemerals: PathFilter
  readonly #objects: BurryObjects

  constructor(
    storage: ArchiveStorage,
    { folder, ephemerals }: { readonly folder: string; readonly ephemerals: PathFilter },
  ) {
    this.#storage = storage
    this.#folder = folder
    this.#ephemerals = ephemerals
    this.#objects = new BurryObjects(storage, folder)
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutResult> {
    if (key === ARCHIVE_MARKER_KEY) return { created: true, info: MARKER_INFO }
    const snapshot = snapshotOfShownKey(key)
    if (snapshot === undefined) throw new StorageError(`Burry's layout has no place for ${key}`, { key })
    const { signal } = options
    const zipKey = burryKey(this.#folder, snapshot)
    const meter = new BodyMeter()
    const items = jsonLinesZnodes().decode(bodyChunks(body, { meter, signal }), { signal })
    const zip = await writeBurryZip(items, { snapshot, key: zipKey, signal })
    verifyCrc32c(key, meter, options.crc32c)
    const { created, info } = await this.#storage.put(zipKey, zip, { signal })
    if (created) return { created, info: { ...info, key: shownKey({ key: zipKey, snapshot }) } }
    throw new StorageError(`${zipKey} exists already: Burry names one snapshot a second`, {
      key: zipKey,
      retryable: true,
      hint: 'take the snapshot again',
    })
  }

  async *get(
    key: string,
    { startByte = 0, endByte = Number.POSITIVE_INFINITY, signal }: GetOptions = {},
  ): AsyncGenerator<Uint8Array, void, void> {
    if (key === ARCHIVE_MARKER_KEY) {
      yield MARKER.subarray(startByte, endByte)
      return
    }
    const zip = await this.#objects.find(key, { signal })
    if (zip === undefined) throw new ObjectNotFoundError(key)
    const bytes = await this.#objects.read(zip, { signal })
    const nodes = readBurryZip({ ...zip, bytes }, { signal, ephemerals: this.#ephemerals })
    yield* bytesWithin(jsonLinesZnodes().encode(nodes, { signal }), { startByte, endByte })
  }

  async head(key: string, options: StorageCallOptions = {}): Promise<ObjectInfo | undefined> {
    if (key === ARCHIVE_MARKER_KEY) {
      for await (const info of this.list(key, options)) return info
      return undefined
    }
    const zip = await this.#objects.find(key, options)
    return zip === undefined ? undefined : shownInfo(zip)
  }

  async *list(prefix: string, { startAfter, signal }: ListOptions = {}): AsyncGenerator<ObjectInfo, void, void> {
    const infos: ObjectInfo[] = []
    for await (const zip of this.#objects.list({ signal })) infos.push(shownInfo(zip))
    if (infos.length > 0) infos.push(MARKER_INFO)
    for (const info of infos.sort(({ key: one }, { key: other }) => compareUtf8(one, other))) {
      const isAfter = startAfter === undefined || compareUtf8(info.key, startAfter) > 0
      if (isAfter && info.key.startsWith(prefix)) yield info
    }
  }

  async *listPrefixes(prefix: string, { signal }: StorageCallOptions = {}): AsyncGenerator<string, void, void> {
    let last: string | undefined
    for await (const { key } of this.list(prefix, { signal })) {
      const next = nextPrefix(key, prefix)
      if (next === undefined || next === last) continue
      last = next
      yield next
    }
  }

  async delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    const zip = await this.#objects.find(key, options)
    if (zip !== undefined) await this.#storage.delete(zip.key, options)
  }
}

function shownInfo(zip: StoredZip): ObjectInfo {
  const { sizeBytes, modifiedMs } = zip.info
  return { key: shownKey(zip), sizeBytes, modifiedMs }
}

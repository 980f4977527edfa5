import { ArchiveCorruptError } from '../../errors.js'
import { allOf } from '../../internal/all-of.js'
import { compareUtf8 } from '../../internal/utf8.js'
import type { ArchiveStorage, ObjectInfo, StorageCallOptions } from '../../storage/storage.js'
import { type BurryObject, keyRange, keysOf, latestKey, shownKey, snapshotOfKey, snapshotOfShownKey } from './keys.js'
import { snapshotOf } from './names.js'
import { damagedZip, MAX_ZIP_BYTES } from './zip-reading.js'
import { FIRST_NAME_BYTES, firstName } from './zip-structure.js'

/** A zip of Burry's, and what the storage knows of it. */
export interface StoredZip extends BurryObject {
  readonly info: ObjectInfo
}

/** The zips of Burry's in one folder of a storage. */
export class BurryObjects {
  readonly #storage: ArchiveStorage
  readonly #folder: string

  /** `folder` is empty, or ends in `/`. */
  constructor(storage: ArchiveStorage, folder: string) {
    this.#storage = storage
    this.#folder = folder
  }

  /**
   * All zips, in no order. Other objects are passed over; what does not begin with a digit is not even listed.
   *
   * @throws {@link ArchiveCorruptError} when there is only a `latest.zip`, and it is none of Burry's.
   */
  async *list({ signal }: StorageCallOptions): AsyncGenerator<StoredZip, void, void> {
    const { startAfter, end } = keyRange(this.#folder)
    let isEmpty = true
    for await (const info of this.#storage.list(this.#folder, { startAfter, signal })) {
      if (compareUtf8(info.key, end) >= 0) break
      const snapshot = snapshotOfKey(this.#folder, info.key)
      if (snapshot === undefined) continue
      isEmpty = false
      yield { key: info.key, snapshot, info }
    }
    const key = latestKey(this.#folder)
    const info = await this.#storage.head(key, { signal })
    if (info === undefined) return
    const snapshot = await this.#snapshotIn(key, { signal })
    if (snapshot !== undefined) yield { key, snapshot, info }
    else if (isEmpty) throw new ArchiveCorruptError(`${key} does not begin as a zip of Burry's does`, { key })
  }

  /** The zip that is shown under a key, if there is one. */
  async find(shown: string, { signal }: StorageCallOptions): Promise<StoredZip | undefined> {
    const snapshot = snapshotOfShownKey(shown)
    if (snapshot === undefined) return undefined
    const key = keysOf(this.#folder, snapshot).find((one) => shownKey({ key: one, snapshot }) === shown)
    const info = key === undefined ? undefined : await this.#storage.head(key, { signal })
    if (key === undefined || info === undefined) return undefined
    const isOther = key === latestKey(this.#folder) && (await this.#snapshotIn(key, { signal })) !== snapshot
    return isOther ? undefined : { key, snapshot, info }
  }

  /** All bytes of a zip. */
  async read({ key, info }: StoredZip, { signal }: StorageCallOptions): Promise<Buffer> {
    const tooLarge = () => damagedZip(key, `it has more than ${MAX_ZIP_BYTES} bytes`)
    if (info.sizeBytes > MAX_ZIP_BYTES) throw tooLarge()
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of this.#storage.get(key, { signal })) {
      bytes += chunk.length
      if (bytes > MAX_ZIP_BYTES) throw tooLarge()
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  async #snapshotIn(key: string, { signal }: StorageCallOptions): Promise<string | undefined> {
    const bytes = await allOf(this.#storage.get(key, { startByte: 0, endByte: FIRST_NAME_BYTES, signal }))
    return snapshotOf(firstName(Buffer.concat(bytes)) ?? '')
  }
}

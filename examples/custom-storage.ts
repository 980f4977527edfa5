// A storage of one's own: everything lies in two places.
// `test/unit/examples/custom-storage.test.ts` runs kafkeep's contract suite against it.
import type { ArchiveStorage, GetOptions, ListOptions, ObjectBody, PutOptions, StorageCallOptions } from 'kafkeep'

/** Keeps two copies. An object is acknowledged once both are durable; the first place decides who created it. */
export class MirroredStorage implements ArchiveStorage {
  readonly #first: ArchiveStorage
  readonly #second: ArchiveStorage

  constructor(first: ArchiveStorage, second: ArchiveStorage) {
    this.#first = first
    this.#second = second
  }

  async put(key: string, body: ObjectBody, options?: PutOptions) {
    const decided = await this.#first.put(key, body, options)
    // Also when somebody else created it: that writer may have died before it made the second copy.
    await this.#second.put(key, decided.created ? body : () => this.#first.get(key), decided.created ? options : {})
    return decided
  }

  get(key: string, options?: GetOptions): AsyncIterable<Uint8Array> {
    return this.#first.get(key, options)
  }

  head(key: string, options?: StorageCallOptions) {
    return this.#first.head(key, options)
  }

  list(prefix: string, options?: ListOptions) {
    return this.#first.list(prefix, options)
  }

  listPrefixes(prefix: string, options?: StorageCallOptions) {
    return this.#first.listPrefixes(prefix, options)
  }

  async delete(key: string, options?: StorageCallOptions): Promise<void> {
    await this.#second.delete(key, options)
    await this.#first.delete(key, options)
  }
}

import type { RecordBatch } from '../../batch/record-batch.js'
import type { Codec } from '../../codec/codec.js'
import { ArchiveCorruptError } from '../../errors.js'
import type { ArchiveStorage, StorageCallOptions } from '../../storage/storage.js'
import type { DataFile } from './bucket.js'
import { dayAfter, indexKey } from './file-names.js'
import { recordsInIndex } from './index-file.js'

/** What is needed to count. */
export interface CountContext {
  readonly storage: ArchiveStorage
  readonly codec: Codec<RecordBatch>
  /** Whether indexes are believed. */
  readonly useIndex: boolean
  /** Whether a value may have a delimiter inside, which makes more records of it than the index has. */
  readonly delimited: boolean
}

/** Of an index that is larger than this nothing is believed: it would be of a million chunks. */
const MAX_INDEX_BYTES = 268_435_456

/** Records in a file. */
export interface RecordCount {
  /** When it is read; `undefined` when it is damaged, so that nobody knows. */
  readonly records: number | undefined
  /** When it was written, as far as it is known; less where values were taken apart. */
  readonly written: number | undefined
}

/**
 * How many records files hold: by their index, else by reading them. What was counted once is remembered as long as
 * the file stays the same.
 */
export class RecordCounts {
  readonly #context: CountContext
  readonly #known = new Map<string, RecordCount>()

  constructor(context: CountContext) {
    this.#context = context
  }

  async of(file: DataFile, indexes: ReadonlySet<string>, call: StorageCallOptions): Promise<RecordCount> {
    const identity = `${file.key} ${file.sizeBytes} ${file.modifiedMs}`
    const known = this.#known.get(identity) ?? (await this.#count(file, indexes, call))
    if (known.records !== undefined) this.#known.set(identity, known)
    return known
  }

  async #count(file: DataFile, indexes: ReadonlySet<string>, call: StorageCallOptions): Promise<RecordCount> {
    const { useIndex, delimited } = this.#context
    const written = useIndex || delimited ? await this.#indexed(file, indexes, call) : undefined
    return { written, records: useIndex && written !== undefined ? written : await this.#read(file, call) }
  }

  async #indexed(file: DataFile, indexes: ReadonlySet<string>, call: StorageCallOptions): Promise<number | undefined> {
    const { key, day } = file
    const nextDay = key.replace(`${day}/`, `${dayAfter(day)}/`)
    for (const index of [indexKey(key), indexKey(nextDay)].filter((candidate) => indexes.has(candidate))) {
      const text = await this.#textOf(index, call)
      const records = text === undefined ? undefined : recordsInIndex(text, file)
      if (records !== undefined) return records
    }
    return undefined
  }

  async #textOf(key: string, { signal }: StorageCallOptions): Promise<string | undefined> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of this.#context.storage.get(key, { signal })) {
      bytes += chunk.length
      if (bytes > MAX_INDEX_BYTES) return undefined
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  async #read({ key, sizeBytes }: DataFile, { signal }: StorageCallOptions): Promise<number | undefined> {
    // A file without a record has a chunk without one.
    if (sizeBytes === 0) return undefined
    const { storage, codec } = this.#context
    let records = 0
    try {
      for await (const batch of codec.decode(storage.get(key, { signal }), { signal })) records += batch.recordCount
      return records
    } catch (error) {
      if (!(error instanceof ArchiveCorruptError)) throw error
      return undefined
    }
  }
}

import { StorageError } from '../../errors.js'
import type { ArchiveStorage, GetOptions, ListOptions } from '../../storage/storage.js'
import type { TestFunction } from '../test-function.js'

/** What the groups of the contract share. */
export interface StorageContract {
  readonly test: TestFunction
  readonly open: () => Promise<ArchiveStorage>
  readonly limits: {
    readonly keyMayBePrefixOfAnother: boolean
    readonly ordersByCodePoint: boolean
    readonly maxKeyBytes: number
    readonly maxSegmentBytes: number
    readonly largeObjectBytes: number
  }
}

/** Bytes that differ from place to place, so that a piece in the wrong place is seen. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) bytes[index] = index * 31 + (index >> 8) * 7
  return bytes
}

/** A body that gives `bytes` in pieces of `size`. */
export function inPieces(bytes: Uint8Array, size: number): () => AsyncIterable<Uint8Array> {
  return async function* () {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
  }
}

/** A body that gives `bytes` and then calls `end`, which may throw or never settle. */
export function endingIn(bytes: Uint8Array, end: () => Promise<void>): () => AsyncIterable<Uint8Array> {
  return async function* () {
    yield bytes
    await end()
  }
}

/** All bytes that a get gives. */
export async function read(storage: ArchiveStorage, key: string, options?: GetOptions): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat(await all(storage.get(key, options))))
}

/** The keys of a listing. */
export async function keys(storage: ArchiveStorage, prefix: string, options?: ListOptions): Promise<string[]> {
  return (await all(storage.list(prefix, options))).map(({ key }) => key)
}

/** All items of an iterable. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** Puts an object of one byte at every key, a few at a time. */
export async function putEach(storage: ArchiveStorage, names: readonly string[]): Promise<void> {
  const left = [...names]
  const worker = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await storage.put(name, Uint8Array.of(1))
  }
  await Promise.all(Array.from({ length: 10 }, worker))
}

/** Whether an error says that the store has failed or refused, and about what. */
export function isStorageErrorAbout(key: string): (error: unknown) => boolean {
  return (error) => error instanceof StorageError && error.code === 'STORAGE_FAILED' && error.key === key
}

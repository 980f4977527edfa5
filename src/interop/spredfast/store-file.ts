import { parseSegmentKey, type SegmentName } from '../../archive/names.js'
import { StorageError } from '../../errors.js'
import { allOf } from '../../internal/all-of.js'
import { measureBody } from '../../storage/object-body.js'
import type { ArchiveStorage, ObjectBody, PutOptions, PutResult } from '../../storage/storage.js'
import type { WrittenChunk } from './file-codec.js'
import { cursorKey, dataKey, dayOf, indexKey } from './file-names.js'
import { indexText } from './index-file.js'
import { attemptKey, attemptsPrefix, parseWrittenKey, type WrittenFile, writtenKey } from './written-files.js'

/** Where files are stored. */
export interface FileTarget {
  readonly storage: ArchiveStorage
  /** What keys begin with, of files and in the text of a cursor. */
  readonly prefix: string
  /** Where kafkeep's own objects are. */
  readonly own: ArchiveStorage
  /** What the codec knows of a chunk that it has written. */
  chunkFacts(chunk: Uint8Array): WrittenChunk | undefined
}

const DAY_MS = 86_400_000

/**
 * Stores a segment as the connector stores a file: data, index, cursor, in this order. Then kafkeep's own object, which
 * makes it count: what a process leaves that dies before is replaced by the next one, which knows it by an object that
 * came first.
 */
export async function storeFile(
  target: FileTarget,
  key: string,
  body: ObjectBody,
  { signal }: PutOptions,
): Promise<PutResult> {
  const { storage, prefix, own } = target
  const segment = parseSegmentKey(key)
  if (segment === undefined) throw new StorageError(`${key} is not the name of a segment`, { key })
  for await (const info of own.list(`${key}.s`, { signal })) {
    const { sizeBytes } = parseWrittenKey(info.key) ?? info
    return { created: false, info: { key, sizeBytes, modifiedMs: info.modifiedMs } }
  }
  const chunks = await chunksOf(body)
  const facts = chunks.map((chunk) => target.chunkFacts(chunk) ?? unknownChunk(key))
  const sizeBytes = facts.reduce((bytes, chunk) => bytes + chunk.sizeBytes, 0)
  const first = facts[0]?.first ?? segment.from
  let day = dayOf(Date.now())
  if (facts.length > 0) {
    day = await storeData(target, { ...segment, first }, { chunks, sizeBytes, crc32c: segment.crc32c }, { signal })
    const index = indexKey(prefix + dataKey({ ...segment, first, day }))
    await replace(storage, index, Buffer.from(indexText(first, facts)), { signal })
    await replace(storage, prefix + cursorKey(segment), Buffer.from(index), { signal })
  }
  const { created, info } = await own.put(writtenKey(key, sizeBytes, { day, first }), NOTHING, { signal })
  await forgetAttempts(own, dataKey({ ...segment, first, day }), { signal })
  return { created, info: { key, sizeBytes, modifiedMs: info.modifiedMs } }
}

interface FileContent {
  readonly chunks: readonly Uint8Array[]
  readonly sizeBytes: number
  readonly crc32c: number
}

/**
 * Stores the data under the name of today. Where another file has that name, of tomorrow: nothing is ever replaced but
 * what an own attempt has left. Answers the day.
 */
async function storeData(
  { storage, prefix, own }: FileTarget,
  segment: SegmentName & { readonly first: bigint },
  { chunks, sizeBytes, crc32c: sum }: FileContent,
  { signal }: PutOptions,
): Promise<string> {
  let atMs = Date.now()
  for (;;) {
    const day = dayOf(atMs)
    const name = dataKey({ ...segment, day })
    const there = await storage.head(prefix + name, { signal })
    if (there === undefined) {
      await own.put(attemptKey({ dataKey: name, sizeBytes, crc32c: sum }), NOTHING, { signal })
      const { created } = await storage.put(prefix + name, chunks, { crc32c: sum, signal })
      if (created) return day
      continue
    }
    const { crc32c } = await measureBody(() => storage.get(prefix + name, { signal }), signal)
    const found = { dataKey: name, sizeBytes: there.sizeBytes, crc32c }
    if (found.sizeBytes === sizeBytes && found.crc32c === sum) return day
    const isLeftover = (await own.head(attemptKey(found), { signal })) !== undefined
    if (isLeftover && !(await isArchived(own, segment, name, { signal }))) {
      await storage.delete(prefix + name, { signal })
    } else {
      atMs += DAY_MS
    }
  }
}

const NOTHING = Buffer.alloc(0)

async function forgetAttempts(own: ArchiveStorage, name: string, { signal }: PutOptions): Promise<void> {
  for await (const { key } of own.list(attemptsPrefix(name), { signal })) await own.delete(key, { signal })
}

/** Whether a data file belongs to a segment that is archived. */
async function isArchived(
  own: ArchiveStorage,
  { topic }: SegmentName,
  name: WrittenFile['dataKey'],
  { signal }: PutOptions,
): Promise<boolean> {
  for await (const { key } of own.list(`topics/${topic}/`, { signal })) {
    if (parseWrittenKey(key)?.dataKey === name) return true
  }
  return false
}

/** The connector replaces indexes and cursors. */
async function replace(storage: ArchiveStorage, key: string, body: Buffer, { signal }: PutOptions): Promise<void> {
  const { created } = await storage.put(key, body, { signal })
  if (created) return
  await storage.delete(key, { signal })
  await storage.put(key, body, { signal })
}

async function chunksOf(body: ObjectBody): Promise<readonly Uint8Array[]> {
  if (body instanceof Uint8Array) return [body]
  return typeof body === 'function' ? allOf(body()) : body
}

function unknownChunk(key: string): never {
  throw new StorageError(`${key} was not written by the codec of the spredfast layout`, { key })
}

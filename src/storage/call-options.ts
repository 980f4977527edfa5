import { checkRunOptions, integerOption, portOption, rejectUnknownOptions } from '../internal/options.js'
import { checkKeyPrefix, checkObjectKey } from './object-key.js'
import type { ArchiveStorage, GetOptions, ListOptions, ObjectBody, PutOptions, StorageCallOptions } from './storage.js'

/** The bytes from `startByte` up to, but not including, `endByte`. */
export interface ByteRange {
  readonly startByte: number
  /** `Infinity` where the end of the object is meant. */
  readonly endByte: number
}

/** Checks the arguments of `head`, `delete` and, with more names in `known`, of every other call. */
export function checkKeyCall(key: string, options: StorageCallOptions, known: readonly string[] = []): void {
  checkObjectKey(key)
  checkCallOptions(options, known)
}

/** Checks the arguments of `put`. */
export function checkPut(key: string, body: ObjectBody, options: PutOptions): void {
  checkKeyCall(key, options, ['crc32c'])
  integerOption('crc32c', options.crc32c, 0, { min: 0, max: 0xffff_ffff })
  if (typeof body === 'function' || body instanceof Uint8Array || Array.isArray(body)) return
  throw new TypeError(`a body must be bytes, an array of bytes or a function, got ${String(body)}`)
}

/** Checks the arguments of `get` and returns the range they ask for. */
export function checkedGet(key: string, options: GetOptions): ByteRange {
  checkKeyCall(key, options, ['startByte', 'endByte', 'space'])
  const startByte = integerOption('startByte', options.startByte, 0, { min: 0 })
  if (options.endByte === undefined) return { startByte, endByte: Number.POSITIVE_INFINITY }
  return { startByte, endByte: integerOption('endByte', options.endByte, startByte, { min: startByte }) }
}

/** Checks the arguments of `list`. */
export function checkList(prefix: string, options: ListOptions): void {
  checkKeyPrefix(prefix)
  checkCallOptions(options, ['startAfter'])
  if (options.startAfter !== undefined) checkKeyPrefix(options.startAfter)
}

/** Checks the arguments of `listPrefixes`. */
export function checkListPrefixes(prefix: string, options: StorageCallOptions): void {
  checkKeyPrefix(prefix)
  checkCallOptions(options, [])
}

function checkCallOptions(options: StorageCallOptions, known: readonly string[]): void {
  rejectUnknownOptions('a storage call', options, ['signal', ...known])
  checkRunOptions(options)
}

/** Returns `storage` after checking that it has every method of the port. */
export function storageOption(name: string, storage: ArchiveStorage): ArchiveStorage {
  return portOption(name, storage, ['put', 'get', 'head', 'list', 'listPrefixes', 'delete'])
}

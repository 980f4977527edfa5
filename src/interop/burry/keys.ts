import { crc32c } from '@node-rs/crc32'
import { instantId, instantOf } from '../../archive/instant-id.js'
import { crcHex, ZNODES_PREFIX } from '../../archive/names.js'
import { jsonLinesZnodes } from '../../codec/json-lines-znodes.js'

/** A zip of Burry's in storage. */
export interface BurryObject {
  readonly key: string
  /** Burry's name of the snapshot: when it was taken, in seconds. */
  readonly snapshot: string
}

/** What old versions of Burry named the only object of a bucket. Only the zip itself tells which snapshot it is. */
const LATEST = 'latest.zip'
const SNAPSHOT = /^([1-9]\d{9})(?:\.zip)?$/
const EXTENSION = jsonLinesZnodes().extension

/** Key of the zip of a snapshot. */
export function burryKey(folder: string, snapshot: string): string {
  return `${folder}${snapshot}`
}

/** Key of the zip that does not say which snapshot it is. */
export function latestKey(folder: string): string {
  return `${folder}${LATEST}`
}

/** The snapshot that an object in `folder` is by its key, or `undefined` when it is none. */
export function snapshotOfKey(folder: string, key: string): string | undefined {
  return SNAPSHOT.exec(key.slice(folder.length))?.[1]
}

/** All keys that the zip of a snapshot may have in `folder`. */
export function keysOf(folder: string, snapshot: string): readonly string[] {
  return [burryKey(folder, snapshot), `${burryKey(folder, snapshot)}.zip`, latestKey(folder)]
}

/** Where the keys of snapshots begin and end among all keys of `folder`: they begin with a digit. */
export function keyRange(folder: string): { readonly startAfter: string; readonly end: string } {
  return { startAfter: `${folder}1`, end: `${folder}:` }
}

/** The name under which kafkeep sees the zip: always the same for the same zip. */
export function shownKey({ key, snapshot }: BurryObject): string {
  return `${ZNODES_PREFIX}${instantId(Number(snapshot) * 1_000, crcHex(crc32c(key)))}${EXTENSION}`
}

/** The snapshot whose zip kafkeep sees under a key, or under which it stores one; `undefined` for every other key. */
export function snapshotOfShownKey(key: string): string | undefined {
  if (!key.startsWith(ZNODES_PREFIX) || !key.endsWith(EXTENSION)) return undefined
  const takenMs = instantOf(key.slice(ZNODES_PREFIX.length, -EXTENSION.length))
  const snapshot = String(Math.floor((takenMs ?? Number.NaN) / 1_000))
  return SNAPSHOT.test(snapshot) ? snapshot : undefined
}

import { gapKey, type OffsetRange, segmentKey, type TopicIdentity } from '../../archive/names.js'
import { ascending } from '../../internal/bigint.js'
import type { ObjectInfo } from '../../storage/storage.js'
import type { DataFile } from './bucket.js'
import type { RecordCount } from './count-records.js'
import { FOREIGN_EXTENSION, MOVED_EXTENSION } from './file-codec.js'

/** A file and the offsets that its records have if they follow each other. */
export interface PlacedFile extends OffsetRange {
  readonly file: DataFile
  readonly records: number
}

/**
 * Puts the files of a partition in order. One that is damaged is taken to reach to the next one, so that whoever reads it
 * finds the damage. Behind values that were taken apart everything moves.
 */
export function placed(files: readonly (DataFile & RecordCount)[]): PlacedFile[] {
  const ordered = [...files].sort((a, b) => ascending(a.first, b.first))
  const following = firstsBehind(ordered)
  let moved = 0n
  return ordered.flatMap((file, index) => {
    const { first, records, written } = file
    const count = records ?? Number((following[index] ?? first + 1n) - first)
    const from = first + moved
    if (written !== undefined && count > written) moved += BigInt(count - written)
    return count === 0 ? [] : [{ file, records: count, from, next: from + BigInt(count) }]
  })
}

/** For each file where the next one begins that does not begin where it does. */
function firstsBehind(ordered: readonly DataFile[]): (bigint | undefined)[] {
  const behind = new Array<bigint | undefined>(ordered.length)
  let next: bigint | undefined
  for (let index = ordered.length - 1; index >= 0; index--) {
    const [own, later] = [ordered[index]?.first, ordered[index + 1]?.first]
    if (later !== own) next = later
    behind[index] = next
  }
  return behind
}

/** Files that have offsets in common. */
export interface SharedOffsets extends OffsetRange {
  readonly earlier: PlacedFile
  readonly later: PlacedFile
}

/** Where files overlap: the connector writes again what it is not sure to have written. */
export function overlapsIn(files: readonly PlacedFile[]): SharedOffsets[] {
  const overlaps: SharedOffsets[] = []
  let earlier: PlacedFile | undefined
  for (const later of files) {
    if (earlier !== undefined && later.from < earlier.next) {
      const next = later.next < earlier.next ? later.next : earlier.next
      overlaps.push({ earlier, later, from: later.from, next })
    }
    if (earlier === undefined || later.next > earlier.next) earlier = later
  }
  return overlaps
}

/** Between two files, offsets of which nobody knows whether they had records: compaction and transactions leave holes too. */
function gapsBetween(files: readonly PlacedFile[]): OffsetRange[] {
  const gaps: OffsetRange[] = []
  let reached: bigint | undefined
  for (const { from, next } of files) {
    if (reached !== undefined && from > reached) gaps.push({ from: reached, next: from })
    if (reached === undefined || next > reached) reached = next
  }
  return gaps
}

/** A name of kafkeep's own, and the object that is shown under it; a gap has none. */
export interface ShownObject {
  readonly info: ObjectInfo
  readonly file: DataFile | undefined
}

/** A partition under kafkeep's own names. */
export function shownObjects(
  identity: TopicIdentity & { readonly partition: number },
  files: readonly PlacedFile[],
): ShownObject[] {
  const generation = 1
  const segments = files.map(({ file, records, from, next }) => {
    const facts = { firstEpoch: -1, lastEpoch: -1, maxTimestampMs: -1n, abortedTransactions: 0, crc32c: 0 }
    const extension = from === file.first ? FOREIGN_EXTENSION : MOVED_EXTENSION
    const key = segmentKey({ ...identity, generation, from, next, records, ...facts, extension })
    return { info: { key, sizeBytes: file.sizeBytes, modifiedMs: file.modifiedMs }, file }
  })
  const gaps = gapsBetween(files).map((range) => {
    const key = gapKey({ ...identity, generation, ...range, cause: 'unknown' })
    return { info: { key, sizeBytes: 0, modifiedMs: 0 }, file: undefined }
  })
  return [...segments, ...gaps]
}

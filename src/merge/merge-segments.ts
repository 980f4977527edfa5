import { readAborted } from '../archive/aborted.js'
import { abortedKey, parseAbortedKey } from '../archive/names.js'
import { isWithin } from '../archive/offset-ranges.js'
import type { PartitionObjects, SegmentInfo } from '../archive/partition-log.js'
import { openSegment, type SegmentSource } from '../archive/read-segment.js'
import { OpenSegment } from '../archiver/open-segment.js'
import { SegmentMemory } from '../archiver/segment-memory.js'
import { storeSegment } from '../archiver/store-segment.js'
import { topicCodecFor } from '../codec/built-in.js'
import { ArchiveCorruptError } from '../errors.js'
import type { StorageCallOptions } from '../storage/storage.js'
import { readDeeply } from '../verify/verify-segment.js'
import type { MergeGroup } from './plan-merge.js'

const OVERRUN_BYTES = 8_388_608

/**
 * Stores what a group gives as one segment, its sidecar first. Nothing is deleted. `undefined` where it would become too
 * large, or where a batch reaches over one of the places where segments overlap.
 */
export async function storeMerged(
  source: SegmentSource,
  group: MergeGroup,
  { segmentBytes, signal }: StorageCallOptions & { readonly segmentBytes: number },
): Promise<SegmentInfo | undefined> {
  const [first] = group
  if (first === undefined) return undefined
  const { storage, codecs } = source
  const { topic, topicId, partition, generation, extension } = first.segment
  const memory = new SegmentMemory({ memoryBytes: segmentBytes + OVERRUN_BYTES, segmentBytes, reuses: false })
  const open = new OpenSegment({ topic, partition }, first.from, memory)
  let { from: reached } = first
  let merged = 0
  for (const link of group) {
    // Compressed segments may hold far more than their objects are large.
    if (open.bytes >= segmentBytes) break
    open.expectAborted(await readAborted(storage, link.segment, { signal }))
    for await (const batch of await openSegment(source, link.segment, { signal })) {
      if (batch.nextOffset <= link.from) continue
      if (batch.baseOffset < reached && link.from !== link.segment.from) return undefined
      open.take(batch)
      open.keep(batch.bytes)
    }
    open.extendTo(link.next)
    reached = link.next
    merged++
  }
  if (merged < 2) return undefined
  const content = open.close()
  const identity = { topic, topicId, partition, generation }
  return storeSegment({ storage, codec: topicCodecFor(extension, codecs) }, identity, content, { signal })
}

/**
 * Deletes the segments that another one has whole, once that one was read back: it is about to be the only one.
 *
 * @throws {@link ArchiveCorruptError} when it is not what it must be; then nothing is deleted.
 */
export async function replaceBy(
  source: SegmentSource,
  merged: SegmentInfo,
  replaced: readonly SegmentInfo[],
  { signal }: StorageCallOptions,
): Promise<void> {
  const [finding] = await readDeeply(source, merged, { signal })
  if (finding !== undefined) {
    const { key, text, hint } = finding
    const { from, next } = merged
    throw new ArchiveCorruptError(text, { key, from, next, hint })
  }
  for (const { key, abortedTransactions } of replaced) {
    await source.storage.delete(key, { signal })
    if (abortedTransactions > 0) await source.storage.delete(abortedKey(key), { signal })
  }
}

/** Sidecars whose segments are gone, and whose offsets one of `settled` has. */
export function orphansIn({ segments, others }: PartitionObjects, settled: readonly SegmentInfo[]): string[] {
  const there = new Set(segments.map(({ key }) => abortedKey(key)))
  return others.flatMap(({ key }) => {
    const named = there.has(key) ? undefined : parseAbortedKey(key)
    const isOrphan = settled.some((segment) => segment.generation === named?.generation && isWithin(named, segment))
    return isOrphan ? [key] : []
  })
}

import { crc32c } from '@node-rs/crc32'
import type { Finding } from '../archive/finding.js'
import type { OffsetRange } from '../archive/names.js'
import { offsetsOf, overlap } from '../archive/offset-ranges.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { hasTrueOffsets, type SegmentSource, streamSegment } from '../archive/read-segment.js'
import { FIELD } from '../batch/batch-header.js'
import { topicCodecFor } from '../codec/built-in.js'
import { ArchiveCorruptError } from '../errors.js'
import type { StorageCallOptions } from '../storage/storage.js'
import { placeOf } from './findings.js'
import { isReadable } from './verify-segment.js'

/**
 * Whether two segments of a generation have the same batches where they overlap, or the same records if a codec keeps no
 * batches. Damage of either is not told here.
 */
export async function compareSegments(
  source: SegmentSource,
  { one, other, shared }: { readonly one: SegmentInfo; readonly other: SegmentInfo; readonly shared: OffsetRange },
  { signal }: StorageCallOptions,
): Promise<Finding[]> {
  if ([one, other].some((segment) => !isReadable(source, segment) || !hasTrueOffsets(source, segment))) return []
  const keepBatches = [one, other].every(({ extension }) => topicCodecFor(extension, source.codecs).lossless)
  const marksOf = keepBatches ? marksOfBatches : marksOfRecords
  const ours = marksOf(source, one, shared, { signal })
  const theirs = marksOf(source, other, shared, { signal })
  try {
    for (;;) {
      const [a, b] = [await ours.next(), await theirs.next()]
      if (a.done === true && b.done === true) return []
      if (a.value !== b.value) return [disagreement(one, other, shared)]
    }
  } catch (error) {
    if (error instanceof ArchiveCorruptError) return []
    throw error
  } finally {
    await ours.return()
    await theirs.return()
  }
}

/** What tells each of the batches in a range from any other. */
async function* marksOfBatches(
  source: SegmentSource,
  segment: SegmentInfo,
  range: OffsetRange,
  { signal }: StorageCallOptions,
): AsyncGenerator<string, void, void> {
  for await (const batches of streamSegment(source, segment, { signal })) {
    for (const { baseOffset: from, nextOffset: next, bytes } of batches) {
      if (overlap({ from, next }, range) !== undefined) yield `${from} ${bytes.readUInt32BE(FIELD.crc)}`
    }
  }
}

/** What tells each of the records in a range from any other, as far as every codec keeps it. */
async function* marksOfRecords(
  source: SegmentSource,
  segment: SegmentInfo,
  { from, next }: OffsetRange,
  { signal }: StorageCallOptions,
): AsyncGenerator<string, void, void> {
  for await (const batches of streamSegment(source, segment, { signal })) {
    for (const { offset, key, value } of batches.flatMap((batch) => (batch.control ? [] : [...batch.records()]))) {
      if (offset >= from && offset < next) yield `${offset} ${crc32c(key ?? NOTHING)} ${crc32c(value ?? NOTHING)}`
    }
  }
}

const NOTHING = Buffer.alloc(0)

function disagreement(one: SegmentInfo, other: SegmentInfo, shared: OffsetRange): Finding {
  return {
    kind: 'mismatch',
    key: other.key,
    ...placeOf({ ...other, ...shared }),
    text: `segments ${one.key} and ${other.key} have other records at ${offsetsOf(shared)}`,
    hint: 'one of them belongs to another partition: compare them with the topic, and remove that one',
  }
}

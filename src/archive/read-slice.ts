import type { RecordBatchView } from '../batch/record-batch.js'
import { topicCodecFor } from '../codec/built-in.js'
import { batchLists } from '../codec/log-segments.js'
import { ArchiveCorruptError, ObjectNotFoundError } from '../errors.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import type { ChainLink } from './chain.js'
import type { SegmentInfo } from './partition-log.js'
import { openSegment, placeOf, type SegmentSource } from './read-segment.js'
import { objectStart, type SliceStart, sliceStart } from './slice-start.js'
import { isSound } from './sound-batch.js'

/** Less is read whole: a request more takes longer. */
const MIN_SEGMENT_BYTES = 1_048_576
/** What is asked for first, and at most at once; each request asks for twice as much as the one before. */
const FIRST_REQUEST_BYTES = 262_144
const MAX_REQUEST_BYTES = 8_388_608

/** How a slice is read. */
export interface SliceOptions {
  /** Whether the batches from the segment's beginning on are needed, as they are to judge transactions. */
  readonly fromStart: boolean
}

/**
 * Whether to read only a part of a segment's object: where less than half of its offsets is wanted, and its codec keeps
 * whole batches one after another.
 */
export function isSlice({ codecs }: SegmentSource, link: ChainLink<SegmentInfo>, { fromStart }: SliceOptions): boolean {
  const { segment, from, next } = link
  if (segment.sizeBytes < MIN_SEGMENT_BYTES) return false
  const wanted = next - (fromStart ? segment.from : from)
  if (wanted * 2n > segment.next - segment.from) return false
  const { seekable, verbatim } = topicCodecFor(segment.extension, codecs)
  return seekable && verbatim === true
}

/**
 * The batches of a part of a segment, and maybe some before it. Only about that part of the object is read, so the
 * checksum in its name says nothing. Each batch has one of its own, and its offsets must follow those of the batch before
 * it. Where there is any doubt, the object is read whole and its checksum decides.
 *
 * @throws {@link ArchiveCorruptError} when the object is missing or damaged.
 */
export async function* readSlice(
  source: SegmentSource,
  link: ChainLink<SegmentInfo>,
  { signal, fromStart }: SliceOptions & StorageCallOptions,
): AsyncGenerator<RecordBatchView, void, void> {
  const { segment } = link
  const start = await startOf(source, link, { signal, fromStart })
  const doubtful = start === undefined ? 0n : yield* soundBatches(source.storage, link, start, { signal })
  if (doubtful === undefined) return
  for await (const batch of await openSegment(source, segment, { signal })) {
    if (batch.nextOffset > doubtful) yield batch
  }
}

async function startOf(
  { storage }: SegmentSource,
  { segment, from }: ChainLink<SegmentInfo>,
  { signal, fromStart }: SliceOptions & StorageCallOptions,
): Promise<SliceStart | undefined> {
  if (fromStart || from === segment.from) return objectStart(segment)
  try {
    return await sliceStart(storage, segment, from, { signal })
  } catch (error) {
    return undecided(error)
  }
}

/**
 * Gives batches as long as each one is intact and follows the one before. Answers `undefined` when that were all, else
 * the offset from which on the object must be read whole.
 */
async function* soundBatches(
  storage: ArchiveStorage,
  { segment, next }: ChainLink<SegmentInfo>,
  { position, baseOffset, leaderEpoch }: SliceStart,
  { signal }: StorageCallOptions,
): AsyncGenerator<RecordBatchView, bigint | undefined, void> {
  const lists = batchLists(bytesFrom(storage, segment, position, { signal }), { signal, place: placeOf(segment) })
  let reached = baseOffset
  try {
    for await (const batches of lists) {
      for (const batch of batches) {
        if (!isSound(batch, { baseOffset: reached, leaderEpoch })) return reached
        yield batch
        reached = batch.nextOffset
        if (reached >= next) return undefined
      }
    }
  } catch (error) {
    undecided(error)
  }
  return reached
}

/** The bytes of a segment from a position on, request by request, so that not many more come than are taken. */
async function* bytesFrom(
  storage: ArchiveStorage,
  { key, sizeBytes }: SegmentInfo,
  position: number,
  { signal }: StorageCallOptions,
): AsyncGenerator<Uint8Array, void, void> {
  let startByte = position
  for (let bytes = FIRST_REQUEST_BYTES; startByte < sizeBytes; bytes = Math.min(2 * bytes, MAX_REQUEST_BYTES)) {
    const endByte = startByte + bytes
    yield* storage.get(key, { startByte, endByte, signal })
    startByte = endByte
  }
}

/** Damage, or a missing object: reading it whole says what it is. Other errors are thrown. */
function undecided(error: unknown): undefined {
  if (error instanceof ArchiveCorruptError || error instanceof ObjectNotFoundError) return undefined
  throw error
}

import { crc32c } from '@node-rs/crc32'
import type { RecordPlace } from '../batch/read-records.js'
import { type RecordBatch, type RecordBatchView, viewOf } from '../batch/record-batch.js'
import { rebased } from '../batch/write-batch.js'
import { topicCodecFor } from '../codec/built-in.js'
import type { Codec } from '../codec/codec.js'
import { batchLists, passingBatchLists } from '../codec/log-segments.js'
import { ArchiveCorruptError, ObjectNotFoundError } from '../errors.js'
import { allOf } from '../internal/all-of.js'
import { itemsOf } from '../internal/items-of.js'
import type { ArchiveStorage, GetOptions, StorageCallOptions } from '../storage/storage.js'
import { BRING_BACK } from './finding.js'
import { SPREDFAST_TOPIC_ID, segmentSubject } from './names.js'
import { offsetsOf } from './offset-ranges.js'
import type { SegmentInfo } from './partition-log.js'
import type { ReusedBlocks } from './reused-blocks.js'

/** Another tool's own number of records may be wrong where its object is not. */
const WRONG_COUNT =
  'check that `keys` and `format` of the layout are what the tool was configured with; if they are, its index is wrong or values hold delimiters: have the records counted with `useIndex: false`'

/** How a segment is read. */
export interface SegmentReadOptions extends StorageCallOptions {
  /** Memory to read it to where that can be done; each batch then stays as it is until it is released there. */
  readonly blocks?: ReusedBlocks | undefined
}

/** Where segments are read from, and how. */
export interface SegmentSource {
  readonly storage: ArchiveStorage
  /** The caller's codecs, besides the built-in ones. */
  readonly codecs: readonly Codec<RecordBatch>[]
}

/**
 * How the offsets of a segment's records are known. Codecs that are not lossless keep none; they follow from the
 * segment's name only where it holds a record for each of its offsets. Of objects of another tool nobody knows that:
 * there they are derived by counting.
 */
export type OffsetKnowledge = 'kept' | 'derived' | 'unknown'

/** How the offsets of a segment's records are known. */
export function offsetsIn({ codecs }: SegmentSource, segment: SegmentInfo): OffsetKnowledge {
  const { lossless } = topicCodecFor(segment.extension, codecs)
  if (!lossless && BigInt(segment.records) !== segment.next - segment.from) return 'unknown'
  // In a converted archive, too.
  return segment.topicId === SPREDFAST_TOPIC_ID ? 'derived' : 'kept'
}

/** Whether the offsets of a segment's records are those that they had. */
export function hasTrueOffsets(source: SegmentSource, segment: SegmentInfo): boolean {
  return offsetsIn(source, segment) === 'kept'
}

/**
 * The batches of a segment in order. The object is read whole and its checksum compared with its name before the
 * first batch is given out: nothing damaged is ever passed on.
 *
 * @throws {@link ArchiveCorruptError} when the object is missing, damaged, or holds other offsets than its name says.
 */
export async function* readSegment(
  source: SegmentSource,
  segment: SegmentInfo,
  options: StorageCallOptions,
): AsyncGenerator<RecordBatchView, void, void> {
  yield* await openSegment(source, segment, options)
}

/**
 * {@link readSegment} in two steps: what this gives is of an object whose checksum is right. Only content that
 * contradicts the name, or that its codec cannot decode, is still found when the batches are read.
 */
export async function openSegment(
  { storage, codecs }: SegmentSource,
  segment: SegmentInfo,
  { signal, blocks }: SegmentReadOptions,
): Promise<AsyncGenerator<RecordBatchView, void, void>> {
  const codec = topicCodecFor(segment.extension, codecs)
  const order = new BatchOrder(segment)
  const how = { signal, place: placeOf(segment) }
  if (blocks !== undefined && codec.verbatim === true && storage.capabilities?.readsInPlace === true) {
    const pieces = await readToBlocks(storage, segment, blocks, { signal })
    return oneByOne(inOrder(noted(batchLists(itemsOf(pieces), how), blocks), order, codec))
  }
  const foreign = codec.foreign !== undefined
  const bytes = checkedChunks(storage, segment, { foreign, signal })
  // The codec of foreign objects looks at each part before it gives something of it.
  const checked = foreign ? bytes : released(await allOf(bytes))
  const lists = codec.verbatim === true ? batchLists(checked, how) : decodedLists(codec, checked, order, { signal })
  return oneByOne(inOrder(lists, order, codec))
}

/** The whole object in memory that is used again, once its checksum is right. */
async function readToBlocks(
  storage: ArchiveStorage,
  segment: SegmentInfo,
  blocks: ReusedBlocks,
  { signal }: StorageCallOptions,
): Promise<readonly Buffer[]> {
  blocks.begin()
  const space = () => blocks.space()
  for await (const { length } of checkedChunks(storage, segment, { signal, space })) blocks.read(length)
  return blocks.pieces
}

async function* noted(
  lists: AsyncIterable<readonly RecordBatchView[]>,
  blocks: ReusedBlocks,
): AsyncGenerator<readonly RecordBatchView[], void, void> {
  for await (const batches of lists) {
    yield batches
    const given = batches.reduce((sum, { bytes }) => sum + bytes.length, 0)
    blocks.given(given, batches.at(-1)?.nextOffset ?? 0n)
  }
}

/**
 * The batches of a segment as its object comes, without holding all of it, in lists. Only at the end is the checksum
 * compared with the name: for those who look at a segment and pass nothing of it on. Each list stays as it is until the
 * next but one is asked for; then its memory may be used again.
 *
 * @throws {@link ArchiveCorruptError} as {@link readSegment} does, possibly after the batches.
 */
export async function* streamSegment(
  { storage, codecs }: SegmentSource,
  segment: SegmentInfo,
  { signal }: StorageCallOptions,
): AsyncGenerator<readonly RecordBatchView[], void, void> {
  const codec = topicCodecFor(segment.extension, codecs)
  const foreign = codec.foreign !== undefined
  const order = new BatchOrder(segment)
  const bytes = (space?: () => Uint8Array) => checkedChunks(storage, segment, { foreign, signal, space })
  const lists =
    codec.verbatim === true
      ? passingBatchLists(bytes, { signal, place: placeOf(segment) })
      : decodedLists(codec, bytes(), order, { signal })
  yield* inOrder(lists, order, codec)
}

async function* oneByOne(lists: AsyncIterable<readonly RecordBatchView[]>) {
  for await (const batches of lists) for (const batch of batches) yield batch
}

/** The batches of a segment, as long as they are where they belong. */
async function* inOrder(
  lists: AsyncIterable<readonly RecordBatchView[]>,
  order: BatchOrder,
  codec: Codec<RecordBatch>,
): AsyncGenerator<readonly RecordBatchView[], void, void> {
  const { segment } = order
  const hint = codec.foreign === undefined ? BRING_BACK : WRONG_COUNT
  try {
    for await (const batches of lists) {
      const fitting = batches.findIndex((batch) => !order.take(batch))
      if (fitting !== 0) yield fitting === -1 ? batches : batches.slice(0, fitting)
      const wrong = batches[fitting]
      if (wrong !== undefined) throw misplaced(segment, wrong, hint)
    }
  } catch (cause) {
    if (cause instanceof ArchiveCorruptError && cause.key === undefined)
      throw damaged(segment, cause.message, { cause })
    throw cause
  }
  if (codec.lossless || order.records === segment.records) return
  throw damaged(segment, `it holds ${order.records} records where ${segment.records} should be`, { hint })
}

/** The batches that a codec gives, each by itself. */
async function* decodedLists(
  codec: Codec<RecordBatch>,
  bytes: AsyncIterable<Uint8Array>,
  order: BatchOrder,
  { signal }: StorageCallOptions,
): AsyncGenerator<readonly RecordBatchView[], void, void> {
  const { segment } = order
  const place = placeOf(segment, codec.foreign)
  for await (const decoded of codec.decode(bytes, { signal, subject: segmentSubject(segment) })) {
    // Codecs that lose offsets count from 0; the name tells where the segment begins.
    yield [viewOf({ bytes: codec.lossless ? decoded.bytes : rebased(decoded.bytes, order.next) }, place)]
  }
}

/** Where the records of a segment are from, and how far their offsets are known. */
export function placeOf(
  { topic, topicId, partition, from }: SegmentInfo,
  foreign?: Codec<RecordBatch>['foreign'],
): RecordPlace {
  if (topicId !== SPREDFAST_TOPIC_ID) return { topic, partition }
  return { topic, partition, knownOffset: foreign === 'placed' ? from : from - 1n }
}

/** Follows the batches of a segment, which must ascend within the offsets of its name. */
class BatchOrder {
  readonly segment: SegmentInfo
  /** Offset after the last batch. */
  next: bigint
  records = 0

  constructor(segment: SegmentInfo) {
    this.segment = segment
    this.next = segment.from
  }

  /** Answers whether the batch may come now. */
  take({ baseOffset, nextOffset, recordCount }: RecordBatchView): boolean {
    const { from, next } = this.segment
    // Only the first batch may begin before its segment: the log began inside it.
    const isTooEarly = baseOffset < this.next && this.next !== from
    if (isTooEarly || nextOffset <= this.next || nextOffset > next) return false
    this.next = nextOffset
    this.records += recordCount
    return true
  }
}

/**
 * The bytes of a segment's object. When all are given the checksum is compared with the name, unless the object is
 * `foreign`: then its name has none.
 */
export async function* checkedChunks(
  storage: ArchiveStorage,
  segment: SegmentInfo,
  { foreign = false, signal, space }: StorageCallOptions & Pick<GetOptions, 'space'> & { readonly foreign?: boolean },
): AsyncGenerator<Uint8Array, void, void> {
  const options = storage.capabilities?.readsInPlace === true ? { signal, space } : { signal }
  let crc = 0
  try {
    for await (const chunk of storage.get(segment.key, options)) {
      crc = crc32c(chunk, crc)
      yield chunk
    }
  } catch (cause) {
    if (cause instanceof ObjectNotFoundError) throw damaged(segment, 'the object is gone', { cause })
    throw cause
  }
  if (!foreign && crc !== segment.crc32c) throw damaged(segment, 'its checksum is not the one in its name')
}

function damaged(
  segment: SegmentInfo,
  why: string,
  { cause, hint = BRING_BACK }: { readonly cause?: unknown; readonly hint?: string } = {},
): ArchiveCorruptError {
  const { key, from, next } = segment
  const text = `segment ${key} (${offsetsOf(segment)}) is damaged: ${why}`
  return new ArchiveCorruptError(text, { key, from, next, cause, hint })
}

function misplaced(segment: SegmentInfo, { baseOffset, nextOffset }: RecordBatchView, hint: string) {
  const why = `it holds offsets ${baseOffset} to ${nextOffset - 1n} where they do not belong`
  return damaged(segment, why, { hint })
}

/** All chunks in order; each is let go once it is read. */
async function* released(chunks: Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) yield chunk
}

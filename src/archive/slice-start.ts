import { HEADER_BYTES } from '../batch/batch-header.js'
import { allOf } from '../internal/all-of.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { type BatchHeader, headersIn } from './batch-headers.js'
import type { SegmentInfo } from './partition-log.js'
import type { ExpectedHeader } from './sound-batch.js'

/** Where a batch begins inside a segment, and what its header must say. */
export interface SliceStart extends ExpectedHeader {
  readonly position: number
}

/**
 * What is looked at before a slice. Kafka's own limit of a batch is 1 MiB, unless it is raised.
 *
 * A record may hold bytes that look like batches, and its producer can choose them. So a batch is only believed to begin
 * where it seems to if everything in so many bytes before it that may be a header is: each batch ends where the next one
 * begins. No batch of up to this length can hide from that.
 */
const PROOF_BYTES = 4_194_304
/** The search ends when the batch must begin within so many bytes. */
const CLOSE_BYTES = 262_144
/** What is read at first to find a header; twice as much each time there is none in it. */
const WINDOW_BYTES = 65_536
/** Eight halves bring 64 MiB down to that; those by proportion are usually better. */
const MAX_PROBES = 24

/** The beginning of a segment's object, as its name tells it. */
export function objectStart({ from, firstEpoch }: SegmentInfo): SliceStart {
  return { position: 0, baseOffset: from, leaderEpoch: firstEpoch }
}

/**
 * Where to begin to read a segment from `offset` on: at a batch that begins at or before it, at best closely. There is no
 * index: offsets ascend, and batches say which they hold. `undefined` where it is not certain that a batch begins there.
 */
export async function sliceStart(
  storage: ArchiveStorage,
  segment: SegmentInfo,
  offset: bigint,
  options: StorageCallOptions,
): Promise<SliceStart | undefined> {
  if (segment.sizeBytes <= PROOF_BYTES) return objectStart(segment)
  const found = await lastBatchBefore(storage, segment, offset, options)
  if (found === undefined || found.position <= PROOF_BYTES) return objectStart(segment)
  return (await isProven(storage, segment, found, options)) ? found : undefined
}

/** Searches by proportion and by halves, in turn, so that it is quick where batches are alike and never slow. */
async function lastBatchBefore(
  storage: ArchiveStorage,
  segment: SegmentInfo,
  offset: bigint,
  options: StorageCallOptions,
): Promise<BatchHeader | undefined> {
  let found: BatchHeader | undefined
  let low = { position: 0, offset: segment.from }
  let high = { position: segment.sizeBytes, offset: segment.next }
  for (let probe = 0; probe < MAX_PROBES && high.position - low.position > CLOSE_BYTES; probe++) {
    const bytes = high.position - low.position
    const share = probe % 3 === 2 ? 0.5 : Number(offset - low.offset) / Number(high.offset - low.offset)
    // Somewhat before it, so that the batch is rather found than missed by a little.
    const position = low.position + Math.max(1, Math.floor(bytes * share) - CLOSE_BYTES / 2)
    const header = await headerFrom(storage, segment, position, high.position, options)
    if (header === undefined) high = { ...high, position }
    else if (header.baseOffset > offset) high = { position, offset: header.baseOffset }
    else {
      found = header
      if (header.nextOffset > offset) break
      low = { position: header.position, offset: header.baseOffset }
    }
  }
  return found
}

/** The first header at or after a position, before `end`. */
async function headerFrom(
  storage: ArchiveStorage,
  segment: SegmentInfo,
  position: number,
  end: number,
  options: StorageCallOptions,
): Promise<BatchHeader | undefined> {
  for (let start = position, bytes = WINDOW_BYTES; start < end; start += bytes, bytes *= 2) {
    // The end of each window is looked at again with the next one: a header may lie across.
    const part = await bytesIn(storage, segment, start, start + bytes + HEADER_BYTES - 1, options)
    for (const header of headersIn(part, start, segment)) return header.position < end ? header : undefined
  }
  return undefined
}

async function isProven(
  storage: ArchiveStorage,
  segment: SegmentInfo,
  found: BatchHeader,
  options: StorageCallOptions,
): Promise<boolean> {
  const start = found.position - PROOF_BYTES
  const before = await bytesIn(storage, segment, start, found.position + HEADER_BYTES, options)
  let previous: BatchHeader | undefined
  for (const header of headersIn(before, start, segment)) {
    if (previous !== undefined && !follows(header, previous)) return false
    // What follows `found` is proven by `found`.
    if (header.position === found.position) return previous !== undefined
    previous = header
  }
  return false
}

function follows(header: BatchHeader, previous: BatchHeader): boolean {
  const { position, baseOffset, leaderEpoch } = header
  return position === previous.end && baseOffset === previous.nextOffset && leaderEpoch === previous.leaderEpoch
}

async function bytesIn(
  storage: ArchiveStorage,
  { key }: SegmentInfo,
  startByte: number,
  endByte: number,
  { signal }: StorageCallOptions,
): Promise<Buffer> {
  return Buffer.concat(await allOf(storage.get(key, { startByte, endByte, signal })))
}

import { type ChainBatch, isUncut, recordsOf, type TimeRange, undecodable } from '../archive/read-chain.js'
import type { RecordBatchView } from '../batch/record-batch.js'
import { type BatchCut, coalesceBatches, cutBatch } from '../batch/reframe.js'
import { earlier, larger, smaller } from '../internal/bigint.js'
import type { OutgoingBatch } from './step.js'

/** An outgoing batch before it is known what comes before it. */
export type Content = Pick<
  OutgoingBatch,
  'records' | 'sizeBytes' | 'timestampMs' | 'sourceFrom' | 'sourceNext' | 'recordsBefore'
> & {
  /** The records, with the archive's header fields or none. */
  readonly bytes: () => Buffer
}

/** Batches up to this size are put together: a request costs the same, whatever is in it. */
const SMALL_BYTES = 32_768
/** About how large a batch of small ones becomes. */
export const COALESCED_BYTES = 262_144

/** Whether every offset of the batch holds a wanted record whose bytes say what readers saw. */
export function isWhole(item: ChainBatch, times: TimeRange): boolean {
  const { batch } = item
  return (
    isUncut(item) &&
    batch.recordCount === batch.lastOffsetDelta + 1 &&
    batch.timestampType === 'create' &&
    (!mayLack(batch, times) || count(recordsOf(item, times)) === batch.recordCount)
  )
}

/** Only what every process can decode may be put together: the batches must be the same wherever a restore goes on. */
export function isSmall({ batch, offsets }: ChainBatch): boolean {
  return batch.bytes.length <= SMALL_BYTES && batch.compression === 'none' && offsets !== 'unknown'
}

/** A batch that is sent with the records' bytes as they are. */
export function whole({ batch, from, next, offsets }: ChainBatch): Content {
  const isPlaced = offsets !== 'unknown'
  return {
    records: batch.recordCount,
    sizeBytes: batch.bytes.length,
    timestampMs: batch.maxTimestampMs,
    sourceFrom: isPlaced ? batch.baseOffset : from,
    sourceNext: isPlaced ? batch.nextOffset : next,
    bytes: () => batch.bytes,
    // Where offsets are not known a consumer is set before all that it may not have read: a repeat, never a loss.
    recordsBefore: (offset) => (isPlaced ? recordsOfWholeBefore(batch, offset) : 0),
  }
}

/** Whole small batches, whose offsets are known, that are about to be sent as one. */
export class SmallBatches {
  #items: ChainBatch[] = []
  #bytes = 0

  /** Whether the batch begins where these end. */
  endAt({ batch }: ChainBatch): boolean {
    return this.#items.at(-1)?.batch.nextOffset === batch.baseOffset
  }

  /** Takes one more. Answers whether it is time to send them. */
  add(item: ChainBatch): boolean {
    this.#items.push(item)
    this.#bytes += item.batch.bytes.length
    return this.#bytes >= COALESCED_BYTES
  }

  /** All as one, or nothing if there are none. None are left. */
  *take(): Generator<Content, void, void> {
    const items = this.#items
    this.#items = []
    this.#bytes = 0
    const batches = items.map(({ batch }) => batch)
    const [first, ...others] = items
    const last = others.at(-1)
    if (first === undefined) return
    if (last === undefined) return yield whole(first)
    yield {
      records: sum(batches, ({ recordCount }) => recordCount),
      sizeBytes: sum(batches, ({ bytes }) => bytes.length),
      timestampMs: batches.reduce((earliest, { maxTimestampMs }) => earlier(earliest, maxTimestampMs), -1n),
      sourceFrom: first.batch.baseOffset,
      sourceNext: last.batch.nextOffset,
      bytes: () => dense(batches),
      recordsBefore: (offset) => sum(batches, (batch) => recordsOfWholeBefore(batch, offset)),
    }
  }
}

/** The wanted records of a batch that is cut, has holes, or whose times the broker set, without the holes. */
export function* condensed(item: ChainBatch, times: TimeRange): Generator<Content, void, void> {
  const { batch, from, next } = item
  const offsets = wantedOffsets(item, times)
  const [sourceFrom] = offsets
  if (sourceFrom === undefined) return
  yield {
    records: offsets.length,
    sizeBytes: batch.bytes.length,
    timestampMs: batch.maxTimestampMs,
    sourceFrom,
    sourceNext: smaller(batch.nextOffset, next),
    bytes: () => dense([batch], { from, next, ...times }),
    recordsBefore: (before) => offsets.filter((offset) => offset < before).length,
  }
}

/** The wanted records of such a batch in runs whose offsets follow each other, as batches of their own. */
export function* runs(item: ChainBatch, times: TimeRange): Generator<Content, void, void> {
  const { batch } = item
  let sizeBytes = batch.bytes.length
  for (const [from, next] of consecutive(wantedOffsets(item, times))) {
    yield {
      records: Number(next - from),
      sizeBytes,
      timestampMs: batch.maxTimestampMs,
      sourceFrom: from,
      sourceNext: next,
      bytes: () => dense([batch], { from, next }),
      recordsBefore: (offset) => Number(smaller(larger(offset, from), next) - from),
    }
    // The batch's bytes are counted once.
    sizeBytes = 0
  }
}

function* consecutive(offsets: readonly bigint[]): Generator<readonly [from: bigint, next: bigint], void, void> {
  let from: bigint | undefined
  let next: bigint | undefined
  for (const offset of offsets) {
    if (offset !== next && from !== undefined && next !== undefined) yield [from, next]
    if (offset !== next) from = offset
    next = offset + 1n
  }
  if (from !== undefined && next !== undefined) yield [from, next]
}

/** The batches' records, or with `cut` the wanted ones of them, as one batch without holes. */
function dense(batches: readonly RecordBatchView[], cut?: BatchCut): Buffer {
  let current: RecordBatchView | undefined
  function* parts(): Generator<Buffer, void, void> {
    for (const batch of batches) {
      current = batch
      yield cut === undefined ? batch.bytes : cutBatch(batch.bytes, cut)
    }
  }
  try {
    const joined = coalesceBatches(
      parts(),
      sum(batches, ({ bytes }) => bytes.length),
    )
    if (joined !== undefined) return joined
  } catch (error) {
    throw current === undefined ? error : undecodable(current, error)
  }
  throw new RangeError('batches without records are not produced')
}

function wantedOffsets(item: ChainBatch, times: TimeRange): bigint[] {
  return [...recordsOf(item, times)].map(({ offset }) => offset)
}

/** Whether records of the batch may lie outside; only its newest time is known without a look at each. */
function mayLack({ maxTimestampMs }: RecordBatchView, { sinceMs, untilMs }: TimeRange): boolean {
  return sinceMs !== undefined || (untilMs !== undefined && maxTimestampMs >= untilMs)
}

/** In a batch without holes an offset tells how many records are before it. */
function recordsOfWholeBefore({ baseOffset, nextOffset }: RecordBatchView, offset: bigint): number {
  return Number(smaller(larger(offset, baseOffset), nextOffset) - baseOffset)
}

function count(items: Iterable<unknown>): number {
  let counted = 0
  for (const _ of items) counted++
  return counted
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

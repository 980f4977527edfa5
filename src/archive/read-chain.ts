import { InvalidBatchError } from '../batch/batch-header.js'
import { CommittedFilter } from '../batch/committed.js'
import type { KafkaRecord } from '../batch/read-records.js'
import type { RecordBatchView } from '../batch/record-batch.js'
import { cutBatch } from '../batch/reframe.js'
import { partitionName } from '../batch/topic-partition.js'
import { ArchiveCorruptError } from '../errors.js'
import type { ChainLink } from './chain.js'
import { throwDamage } from './chain-damage.js'
import { type DamagePolicy, type Isolation, LinkReading, type OpenPart, type ReadExtent } from './link-reading.js'
import { offsetsOf } from './offset-ranges.js'
import type { SegmentInfo } from './partition-log.js'
import type { OffsetKnowledge, SegmentReadOptions, SegmentSource } from './read-segment.js'

/** A batch, and which of its offsets are wanted. */
export interface ChainBatch {
  readonly batch: RecordBatchView
  /** First wanted offset; above the batch's base offset only where a range begins inside the batch. */
  readonly from: bigint
  /** Offset after the last wanted one. */
  readonly next: bigint
  /**
   * Whether the batch's offsets are those of the source. If they are `derived` they were counted from the first one of the
   * segment; if they are `unknown` they are somewhere in `[from, next)`, in order.
   */
  readonly offsets: OffsetKnowledge
  /** Whether a read_committed consumer sees it; `undefined` where `uncommitted` was asked for. */
  readonly committed: boolean | undefined
}

/** Whether all offsets of a batch are wanted: at its ends a range may take only a part of one. */
export function isUncut({ batch, from, next }: Pick<ChainBatch, 'batch' | 'from' | 'next'>): boolean {
  return batch.baseOffset >= from && batch.nextOffset <= next
}

/** A batch as far as it is wanted: the log began inside it, or another segment goes on inside it. */
export function wantedBytes(item: Pick<ChainBatch, 'batch' | 'from' | 'next'>): Buffer {
  const { batch, from, next } = item
  if (isUncut(item)) return batch.bytes
  try {
    return cutBatch(batch.bytes, { from, next })
  } catch (error) {
    throw undecodable(batch, error)
  }
}

/** How a chain is read. */
export interface ChainReadOptions extends SegmentReadOptions, DamagePolicy {
  readonly isolation: Isolation
  /** @defaultValue `'whole'` */
  readonly extent?: ReadExtent | undefined
}

/**
 * The batches that a chain gives, in order. With `committed` only those that a read_committed consumer sees.
 *
 * Where a segment is damaged the spares of its generation are read in its place; only what none of them gives is damage.
 *
 * @throws {@link ArchiveCorruptError} when there is damage, unless `onDamage` takes note of it and returns.
 */
export async function* readChain(
  source: SegmentSource,
  chain: readonly ChainLink<SegmentInfo>[],
  { isolation, extent = 'whole', blocks, signal, spares = [], onDamage = throwDamage }: ChainReadOptions,
): AsyncGenerator<ChainBatch, void, void> {
  const options = { isolation, extent, blocks, signal, onDamage }
  const context = { ...options, source, spares: [...spares], failures: new Map() }
  for (const link of chain) {
    const reading = new LinkReading(context, chain, link)
    for (let part = await reading.open(); part !== undefined; part = await reading.open()) {
      let reached = part.link.from
      try {
        for await (const item of batchesOf(part, isolation)) {
          if (item.batch.nextOffset > item.from && isVisible(item, isolation)) yield item
          reached = item.batch.nextOffset
        }
        reading.read(part)
      } catch (error) {
        await reading.failed(part, error, reached)
      }
    }
  }
}

/**
 * The batches of a part, and those of its segment that come before it. Each segment's sidecar names all aborted
 * transactions that overlap it, so each one is judged by itself: the marker that ends one may lie in a gap. Batches
 * before the wanted ones count, a marker may be among them.
 */
async function* batchesOf(
  { link: { from, next }, offsets, aborted, batches }: OpenPart,
  isolation: Isolation,
): AsyncGenerator<ChainBatch, void, void> {
  const filter = new CommittedFilter()
  filter.add(aborted)
  for await (const batch of batches) {
    if (batch.baseOffset >= next) return
    const committed = isolation === 'uncommitted' ? undefined : filter.accepts(batch)
    yield { batch, from, next, offsets, committed }
  }
}

function isVisible({ committed }: ChainBatch, isolation: Isolation): boolean {
  return isolation !== 'committed' || committed === true
}

/** Which times are wanted, in epoch milliseconds: from `sinceMs` on, before `untilMs`. */
export interface TimeRange {
  readonly sinceMs?: bigint | undefined
  readonly untilMs?: bigint | undefined
}

/** Whether some records are left out for their time. */
export function isLimited({ sinceMs, untilMs }: TimeRange): boolean {
  return sinceMs !== undefined || untilMs !== undefined
}

/** The wanted records of a batch. Times need not ascend, so each record is looked at. */
export function* recordsOf(
  { batch, from, next }: Pick<ChainBatch, 'batch' | 'from' | 'next'>,
  { sinceMs, untilMs }: TimeRange = {},
): Generator<KafkaRecord, void, void> {
  if (batch.control || isBefore(batch.maxTimestampMs, sinceMs)) return
  for (const record of decoded(batch)) {
    const { offset, timestampMs } = record
    if (offset < from || offset >= next) continue
    if (sinceMs !== undefined && timestampMs < sinceMs) continue
    if (untilMs !== undefined && timestampMs >= untilMs) continue
    yield record
  }
}

function* decoded(batch: RecordBatchView): Generator<KafkaRecord, void, void> {
  try {
    yield* batch.records()
  } catch (error) {
    throw undecodable(batch, error)
  }
}

/** An archived batch that cannot be decoded is damage, and says where. Other errors pass as they are. */
export function undecodable(batch: RecordBatchView, cause: unknown): unknown {
  if (!(cause instanceof InvalidBatchError)) return cause
  const { baseOffset: from, nextOffset: next } = batch
  return new ArchiveCorruptError(
    `the batch with ${offsetsOf({ from, next })} of ${partitionName(batch)} cannot be decoded: ${cause.message}`,
    { from, next, cause },
  )
}

/** Leaves out segments that, by their names, hold nothing as new as `sinceMs`. */
export function linksSince(
  chain: readonly ChainLink<SegmentInfo>[],
  sinceMs: bigint | undefined,
): ChainLink<SegmentInfo>[] {
  return chain.filter(({ segment }) => !isBefore(segment.maxTimestampMs, sinceMs))
}

/** Whether all is older than `sinceMs`; a largest timestamp of -1 says nothing. */
function isBefore(maxTimestampMs: bigint, sinceMs: bigint | undefined): boolean {
  return sinceMs !== undefined && maxTimestampMs >= 0n && maxTimestampMs < sinceMs
}

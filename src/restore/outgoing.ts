import type { ChainLink } from '../archive/chain.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { type ChainBatch, readChain, recordsOf, undecodable } from '../archive/read-chain.js'
import type { SegmentSource } from '../archive/read-segment.js'
import type { RecordBatchView } from '../batch/record-batch.js'
import { type BatchCut, coalesceBatches, cutBatch } from '../batch/reframe.js'
import { forProducing } from '../batch/write-batch.js'
import { larger, smaller } from '../internal/bigint.js'
import type { ProducerIdentity } from '../kafka/transport.js'
import type { StorageCallOptions } from '../storage/storage.js'

/** Goes up when the same archive would be cut into other batches: an unfinished restore cannot be taken up then. */
export const BATCHING = 1

/** Sequence numbers count records and wrap here. */
export const SEQUENCES = 2n ** 31n
/** Batches up to this size are put together: a request costs the same, whatever is in it. */
const SMALL_BYTES = 32_768
/** About how large a batch of small ones becomes. */
const COALESCED_BYTES = 262_144

/** A batch of archived records that can be produced as it is. */
export interface OutgoingBatch {
  /** Records of the partition that are restored before this batch. */
  readonly position: bigint
  readonly records: number
  /** Size in the archive, in bytes. */
  readonly sizeBytes: number
  /** Offset in the source of the batch's first record. */
  readonly sourceFrom: bigint
  /** Offset in the source after the batch. */
  readonly sourceNext: bigint
  /** The bytes to send under a producer identity. */
  bytes(identity: ProducerIdentity): Buffer
  /** How many of the batch's records come before `sourceOffset`. */
  recordsBefore(sourceOffset: bigint): number
}

/** An outgoing batch before it is known what comes before it. */
type Content = Omit<OutgoingBatch, 'position' | 'bytes'> & { readonly content: () => Buffer }

/**
 * The committed records of a chain as batches to produce. What comes out depends on the archive alone, so a restore
 * that is taken up again produces the same batches with the same sequence numbers.
 */
export async function* outgoingBatches(
  source: SegmentSource,
  chain: readonly ChainLink<SegmentInfo>[],
  { signal }: StorageCallOptions,
): AsyncGenerator<OutgoingBatch, void, void> {
  let position = 0n
  for await (const { content, ...facts } of contents(readChain(source, chain, { isolation: 'committed', signal }))) {
    const baseSequence = Number(position % SEQUENCES)
    const bytes = ({ producerId, producerEpoch }: ProducerIdentity) =>
      forProducing(content(), { producerId, producerEpoch, baseSequence })
    yield { ...facts, position, bytes }
    position += BigInt(facts.records)
  }
}

async function* contents(items: AsyncIterable<ChainBatch>): AsyncGenerator<Content, void, void> {
  const small: ChainBatch[] = []
  let smallBytes = 0
  for await (const item of items) {
    if (isSmall(item)) {
      small.push(item)
      smallBytes += item.batch.bytes.length
      if (smallBytes < COALESCED_BYTES) continue
    }
    yield* coalesced(small.splice(0))
    smallBytes = 0
    if (!isSmall(item)) yield* isWhole(item) ? [whole(item)] : reframed(item)
  }
  yield* coalesced(small)
}

/** Whether every offset of the batch holds a wanted record whose bytes say what readers saw. */
function isWhole({ batch, from, next }: ChainBatch): boolean {
  return (
    batch.baseOffset >= from &&
    batch.nextOffset <= next &&
    batch.recordCount === batch.lastOffsetDelta + 1 &&
    batch.timestampType === 'create'
  )
}

/** Only what every process can decode may be put together: the batches must be the same wherever a restore goes on. */
function isSmall(item: ChainBatch): boolean {
  const { batch, trueOffsets } = item
  return batch.bytes.length <= SMALL_BYTES && batch.compression === 'none' && trueOffsets && isWhole(item)
}

function whole({ batch, from, next, trueOffsets }: ChainBatch): Content {
  return {
    records: batch.recordCount,
    sizeBytes: batch.bytes.length,
    sourceFrom: trueOffsets ? batch.baseOffset : from,
    sourceNext: trueOffsets ? batch.nextOffset : next,
    content: () => batch.bytes,
    // Where offsets are not known a consumer is set before all that it may not have read: a repeat, never a loss.
    recordsBefore: (offset) => (trueOffsets ? recordsOfWholeBefore(batch, offset) : 0),
  }
}

function* coalesced(items: readonly ChainBatch[]): Generator<Content, void, void> {
  const parts = items.map(whole)
  const [first, ...others] = parts
  if (first === undefined) return
  if (others.length === 0) return yield first
  yield {
    records: sum(parts, ({ records }) => records),
    sizeBytes: sum(parts, ({ sizeBytes }) => sizeBytes),
    sourceFrom: first.sourceFrom,
    sourceNext: parts.at(-1)?.sourceNext ?? first.sourceNext,
    content: () => dense(items.map(({ batch }) => batch)),
    recordsBefore: (offset) => sum(parts, (part) => part.recordsBefore(offset)),
  }
}

/** A batch that is cut, has holes, or whose times the broker set, is decoded and written anew. */
function* reframed(item: ChainBatch): Generator<Content, void, void> {
  const { batch, from, next } = item
  const offsets = [...recordsOf(item)].map(({ offset }) => offset)
  const [sourceFrom] = offsets
  if (sourceFrom === undefined) return
  yield {
    records: offsets.length,
    sizeBytes: batch.bytes.length,
    sourceFrom,
    sourceNext: smaller(batch.nextOffset, next),
    content: () => dense([batch], { from, next }),
    recordsBefore: (before) => offsets.filter((offset) => offset < before).length,
  }
}

/** The batches' records, or with `cut` the wanted ones of them, as one batch without holes. */
function dense(batches: readonly RecordBatchView[], cut?: BatchCut): Buffer {
  let current: RecordBatchView | undefined
  function* contents(): Generator<Buffer, void, void> {
    for (const batch of batches) {
      current = batch
      yield cut === undefined ? batch.bytes : cutBatch(batch.bytes, cut)
    }
  }
  try {
    const joined = coalesceBatches(contents())
    if (joined !== undefined) return joined
  } catch (error) {
    throw current === undefined ? error : undecodable(current, error)
  }
  throw new RangeError('batches without records are not produced')
}

/** In a batch without holes an offset tells how many records are before it. */
function recordsOfWholeBefore({ baseOffset, nextOffset }: RecordBatchView, offset: bigint): number {
  return Number(smaller(larger(offset, baseOffset), nextOffset) - baseOffset)
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

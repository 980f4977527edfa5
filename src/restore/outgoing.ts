import type { ChainLink } from '../archive/chain.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { type ChainBatch, readChain, recordsOf } from '../archive/read-chain.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { forProducing, type ProduceFields, type RecordContent, writeBatch } from '../batch/write-batch.js'
import type { ProducerIdentity } from '../kafka/transport.js'
import type { StorageCallOptions } from '../storage/storage.js'

/** Sequence numbers count records and wrap here. */
const SEQUENCES = 2n ** 31n

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
  for await (const item of readChain(source, chain, { isolation: 'committed', signal })) {
    const outgoing = isWhole(item) ? whole(item, position) : reframed(item, position)
    if (outgoing === undefined) continue
    yield outgoing
    position += BigInt(outgoing.records)
  }
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

function whole({ batch, from, next, trueOffsets }: ChainBatch, position: bigint): OutgoingBatch {
  const { baseOffset, nextOffset, recordCount } = batch
  return {
    position,
    records: recordCount,
    sizeBytes: batch.bytes.length,
    sourceFrom: trueOffsets ? baseOffset : from,
    sourceNext: trueOffsets ? nextOffset : next,
    bytes: (identity) => forProducing(batch.bytes, fields(identity, position)),
    // Where offsets are not known a consumer is set before all that it may not have read: a repeat, never a loss.
    recordsBefore: (offset) => (trueOffsets ? Number(offset - baseOffset) : 0),
  }
}

/** A batch that was cut, has holes, or whose times the broker set, is decoded and written anew. */
function reframed(item: ChainBatch, position: bigint): OutgoingBatch | undefined {
  const records = [...recordsOf(item)]
  const [first] = records
  if (first === undefined) return undefined
  const dense = records.map((record, index): RecordContent => ({ ...record, offset: BigInt(index) }))
  const { compression } = item.batch
  return {
    position,
    records: records.length,
    sizeBytes: item.batch.bytes.length,
    sourceFrom: first.offset,
    sourceNext: item.batch.nextOffset,
    bytes: (identity) => forProducing(writeBatch(dense, { compression }), fields(identity, position)),
    recordsBefore: (offset) => records.filter((record) => record.offset < offset).length,
  }
}

function fields({ producerId, producerEpoch }: ProducerIdentity, position: bigint): ProduceFields {
  return { producerId, producerEpoch, baseSequence: Number(position % SEQUENCES) }
}

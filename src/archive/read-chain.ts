import { CommittedFilter } from '../batch/committed.js'
import type { RecordBatchView } from '../batch/record-batch.js'
import { LossyCodecError } from '../errors.js'
import type { StorageCallOptions } from '../storage/storage.js'
import { readAborted } from './aborted.js'
import type { ChainLink } from './chain.js'
import type { SegmentInfo } from './partition-log.js'
import { hasTrueOffsets, readSegment, type SegmentSource } from './read-segment.js'

/** A batch, and which of its offsets are wanted. */
export interface ChainBatch {
  readonly batch: RecordBatchView
  /** First wanted offset; above the batch's base offset only where a range begins inside the batch. */
  readonly from: bigint
  /** Offset after the last wanted one. */
  readonly next: bigint
  /** Whether the batch's offsets are those of the source. If not, they are somewhere in `[from, next)`, in order. */
  readonly trueOffsets: boolean
}

/** The batches that a chain gives, in order. With `committed` only those that a read_committed consumer sees. */
export async function* readChain(
  source: SegmentSource,
  chain: readonly ChainLink<SegmentInfo>[],
  { isolation, signal }: StorageCallOptions & { readonly isolation: 'committed' | 'uncommitted' },
): AsyncGenerator<ChainBatch, void, void> {
  const filter = new CommittedFilter()
  for (const { segment, from, next } of chain) {
    const trueOffsets = hasTrueOffsets(source, segment)
    if (!trueOffsets && (from > segment.from || next < segment.next)) {
      throw new LossyCodecError(`${segment.key} keeps no offsets, so that a part of it cannot be told from the rest`, {
        hint: 'archive with `logSegments()`',
      })
    }
    if (isolation === 'committed') filter.add(await readAborted(source.storage, segment, { signal }))
    for await (const batch of readSegment(source, segment, { signal })) {
      if (batch.nextOffset <= from) continue
      if (batch.baseOffset >= next) break
      if (isolation === 'committed' && !filter.accepts(batch)) continue
      yield { batch, from, next, trueOffsets }
    }
  }
}

/** The wanted records of a batch. */
export function* recordsOf({ batch, from, next }: ChainBatch) {
  if (batch.control) return
  for (const record of batch.records()) {
    if (record.offset >= from && record.offset < next) yield record
  }
}

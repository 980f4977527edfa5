import { END_OF_LOG } from '../archive/archive-range.js'
import type { ChainLink } from '../archive/chain.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { type ChainBatch, readChain, wantedBytes } from '../archive/read-chain.js'
import { ReadProgress } from '../archive/read-progress.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { type MissingMarker, UndecidedTransactions } from '../archive/undecided-transactions.js'
import { RecordBatchView } from '../batch/record-batch.js'
import { partitionName } from '../batch/topic-partition.js'
import { forLogFile, writeMarker } from '../batch/write-batch.js'
import { LossyCodecError } from '../errors.js'
import type { RunOptions } from '../progress.js'

/** The segments that give a part of a log, and where they are read from. */
export interface LogSource extends RunOptions {
  readonly source: SegmentSource
  readonly chain: readonly ChainLink<SegmentInfo>[]
  /** Segments that may give what a damaged one of the chain does not. */
  readonly spares: readonly SegmentInfo[]
}

/**
 * The batches of a chain as another cluster's broker may find them in its log: exactly the offsets of the chain, and a
 * marker for each transaction whose own one is not in it.
 */
export async function* logBatches({
  source,
  chain,
  spares,
  signal,
  onProgress,
}: LogSource): AsyncGenerator<RecordBatchView, void, void> {
  const progress = new ReadProgress(chain, onProgress)
  const undecided = new UndecidedTransactions()
  let reached = chain[0]?.from ?? 0n
  for await (const item of readChain(source, chain, { isolation: 'judged', spares, signal })) {
    signal?.throwIfAborted()
    if (item.offsets !== 'kept') throw withoutOffsets(item)
    yield* markers(undecided.endIn(reached, item.from))
    undecided.take(item.batch, item.committed === true)
    yield forLog(wantedBytes(item))
    progress.take(item.batch)
    reached = item.next
  }
  yield* markers(undecided.endIn(reached, END_OF_LOG))
  progress.finish()
}

function* markers(missing: Iterable<MissingMarker>): Generator<RecordBatchView, void, void> {
  for (const { offset, ...marker } of missing) yield forLog(writeMarker(offset, marker))
}

function forLog(batch: Buffer): RecordBatchView {
  return new RecordBatchView(forLogFile(batch))
}

function withoutOffsets({ batch }: ChainBatch): LossyCodecError {
  return new LossyCodecError(`the archive of ${partitionName(batch)} does not keep offsets, which a log needs`, {
    hint: 'it can be restored; to export a log, archive with `logSegments()`',
  })
}

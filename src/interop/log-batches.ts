import { readAborted } from '../archive/aborted.js'
import { END_OF_LOG } from '../archive/archive-range.js'
import type { ChainLink } from '../archive/chain.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { undecodable } from '../archive/read-chain.js'
import { ReadProgress } from '../archive/read-progress.js'
import { hasTrueOffsets, readSegment, type SegmentSource } from '../archive/read-segment.js'
import { CommittedFilter } from '../batch/committed.js'
import { RecordBatchView } from '../batch/record-batch.js'
import { cutBatch } from '../batch/reframe.js'
import { forLogFile } from '../batch/write-batch.js'
import { LossyCodecError } from '../errors.js'
import type { RunOptions } from '../progress.js'
import { UndecidedTransactions } from './undecided.js'

/** The segments that give a part of a log, and where they are read from. */
export interface LogSource extends RunOptions {
  readonly segments: SegmentSource
  readonly chain: readonly ChainLink<SegmentInfo>[]
}

/**
 * The batches of a chain as another cluster's broker may find them in its log: exactly the offsets of the chain, and a
 * marker for each transaction whose own one is not in it.
 */
export async function* logBatches({
  segments,
  chain,
  signal,
  onProgress,
}: LogSource): AsyncGenerator<RecordBatchView, void, void> {
  const progress = new ReadProgress(chain, onProgress)
  const undecided = new UndecidedTransactions()
  let offset = chain[0]?.from ?? 0n
  for (const link of chain) {
    yield* forLog(undecided.end(offset, link.from))
    for await (const { batch, committed } of batchesOf(segments, link, signal)) {
      undecided.take(batch, committed)
      yield* forLog([cutTo(batch, link)])
      progress.take(batch)
    }
    offset = link.next
  }
  yield* forLog(undecided.end(offset, END_OF_LOG))
  progress.finish()
}

interface JudgedBatch {
  readonly batch: RecordBatchView
  /** Whether a read_committed consumer sees it. */
  readonly committed: boolean
}

/** The batches that overlap a link. */
async function* batchesOf(
  source: SegmentSource,
  { segment, from, next }: ChainLink<SegmentInfo>,
  signal: AbortSignal | undefined,
): AsyncGenerator<JudgedBatch, void, void> {
  if (!hasTrueOffsets(source, segment)) {
    throw new LossyCodecError(`${segment.key} does not keep the offsets of its records, which a log needs`, {
      hint: 'it can be restored; to export a log, archive with `logSegments()`',
    })
  }
  const filter = new CommittedFilter()
  filter.add(await readAborted(source.storage, segment, { signal }))
  for await (const batch of readSegment(source, segment, { signal })) {
    signal?.throwIfAborted()
    if (batch.baseOffset >= next) return
    const committed = filter.accepts(batch)
    if (batch.nextOffset > from) yield { batch, committed }
  }
}

/** A batch may reach over its link: the log began inside it, or another generation goes on inside it. */
function cutTo(batch: RecordBatchView, { from, next }: ChainLink<SegmentInfo>): Buffer {
  if (batch.baseOffset >= from && batch.nextOffset <= next) return batch.bytes
  try {
    return cutBatch(batch.bytes, { from, next })
  } catch (error) {
    throw undecodable(batch, error)
  }
}

function* forLog(batches: Iterable<Buffer>): Generator<RecordBatchView, void, void> {
  for (const batch of batches) yield new RecordBatchView(forLogFile(batch))
}

import { batchHeaderOf } from '../batch/build-batch.js'
import { batchesIn } from '../batch/record-batch.js'
import { partitionName } from '../batch/topic-partition.js'
import { RestoreConflictError, TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { SEQUENCES } from './step.js'
import { fetchFrom, leaderOf, refused, type TargetLog } from './target-log.js'

/** A log to which no request can still be on its way. */
export interface SettledLog {
  readonly end: bigint
  /** What its last batch says; `undefined` where there is none. */
  readonly tail: LogTail | undefined
}

/** The last batch of a log. */
export interface LogTail {
  readonly producerId: bigint
  /** Sequence number of its producer's next record. */
  readonly nextSequence: number
  /** What it ends, if it is a marker. */
  readonly marker: 'commit' | 'abort' | undefined
}

const TAIL_BYTES = 65_536
const MAX_SETTLE_ATTEMPTS = 50
const BACKOFF = { firstMs: 50, maxMs: 3_000 }

/** What a log has become, with all that was sent to it. `from` is where it ended before. */
export async function settledLog(target: TargetLog, from: bigint): Promise<SettledLog> {
  const { partition } = target
  const end = await settledEnd(target)
  if (end < from) {
    throw new RestoreConflictError(`${partitionName(partition)} ends at ${end}, before the restore began at ${from}`, {
      hint: 'the topic has lost records since: delete it and restore again',
    })
  }
  return { end, tail: end > from ? await tailOf(target, end) : undefined }
}

/** The log end, once everything in the log is replicated and nothing comes any more. */
async function settledEnd(target: TargetLog): Promise<bigint> {
  const { kafka, partition, signal } = target
  let previous: bigint | undefined
  for (let attempt = 0; attempt < MAX_SETTLE_ATTEMPTS; attempt++) {
    const { leaderEpoch } = await leaderOf(target)
    const [end] = await kafka.epochEnds([{ ...partition, epoch: leaderEpoch }], { signal })
    const endOffset = end?.endOffset ?? -1n
    const [highWatermark = -1n] = await kafka.listOffsets('high-watermark', [partition], { signal })
    const replicated = endOffset < 0n || endOffset === highWatermark
    if (replicated && previous === highWatermark) return highWatermark
    previous = replicated ? highWatermark : undefined
    await delay(backoffMs(Math.min(attempt, 3), BACKOFF), signal)
  }
  throw notSettled(target)
}

async function tailOf(target: TargetLog, end: bigint): Promise<LogTail | undefined> {
  const { kafka, partition, signal } = target
  const answer = await fetchFrom(target, end - 1n, TAIL_BYTES)
  if (answer.error === 'OFFSET_OUT_OF_RANGE') {
    const [start] = await kafka.listOffsets('earliest', [partition], { signal })
    if (start === end) return undefined
  }
  if (answer.error !== undefined) refused(answer.error, target)
  const last = [...batchesIn(answer.bytes, partition)].at(-1)
  // A leader that was elected just now may not show its last batch yet.
  if (last?.nextOffset !== end) throw notSettled(target)
  const { producerId, baseSequence, lastOffsetDelta } = batchHeaderOf(last.bytes)
  const nextSequence = Number(BigInt(baseSequence + lastOffsetDelta + 1) % SEQUENCES)
  return { producerId, nextSequence, marker: last.control ? last.marker : undefined }
}

function notSettled({ partition }: TargetLog): TransportError {
  return new TransportError(`${partitionName(partition)} has records at its end that are not replicated yet`, {
    system: 'kafka',
    retryable: true,
    hint: 'check that the partition has enough replicas in sync',
  })
}

import { batchHeaderOf } from '../batch/build-batch.js'
import { batchesIn } from '../batch/record-batch.js'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { RestoreConflictError, TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { protocolError } from '../kafka/retry.js'
import type { KafkaTransport, ProducerIdentity } from '../kafka/transport.js'
import { SEQUENCES } from './outgoing.js'

/** One partition of a restore's target. */
export interface ProduceTarget {
  readonly kafka: KafkaTransport
  readonly partition: TopicPartition
  /** The restore's identity, not the process's. */
  readonly identity: ProducerIdentity
  /** Offset at which the restore's first record lies. */
  readonly targetFrom: bigint
  readonly maxInFlight: number
  readonly signal: AbortSignal | undefined
}

const TAIL_BYTES = 65_536
const MAX_SETTLE_ATTEMPTS = 50
const BACKOFF = { firstMs: 50, maxMs: 3_000 }

/** How many records of this restore the partition holds, once no request to it can still be on its way. */
export async function restoredRecords(target: ProduceTarget): Promise<bigint> {
  const { targetFrom, partition } = target
  const end = await settledEnd(target)
  if (end < targetFrom) {
    throw new RestoreConflictError(
      `${partitionName(partition)} ends at ${end}, before the restore began at ${targetFrom}`,
      {
        hint: 'the topic has lost records since: delete it and restore again',
      },
    )
  }
  if (end > targetFrom) await checkTail(target, end)
  return end - targetFrom
}

/** The log end, once everything in the log is replicated and nothing comes any more. */
async function settledEnd(target: ProduceTarget): Promise<bigint> {
  const { kafka, partition, signal } = target
  let previous: bigint | undefined
  for (let attempt = 0; attempt < MAX_SETTLE_ATTEMPTS; attempt++) {
    const { leaderEpoch } = await leaderOf({ kafka, partition, signal })
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

/**
 * The last batch must be one of this restore's, and its sequence must be what comes after all that the partition holds
 * of it: somebody else's records in between, or a batch that is there twice, would push it back.
 */
async function checkTail(target: ProduceTarget, end: bigint): Promise<void> {
  const { kafka, partition, identity, signal } = target
  const { leaderId, topicId } = await leaderOf(target)
  const position = { partition: partition.partition, leaderEpoch: -1, lastFetchedEpoch: -1, maxBytes: TAIL_BYTES }
  const topic = { topic: partition.topic, topicId, partitions: [{ ...position, offset: end - 1n }] }
  const request = {
    nodeId: leaderId,
    maxWaitMs: 500,
    maxBytes: TAIL_BYTES,
    isolation: 'uncommitted',
    topics: [topic],
  } as const
  const [answer] = await kafka.fetch(request, { signal })
  if (answer === undefined || answer.error !== undefined) {
    throw protocolError(answer?.error ?? 'LEADER_NOT_AVAILABLE', `read the end of ${partitionName(partition)}`)
  }
  let checkedTo = 0n
  for (const batch of batchesIn(answer.bytes, partition)) {
    const { producerId, baseSequence } = batchHeaderOf(batch.bytes)
    const next = BigInt(baseSequence + batch.recordCount) % SEQUENCES
    const expected = (batch.nextOffset - target.targetFrom) % SEQUENCES
    if (producerId !== identity.producerId || next !== expected) throw foreignRecords(target)
    checkedTo = batch.nextOffset
  }
  // A leader that was elected just now may not show its last batch yet.
  if (checkedTo < end) throw notSettled(target)
}

type Wiring = Pick<ProduceTarget, 'kafka' | 'partition' | 'signal'>

async function leaderOf({ kafka, partition, signal }: Wiring) {
  const [described] = (await kafka.metadata([partition.topic], { signal })).topics
  const leader = described?.partitions.find((known) => known.partition === partition.partition)
  if (leader !== undefined && leader.leaderId >= 0) return { ...leader, topicId: described?.topicId }
  throw protocolError('LEADER_NOT_AVAILABLE', `find the leader of ${partitionName(partition)}`)
}

function notSettled({ partition }: ProduceTarget): TransportError {
  return new TransportError(`${partitionName(partition)} has records at its end that are not replicated yet`, {
    system: 'kafka',
    retryable: true,
    hint: 'check that the partition has enough replicas in sync',
  })
}

/** Somebody else's records are where the restore's must be. */
export function foreignRecords({ partition }: ProduceTarget): RestoreConflictError {
  return new RestoreConflictError(`${partitionName(partition)} holds records that this restore did not write`, {
    hint: 'stop whoever writes to the topic, delete it, and restore again',
  })
}

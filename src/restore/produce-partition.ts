import { batchHeaderOf } from '../batch/build-batch.js'
import { batchesIn } from '../batch/record-batch.js'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { RestoreConflictError, TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { protocolError } from '../kafka/retry.js'
import type { KafkaTransport, ProducerIdentity } from '../kafka/transport.js'
import { type OutgoingBatch, SEQUENCES } from './outgoing.js'

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
const MAX_ATTEMPTS_WITHOUT_PROGRESS = 12
const BACKOFF = { firstMs: 50, maxMs: 3_000 }

/**
 * Appends batches to a partition exactly once, whatever was appended before and however often a request is lost.
 * `open` gives the batches from the beginning, always the same ones. Yields each batch once it is acknowledged; those
 * that were there already are yielded too.
 *
 * After any unknown outcome nothing is sent again blindly: the partition is settled first, and what its log then holds
 * decides where to go on. The broker's own idempotence alone would not do, because it forgets producers by the age of
 * their records, and restored records are old.
 */
export async function* producePartition(
  target: ProduceTarget,
  open: () => AsyncGenerator<OutgoingBatch, void, void>,
): AsyncGenerator<OutgoingBatch, void, void> {
  let yielded = 0n
  for (let attempt = 0; ; attempt++) {
    const run = new ProduceRun(target)
    try {
      for await (const batch of run.send(open())) {
        if (batch.position < yielded) continue
        yielded = batch.position + BigInt(batch.records)
        attempt = 0
        yield batch
      }
      return
    } catch (error) {
      target.signal?.throwIfAborted()
      const passing = error instanceof TransportError && error.retryable
      if (!passing || attempt >= MAX_ATTEMPTS_WITHOUT_PROGRESS) throw error
    } finally {
      await run.settled()
    }
    await delay(backoffMs(attempt, BACKOFF), target.signal)
  }
}

/** Sends batches in order, several at once, and fails at the first answer that is not as expected. */
class ProduceRun {
  readonly #target: ProduceTarget
  /** Records of this restore that the partition held when the run began. */
  #restored = 0n
  readonly #inFlight: { readonly batch: OutgoingBatch; readonly answer: Promise<void> }[] = []

  constructor(target: ProduceTarget) {
    this.#target = target
  }

  async *send(batches: AsyncGenerator<OutgoingBatch, void, void>): AsyncGenerator<OutgoingBatch, void, void> {
    this.#restored = await restoredRecords(this.#target)
    let sent = 0
    let total = 0n
    for await (const batch of batches) {
      total = batch.position + BigInt(batch.records)
      if (this.#isThere(batch)) {
        yield batch
        continue
      }
      // A broker that has no state for the identity accepts any sequence: the first batch must be known to be in.
      while (this.#inFlight.length >= (sent <= 1 ? 1 : this.#target.maxInFlight)) yield* this.#oldest()
      const answer = this.#produce(batch)
      answer.catch(() => {})
      this.#inFlight.push({ batch, answer })
      sent++
    }
    while (this.#inFlight.length > 0) yield* this.#oldest()
    if (this.#restored > total) throw foreignRecords(this.#target)
  }

  /** Waits until no request is on its way any more, whatever becomes of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#inFlight.map(({ answer }) => answer))
  }

  #isThere({ position, records }: OutgoingBatch): boolean {
    if (position >= this.#restored) return false
    if (position + BigInt(records) <= this.#restored) return true
    throw foreignRecords(this.#target)
  }

  async *#oldest(): AsyncGenerator<OutgoingBatch, void, void> {
    const [oldest] = this.#inFlight
    if (oldest === undefined) return
    await oldest.answer
    this.#inFlight.shift()
    yield oldest.batch
  }

  async #produce(batch: OutgoingBatch): Promise<void> {
    const { kafka, partition, identity, targetFrom, signal } = this.#target
    const { error, baseOffset } = await kafka.produce(partition, batch.bytes(identity), { signal })
    if (error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || error === 'DUPLICATE_SEQUENCE_NUMBER') {
      throw new TransportError(`${partitionName(partition)} has lost track of the restore's sequence: ${error}`, {
        system: 'kafka',
        reason: error,
        retryable: true,
      })
    }
    if (error !== undefined) throw protocolError(error, `append to ${partitionName(partition)}`)
    if (baseOffset !== targetFrom + batch.position) throw foreignRecords(this.#target)
  }
}

/** How many records of this restore the partition holds, once no request to it can still be on its way. */
async function restoredRecords(target: ProduceTarget): Promise<bigint> {
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
async function settledEnd({ kafka, partition, signal }: ProduceTarget): Promise<bigint> {
  let previous: bigint | undefined
  for (let attempt = 0; ; attempt++) {
    const { leaderEpoch } = await leaderOf({ kafka, partition, signal })
    const { endOffset } = await kafka.epochEnd(partition, leaderEpoch, { signal })
    const [highWatermark = -1n] = await kafka.listOffsets('high-watermark', [partition], { signal })
    const replicated = endOffset < 0n || endOffset === highWatermark
    if (replicated && previous === highWatermark) return highWatermark
    previous = replicated ? highWatermark : undefined
    await delay(backoffMs(Math.min(attempt, 3), BACKOFF), signal)
  }
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
  for (const batch of batchesIn(answer.bytes, partition)) {
    const { producerId, baseSequence } = batchHeaderOf(batch.bytes)
    const next = BigInt(baseSequence + batch.recordCount) % SEQUENCES
    const expected = (batch.nextOffset - target.targetFrom) % SEQUENCES
    if (producerId !== identity.producerId || next !== expected) throw foreignRecords(target)
  }
}

type Wiring = Pick<ProduceTarget, 'kafka' | 'partition' | 'signal'>

async function leaderOf({ kafka, partition, signal }: Wiring) {
  const [described] = (await kafka.metadata([partition.topic], { signal })).topics
  const leader = described?.partitions.find((known) => known.partition === partition.partition)
  if (leader !== undefined && leader.leaderId >= 0) return { ...leader, topicId: described?.topicId }
  throw protocolError('LEADER_NOT_AVAILABLE', `find the leader of ${partitionName(partition)}`)
}

function foreignRecords({ partition }: ProduceTarget): RestoreConflictError {
  return new RestoreConflictError(`${partitionName(partition)} holds records that this restore did not write`, {
    hint: 'stop whoever writes to the topic, delete it, and restore again',
  })
}

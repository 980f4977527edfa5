import assert from 'node:assert/strict'
import { batchesIn } from '../../batch/record-batch.js'
import type { TopicPartition } from '../../batch/topic-partition.js'
import type { ProduceAnswer } from '../../kafka/protocol/produce.js'
import type { KafkaTransport, TransactionalProducer } from '../../kafka/transport.js'
import { eventually, freshName, transactionalBatchOf } from './support.js'

/** How a transaction may end. */
export const OUTCOMES = ['commit', 'abort'] as const

const TIMEOUT_MS = 60_000

/** Checks that an error says that somebody else has the identity. Older brokers (before 2.7) have one reason for that and more. */
export function fenced(error: unknown): boolean {
  assert.ok(error instanceof Error && 'reason' in error)
  assert.ok(error.reason === 'PRODUCER_FENCED' || error.reason === 'INVALID_PRODUCER_EPOCH', String(error.reason))
  return true
}

/** The identity of a transactional id. */
export async function freshProducer(
  transport: KafkaTransport,
  transactionalId = freshName(),
): Promise<TransactionalProducer> {
  const transaction = { transactionalId, timeoutMs: TIMEOUT_MS }
  return { transactionalId, ...(await transport.initProducerId({ transaction })) }
}

/** Produces as part of the producer's transaction. */
export async function produceAs(
  transport: KafkaTransport,
  { transactionalId }: TransactionalProducer,
  partition: TopicPartition,
  batch: Buffer,
): Promise<ProduceAnswer> {
  return transport.produce(partition, batch, { transactionalId })
}

/** Begins a transaction of a new transactional id, with one batch of so many records. */
export async function openTransaction(
  transport: KafkaTransport,
  partition: TopicPartition,
  count: number,
): Promise<TransactionalProducer> {
  const producer = await freshProducer(transport)
  await transport.addToTransaction(producer, partition)
  const batch = transactionalBatchOf(count, producer, 0)
  // A topic that is new may refuse it for a moment, which nothing repeats.
  await eventually(async () => assert.equal((await produceAs(transport, producer, partition, batch)).error, undefined))
  return producer
}

/** Last stable offset and high watermark. */
export async function endsOf(transport: KafkaTransport, partition: TopicPartition): Promise<readonly bigint[]> {
  return [
    ...(await transport.listOffsets('last-stable', [partition])),
    ...(await transport.listOffsets('high-watermark', [partition])),
  ]
}

/** Waits until the log ends at `end` and no transaction in it is open. */
export async function untilDecided(transport: KafkaTransport, partition: TopicPartition, end: bigint): Promise<void> {
  await eventually(async () => assert.deepEqual(await endsOf(transport, partition), [end, end]))
}

/** Where each batch begins and ends, and which marker it is. */
export function shapeOf(bytes: Buffer) {
  return [...batchesIn(bytes)].map((batch) => [
    batch.baseOffset,
    batch.nextOffset,
    batch.control ? batch.marker : undefined,
  ])
}

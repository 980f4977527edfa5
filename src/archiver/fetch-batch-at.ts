import { batchesIn, type RecordBatchView } from '../batch/record-batch.js'
import { partitionName } from '../batch/topic-partition.js'
import { fetchPartition } from '../kafka/fetch-partition.js'
import { isRetryable } from '../kafka/protocol/error-codes.js'
import { protocolError } from '../kafka/retry.js'
import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'
import type { FoundPartition } from './open-cursors.js'

/**
 * Reads the one batch of a partition that has `offset`, or the next one where no batch has it; committed or not.
 * `undefined` where the leader shows none.
 *
 * @throws {@link TransportError} when there is no leader, or it cannot answer now.
 */
export async function fetchBatchAt(
  offset: bigint,
  { identity, kafkaTopicId, leaderId }: FoundPartition,
  context: TransportCallOptions & { readonly kafka: KafkaTransport },
): Promise<RecordBatchView | undefined> {
  const doing = `read ${partitionName(identity)} at offset ${offset}`
  if (leaderId < 0) throw protocolError('LEADER_NOT_AVAILABLE', doing)
  const place = { topic: identity.topic, partition: identity.partition, topicId: kafkaTopicId, leaderId }
  const answer = await fetchPartition(context, place, { offset, maxBytes: 1, maxWaitMs: 0 })
  if (answer?.error !== undefined && isRetryable(answer.error)) throw protocolError(answer.error, doing)
  for (const batch of batchesIn(answer?.bytes ?? Buffer.alloc(0))) if (batch.nextOffset > offset) return batch
  return undefined
}

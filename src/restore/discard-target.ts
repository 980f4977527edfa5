import { batchesIn } from '../batch/record-batch.js'
import type { KafkaTransport } from '../kafka/transport.js'
import type { PartitionTask } from './partition-task.js'
import { ReplayTransactions } from './replay-transactions.js'
import { fetchFrom, refused, type TargetLog } from './target-log.js'

const FETCH_BYTES = 4_194_304

/**
 * Deletes a topic whose log cannot become what it must be, so that it can be made again. Only one that the restore has
 * created itself, and in which nobody else has written anything. Answers whether it did.
 */
export async function discardTarget(
  kafka: KafkaTransport,
  tasks: readonly PartitionTask[],
  { signal }: { readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const [first] = tasks
  if (first?.pinned.created !== true) return false
  for (const task of tasks) {
    const { target: partition, topicId } = task
    const transactions = new ReplayTransactions({ kafka, partition, topicId, signal })
    if (task.plan.offsets === 'exact') await transactions.recover()
    for await (const producerId of producersIn({ kafka, partition, signal })) {
      if (producerId !== task.pinned.producerId && !transactions.owns(producerId)) return false
    }
  }
  await kafka.deleteTopic(first.plan.target, { signal })
  return true
}

/** The producer of every batch of a log. */
async function* producersIn(target: TargetLog): AsyncGenerator<bigint, void, void> {
  const { kafka, partition, signal } = target
  const [start = 0n] = await kafka.listOffsets('earliest', [partition], { signal })
  const [end = 0n] = await kafka.listOffsets('high-watermark', [partition], { signal })
  for (let offset = start, next = start; offset < end; offset = next) {
    const { error, bytes } = await fetchFrom(target, offset, FETCH_BYTES)
    if (error !== undefined) refused(error, target)
    for (const batch of batchesIn(bytes, partition)) {
      yield batch.producerId
      next = batch.nextOffset
    }
    if (next === offset) refused('LEADER_NOT_AVAILABLE', target)
  }
}

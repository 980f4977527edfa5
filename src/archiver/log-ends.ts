import type { TopicPartition } from '../batch/topic-partition.js'
import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'

/** How far a log can be read, and how far it goes. */
export interface LogEnds {
  /** The last stable offset. */
  readonly end: bigint
  readonly highWatermark: bigint
}

/**
 * The ends of logs. The high watermarks are asked for first: asked for behind the last stable offsets, they would be
 * higher wherever somebody writes at this moment, and look as if a transaction were open.
 */
export async function logEndsOf(
  kafka: KafkaTransport,
  partitions: readonly TopicPartition[],
  options: TransportCallOptions,
): Promise<readonly LogEnds[]> {
  const highWatermarks = await kafka.listOffsets('high-watermark', partitions, options)
  const ends = await kafka.listOffsets('last-stable', partitions, options)
  return partitions.map((_, index) => ({ end: ends[index] ?? 0n, highWatermark: highWatermarks[index] ?? 0n }))
}

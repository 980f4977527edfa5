import type { Kafka } from 'kafkajs'
import type { FetchedPartition } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { batchesIn } from '../../src/batch/record-batch.js'

const MAX_BYTES = 8_388_608

/** Reads a topic of one partition from its start, with memory for the answer. */
export async function fetchInto(kafka: Kafka, topic: string, into: Buffer): Promise<FetchedPartition | undefined> {
  await using transport = new KafkaJsTransport(kafka)
  const { topics } = await transport.metadata([topic])
  const [found] = topics
  const nodeId = found?.partitions[0]?.leaderId ?? -1
  const position = { partition: 0, leaderEpoch: -1, lastFetchedEpoch: -1, offset: 0n, maxBytes: MAX_BYTES }
  const asked = [{ topic, topicId: found?.topicId, partitions: [position] }]
  const request = {
    nodeId,
    topics: asked,
    maxWaitMs: 100,
    maxBytes: MAX_BYTES,
    isolation: 'uncommitted',
    into,
  } as const
  const [answer] = await transport.fetch(request)
  return answer
}

/** The offset behind each batch of an answer; -1 for one that is not intact. */
export function offsetsIn(answer: FetchedPartition | undefined): readonly bigint[] {
  return [...batchesIn(answer?.bytes ?? Buffer.alloc(0))].map(({ intact, nextOffset }) => (intact ? nextOffset : -1n))
}

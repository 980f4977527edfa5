import type { Kafka } from 'kafkajs'
import type { FetchedPartition } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { batchesIn } from '../../src/batch/record-batch.js'
import { fetchPartition } from '../../src/kafka/fetch-partition.js'

const MAX_BYTES = 8_388_608

/** Reads a topic of one partition from its start, with memory for the answer. */
export async function fetchInto(kafka: Kafka, topic: string, into: Buffer): Promise<FetchedPartition | undefined> {
  await using transport = new KafkaJsTransport(kafka)
  const { topics } = await transport.metadata([topic])
  const [found] = topics
  const leaderId = found?.partitions[0]?.leaderId ?? -1
  const place = { topic, partition: 0, leaderId, topicId: found?.topicId }
  const how = { offset: 0n, maxWaitMs: 100, maxBytes: MAX_BYTES, into }
  return await fetchPartition({ kafka: transport, signal: undefined }, place, how)
}

/** The offset behind each batch of an answer; -1 for one that is not intact. */
export function offsetsIn(answer: FetchedPartition | undefined): readonly bigint[] {
  return [...batchesIn(answer?.bytes ?? Buffer.alloc(0))].map(({ intact, nextOffset }) => (intact ? nextOffset : -1n))
}

import type { Kafka } from 'kafkajs'
import type { FetchedPartition } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { batchesIn } from '../../src/batch/record-batch.js'
import { fetchPartition } from '../../src/kafka/fetch-partition.js'
import { leaderOf } from '../../src/restore/target-log.js'

const MAX_BYTES = 8_388_608

/** Reads a topic of one partition from its start, with memory for the answer. */
export async function fetchInto(kafka: Kafka, topic: string, into: Buffer): Promise<FetchedPartition | undefined> {
  await using transport = new KafkaJsTransport(kafka)
  const log = { kafka: transport, partition: { topic, partition: 0 }, signal: undefined }
  const how = { offset: 0n, maxWaitMs: 100, maxBytes: MAX_BYTES, into }
  return await fetchPartition(log, { ...(await leaderOf(log)), topic }, how)
}

/** The offset behind each batch of an answer; -1 for one that is not intact. */
export function offsetsIn(answer: FetchedPartition | undefined): readonly bigint[] {
  return [...batchesIn(answer?.bytes ?? Buffer.alloc(0))].map(({ intact, nextOffset }) => (intact ? nextOffset : -1n))
}

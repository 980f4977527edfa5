import type { KafkaTransport } from 'kafkeep'
import { writeBatch } from '../../src/batch/write-batch.js'
import { asAdmin } from '../cluster.js'
import { append, type FilledTopic, fillTopic } from '../topics/fill-topic.js'
import { LATE_START, type RestoreWorkload } from './workloads.js'

const RECORDS_A_FILLER = 100_000

/** Fills a topic of one partition whose log begins late: what is before its records is written, and deleted. */
export function fillLate(
  kafka: KafkaTransport,
  brokers: readonly string[],
  workload: RestoreWorkload,
): Promise<FilledTopic> {
  return fillTopic(kafka, brokers.join(','), workload, async (places) => {
    for (const place of places) {
      await append(kafka, place, fillers())
      await asAdmin(brokers, async (admin) => {
        // The client knows leaders only of topics that it was asked for before.
        await admin.fetchTopicOffsets(place.topic)
        const { topic, partition } = place
        await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(LATE_START) }] })
      })
    }
  })
}

function* fillers(): Generator<Buffer, void, void> {
  const records = Array.from({ length: RECORDS_A_FILLER }, (_, index) => ({
    ...{ offset: BigInt(index), timestampMs: 0n, key: null, value: null, headers: [] },
  }))
  const batch = writeBatch(records, { compression: 'gzip' })
  for (let offset = 0n; offset < LATE_START; offset += BigInt(RECORDS_A_FILLER)) yield batch
}

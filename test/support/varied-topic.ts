import { type CompressionType, MemoryStorage, type RecordBatch, TopicArchive, TopicArchiver } from 'kafkeep'
import { writeBatch } from '../../src/batch/write-batch.js'
import { ALL_FIELDS, type KafkaBench, messages } from './kafka.js'

const COMPRESSIONS: readonly CompressionType[] = ['gzip', 'none', 'snappy', 'lz4', 'zstd']
const RECORDS_A_BATCH = 20
const LARGE_BYTES = 600_000
const OLD_MS = 1_000_000_000_000

/** What Kafka's own consumer shows of a topic, each record with everything that it has. */
export interface Shown {
  readonly uncommitted: readonly string[]
  readonly committed: readonly string[]
}

/**
 * Fills partition 0 of a topic with what logs have: all compressions, idempotent producers, transactions that were
 * committed and aborted, between each other and over more than one MiB; and a start inside its first batch.
 */
export async function fillVariedly(bench: KafkaBench, topic: string): Promise<void> {
  {
    await using kafka = bench.transport()
    for (const [index, compression] of COMPRESSIONS.entries()) {
      const records = Array.from({ length: RECORDS_A_BATCH }, (_, record) => ({
        offset: BigInt(record),
        timestampMs: BigInt(OLD_MS + 100 * index + record),
        key: Buffer.from(`${compression}-${record}`),
        value: record % 7 === 0 ? null : Buffer.from(compression.repeat(10)),
        headers: [{ key: 'h', value: Buffer.from(String(record)) }],
      }))
      const { error } = await kafka.produce({ topic, partition: 0 }, writeBatch(records, { compression }))
      if (error !== undefined) throw new Error(`${compression} was refused: ${error}`)
    }
  }
  for (let producer = 0; producer < 3; producer++) {
    await bench.produceIdempotently(topic, messages(10 * producer, 10 * producer + 10))
  }
  await bench.produceTransaction(topic, messages(30, 35), 'abort')
  await bench.produceTransaction(topic, messages(35, 41), 'commit')
  for (const end of ['abort', 'commit'] as const) {
    await using transaction = await bench.beginTransaction(topic)
    await transaction.send([large(`${end}-before`)])
    await bench.produce(topic, [[large('between')], [large('between, too')]])
    await transaction.send([large(`${end}-after`)])
    await transaction.end(end)
    await bench.untilDecided(topic)
  }
  await bench.deleteRecords(topic, 5n)
}

/** Everything of a topic in the eyes of the console consumer. */
export async function shownVariedly(bench: KafkaBench, topic: string): Promise<Shown> {
  // 5 deleted ones, 5 in a short and 2 in a long aborted transaction.
  const all = COMPRESSIONS.length * RECORDS_A_BATCH + 30 + 11 + 8 - 5
  const [uncommitted, committed] = await Promise.all([
    bench.shown(topic, all, ALL_FIELDS),
    bench.shown(topic, all - 7, ALL_FIELDS, 'read_committed'),
  ])
  return { uncommitted, committed }
}

/** Archives topics and returns the archive. */
export async function archiveOf(bench: KafkaBench, topics: readonly string[]): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  await using kafka = bench.transport()
  await new TopicArchiver({ kafka, storage }).run({ topics, groups: false })
  return storage
}

/** The archived batches of partition 0 of a topic. */
export async function archivedBatches(storage: MemoryStorage, topic: string): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  for await (const batch of new TopicArchive({ storage }).batches({ topic, partition: 0 })) batches.push(batch)
  return batches
}

function large(name: string) {
  return { key: name, value: name.padEnd(LARGE_BYTES, '.') }
}

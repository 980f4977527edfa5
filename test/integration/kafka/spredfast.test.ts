import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import {
  type ArchiveStorage,
  type KafkaRecord,
  type SpredfastLayoutOptions,
  spredfastLayout,
  TopicArchive,
  TopicArchiver,
  TopicRestorer,
} from 'kafkeep'
import { S3Storage } from 'kafkeep/s3'
import { beforeAll, describe, expect, it } from 'vitest'
import { manyBatches, recordsIn } from '../../support/archiving.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { keysOf } from '../../support/keys-of.js'
import { s3ClientOf } from '../../support/s3-client.js'
import { services } from '../../support/services.js'
import { producedRecords, putFiles, type SpredfastTree, spredfastFiles } from '../../support/spredfast-fixtures.js'
import { archiveOf } from '../../support/varied-topic.js'
import { collected } from '../../support/znode-arbitrary.js'

const BUCKET = `spredfast-${randomUUID().slice(0, 8)}`
const NOTHING = Buffer.alloc(0)

/** What the files keep of a record: null and empty are the same there. */
type KeptRecord = Pick<KafkaRecord, 'key' | 'value'>
type KeptOf = (record: KeptRecord) => KeptRecord[]

const both: KeptOf = ({ key, value }) => [{ key: key ?? NOTHING, value: value ?? NOTHING }]
const valueOnly: KeptOf = ({ value }) => [{ key: null, value: value ?? NOTHING }]
/** Every line of a value becomes a record. */
const lines: KeptOf = ({ value }) =>
  Buffer.from(value ?? NOTHING)
    .toString('latin1')
    .split('\n')
    .map((line) => ({ key: null, value: Buffer.from(line, 'latin1') }))

/** Large buffers take long to compare. */
function asText({ key, value }: KeptRecord) {
  const text = (field: Uint8Array | null) => field && Buffer.from(field).toString('latin1')
  return { key: text(key), value: text(value) }
}

interface Fixture {
  readonly tree: SpredfastTree
  readonly topic: 'golden' | 'golden-gaps'
  readonly options: SpredfastLayoutOptions
  readonly keptOf: KeptOf
}

const FIXTURES: readonly Fixture[] = [
  { tree: 'bin-keys', topic: 'golden', options: { keys: true }, keptOf: both },
  { tree: 'bin-nokeys', topic: 'golden', options: { keys: false }, keptOf: valueOnly },
  { tree: 'grouped-by-topic', topic: 'golden', options: { keys: true }, keptOf: both },
  { tree: 'gaps', topic: 'golden-gaps', options: { keys: true }, keptOf: both },
  { tree: 'text', topic: 'golden', options: { keys: false, format: 'text', useIndex: false }, keptOf: lines },
]

describe('archives of the spredfast connector in S3', () => {
  const bench = new KafkaBench('kafka4')
  let client: S3Client

  beforeAll(async () => {
    client = s3ClientOf(services().s3)
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
    return () => client.destroy()
  })

  /** What the real connector has uploaded. */
  async function uploaded(tree: SpredfastTree): Promise<S3Storage> {
    const storage = new S3Storage({ client, bucket: BUCKET, prefix: randomUUID() })
    await putFiles(storage, `${tree}/`, await spredfastFiles(tree))
    return storage
  }

  async function restore(storage: ArchiveStorage, options: SpredfastLayoutOptions, topic: string) {
    const target = `${topic}-${randomUUID().slice(0, 8)}`
    await using kafka = bench.transport()
    const restorer = new TopicRestorer({ kafka, storage, layout: spredfastLayout(options) })
    return { target, summary: await restorer.run({ topics: [topic], rename: { [topic]: target } }) }
  }

  /** All records of a partition of Kafka, with what the files may keep of them. */
  async function recordsOf(topic: string, partition: number) {
    const records = await recordsIn(await archiveOf(bench, [topic]), { topic, partition })
    return records.map(({ key, value, headers, timestampMs }) => ({ ...asText({ key, value }), headers, timestampMs }))
  }

  function kept(records: readonly KeptRecord[], keptOf: KeptOf) {
    return records.flatMap(keptOf).map((record) => ({ ...asText(record), headers: [], timestampMs: -1n }))
  }

  it.each(FIXTURES)('restore to Kafka as they were uploaded: $tree', async ({ tree, topic, options, keptOf }) => {
    const produced = await producedRecords(topic)
    const { target, summary } = await restore(await uploaded(tree), { ...options, prefix: tree }, topic)
    expect(summary).toMatchObject({ complete: true, records: BigInt(produced.flatMap(keptOf).length) })
    const partitions = Math.max(...produced.map(({ partition }) => partition)) + 1
    for (let partition = 0; partition < partitions; partition++) {
      const own = produced.filter((record) => record.partition === partition)
      expect(await recordsOf(target, partition)).toEqual(kept(own, keptOf))
    }
  })

  it('are damaged in the eyes of one who believes the index where values hold delimiters', async () => {
    await expect(
      restore(await uploaded('text'), { keys: false, format: 'text', prefix: 'text' }, 'golden'),
    ).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', hint: expect.stringContaining('useIndex') })
  })

  it('are written by kafkeep, continued by it, and restored', async () => {
    const topic = await bench.createTopic()
    const storage = new S3Storage({ client, bucket: BUCKET, prefix: randomUUID() })
    const options = { keys: true, prefix: 'pfx', allowLoss: true } as const
    const archive = async () => {
      await using kafka = bench.transport()
      const small = { segmentBytes: 1_048_576, memoryBytes: 8_388_608 }
      const archiver = new TopicArchiver({ kafka, storage, layout: spredfastLayout(options), ...small })
      return await archiver.run({ topics: [topic] })
    }
    await bench.produce(topic, [...manyBatches(200), [{ key: 'tombstone', value: null }]])
    await bench.produceTransaction(topic, messages(300, 305), 'abort')
    await bench.produceTransaction(topic, messages(305, 308), 'commit')
    const first = await archive()
    expect(first).toMatchObject({ complete: true, losses: { tombstones: 1n, headers: 203n, timestamps: 204n } })
    expect(first.segments).toBeGreaterThan(1)
    await bench.produce(topic, [messages(308, 310)])
    await bench.produceTransaction(topic, messages(310, 311), 'abort')
    await bench.produce(topic, [messages(311, 314)])
    expect(await archive()).toMatchObject({ complete: true, segments: 1, losses: { headers: 5n, timestamps: 5n } })
    const source = await recordsIn(await archiveOf(bench, [topic]), { topic })
    expect(source).toHaveLength(200 + 1 + 3 + 5)

    const keys = await keysOf(storage)
    expect(keys.filter((key) => key.endsWith('.gz'))).toHaveLength(first.segments + 1)
    const archived = new TopicArchive({ storage, layout: spredfastLayout(options) })
    expect(await collected(archived.verify({ deep: true }))).toEqual([])
    const { target, summary } = await restore(storage, options, topic)
    expect(summary).toMatchObject({ complete: true, records: BigInt(source.length) })
    expect(await recordsOf(target, 0)).toEqual(kept(source, both))
  })
})

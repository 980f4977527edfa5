import {
  type ArchiveStorage,
  MemoryStorage,
  type SpredfastLayoutOptions,
  spredfastLayout,
  TopicArchive,
  TopicArchiver,
} from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { dayOf } from '../../../../src/interop/spredfast/file-names.js'
import { gzipMembers } from '../../../../src/interop/spredfast/gzip-members.js'
import { batchBytes } from '../../../support/batches.js'
import { ClusterModel } from '../../../support/cluster-model.js'
import { keysOf } from '../../../support/keys-of.js'
import {
  type ProducedRecord,
  producedRecords,
  type SpredfastTree,
  spredfastFiles,
} from '../../../support/spredfast-fixtures.js'
import { plainLog, type TransactionalLog } from '../../../support/transactional-log.js'
import { collected, streamOf } from '../../../support/znode-arbitrary.js'

const TOPIC = 'golden'
/** What the connector polled at a time when the fixtures were made. */
const POLLED = 5
/** Where the first file of each partition ended. */
const FIRST_FILE = [41, 25] as const

/** Records in batches as large as the connector's polls. */
function logOf(records: readonly ProducedRecord[]): TransactionalLog {
  const batches: Buffer[] = []
  const [split = 0] = FIRST_FILE.slice(records[0]?.partition)
  for (let start = 0; start < records.length; ) {
    const end = Math.min(start + POLLED, start < split ? split : records.length)
    batches.push(
      batchBytes({
        baseOffset: BigInt(start),
        baseTimestampMs: 1_700_000_000_000n,
        records: records.slice(start, end).map(({ key, value, headers }) => ({ key, value, headers })),
      }),
    )
    start = end
  }
  return plainLog(batches)
}

async function archive(cluster: ClusterModel, storage: ArchiveStorage, options: SpredfastLayoutOptions) {
  const layout = spredfastLayout(options)
  return new TopicArchiver({ kafka: cluster.transport, storage, layout }).run({ topics: [TOPIC] })
}

/** Archives the records of the fixtures as the connector did: a first file of each partition, and a second one. */
async function archived(options: SpredfastLayoutOptions) {
  const cluster = new ClusterModel()
  const storage = new MemoryStorage()
  const records = await producedRecords(TOPIC)
  const partitions = [0, 1].map((partition) => records.filter((record) => record.partition === partition))
  cluster.add(
    TOPIC,
    partitions.map((all, partition) => logOf(all.slice(0, FIRST_FILE[partition]))),
  )
  await archive(cluster, storage, options)
  cluster.add(TOPIC, partitions.map(logOf))
  return { storage, summary: await archive(cluster, storage, options), cluster, partitions }
}

/** Objects under the connector's prefix that are not kafkeep's own, as if they were uploaded when the fixtures were. */
async function connectorFiles(storage: ArchiveStorage, prefix: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const key of await keysOf(storage)) {
    const body = Buffer.concat(await collected(storage.get(key)))
    if (key.startsWith(`${prefix}kafkeep/`)) continue
    files.set(key.slice(prefix.length).replace(dayOf(Date.now()), '2026-11-23'), body)
  }
  return files
}

async function chunksOf(file: Buffer): Promise<string[]> {
  const chunks: string[] = []
  for await (const { content } of gzipMembers(streamOf([file]))) {
    chunks.push(Buffer.concat(await collected(content() as AsyncIterable<Uint8Array>)).toString('hex'))
  }
  return chunks
}

function dataOf(index: string): string {
  return index.replace('.index.json', '.gz')
}

/** The connector's index with the sizes of another file's chunks: no two builds of zlib compress alike. */
async function indexFor(file: Buffer | undefined, index: string): Promise<string> {
  const { chunks } = JSON.parse(index) as { readonly chunks: readonly object[] }
  const members = await collected(gzipMembers(streamOf([file ?? Buffer.alloc(0)])))
  const sizes = members.map(({ startByte, sizeBytes }) => ({ byte_length: sizeBytes, byte_offset: startByte }))
  return JSON.stringify({ chunks: chunks.map((chunk, place) => ({ ...chunk, ...sizes[place] })) })
}

const LOSSES = ['tombstones', 'keys', 'headers', 'timestamps', 'delimiters'] as const
const ARCHIVES: readonly (readonly [SpredfastTree, SpredfastLayoutOptions])[] = [
  ['bin-keys', { keys: true, prefix: 'bin-keys', blockBytes: 400, allowLoss: LOSSES }],
  ['bin-nokeys', { keys: false, prefix: 'bin-nokeys/', blockBytes: 400, allowLoss: true }],
  ['text', { keys: false, prefix: 'text', format: 'text', blockBytes: 400, allowLoss: true }],
]

describe.each(ARCHIVES)('an archive like %s', (tree, options) => {
  it('has the names, the chunks and the indexes of the real connector', async () => {
    const { storage, summary } = await archived(options)
    expect(summary.complete).toBe(true)
    const expected = await spredfastFiles(tree)
    const files = await connectorFiles(storage, `${tree}/`)
    expect([...files.keys()].sort()).toEqual([...expected.keys()].sort())
    for (const [key, body] of expected) {
      const own = files.get(key) ?? Buffer.alloc(0)
      if (key.endsWith('.gz')) expect(await chunksOf(own)).toEqual(await chunksOf(body))
      else if (key.endsWith('.txt'))
        expect(own.toString().replace(dayOf(Date.now()), '2026-11-23')).toBe(body.toString())
      else expect(own.toString()).toBe(await indexFor(files.get(dataOf(key)), body.toString()))
    }
  })

  it('puts nothing in the way of the real connector', async () => {
    const { storage } = await archived(options)
    const own = (await keysOf(storage)).filter((key) => key.includes('kafkeep/'))
    expect(own.length).toBeGreaterThan(0)
    expect(own.filter((key) => key.endsWith('.gz'))).toEqual([])
  })
})

describe('an archive that kafkeep has written', () => {
  it('is read back with the offsets that it had, and nothing in it is taken for the connector’s', async () => {
    const [, options] = ARCHIVES[0] ?? [undefined, { keys: true }]
    const { storage, partitions } = await archived(options)
    const archive = new TopicArchive({ storage, layout: spredfastLayout(options) })
    expect(await collected(archive.topics())).toHaveLength(1)
    for (const [partition, produced] of partitions.entries()) {
      const records = await collected(archive.records({ topic: TOPIC, partition }))
      expect(records.map(({ offset, value }) => [offset, value])).toEqual(
        produced.map(({ offset, value }) => [offset, value ?? Buffer.alloc(0)]),
      )
      expect(records.filter(({ offsetDerived }) => offsetDerived)).toEqual([])
    }
    expect(await collected(archive.verify({ deep: true }))).toEqual([])
  })

  it.each([
    ['a first batch that is too large', [30, 8, 9], [0, 30, 17]],
    ['a last batch that is too large', [8, 30], [8, 30, 0]],
    ['nothing but one that is', [30], [0, 30, 0]],
    ['batches that fit exactly', [10, 10, 8], [20, 8]],
  ])('has the chunks that the connector makes of %s', async (_, batches, contents) => {
    const cluster = new ClusterModel()
    // A record takes four bytes besides its value.
    const log = batches.map((bytes, at) =>
      batchBytes({ baseOffset: BigInt(at), records: [{ value: Buffer.alloc(bytes - 4) }] }),
    )
    cluster.add(TOPIC, [plainLog(log)])
    const storage = new MemoryStorage()
    await archive(cluster, storage, { keys: false, blockBytes: 20, allowLoss: true })
    const [data = Buffer.alloc(0), index] = (await connectorFiles(storage, '')).values()
    expect((await chunksOf(data)).map((hex) => hex.length / 2)).toEqual(contents)
    const { chunks } = JSON.parse(String(index)) as { readonly chunks: readonly { byte_length_uncompressed: number }[] }
    expect(chunks.map(({ byte_length_uncompressed: bytes }) => bytes)).toEqual(contents)
  })

  it('counts what was lost', async () => {
    const cluster = new ClusterModel()
    const records = await producedRecords(TOPIC)
    cluster.add(TOPIC, [logOf(records.filter(({ partition }) => partition === 0))])
    const { losses } = await archive(cluster, new MemoryStorage(), { keys: true, allowLoss: true })
    const own = records.filter(({ partition }) => partition === 0)
    expect(losses).toEqual({
      tombstones: BigInt(own.filter(({ value }) => value === null).length),
      keys: BigInt(own.filter(({ key }) => key === null).length),
      headers: BigInt(own.filter(({ headers }) => headers.length > 0).length),
      timestamps: BigInt(own.length),
    })
  })

  it.each([
    ['timestamps', { value: Buffer.from('v') }, { keys: false }],
    ['tombstones', { timestampMs: -1n, value: null }, { keys: false }],
    ['tombstones', { timestampMs: -1n, value: Buffer.alloc(0) }, { keys: false, emptyAs: 'null' }],
    ['keys', { timestampMs: -1n, key: null, value: Buffer.from('v') }, { keys: true }],
    ['headers', { timestampMs: -1n, value: Buffer.from('v'), headers: [{ key: 'h', value: null }] }, { keys: false }],
    ['delimiters', { timestampMs: -1n, value: Buffer.from('a\nb') }, { keys: false, format: 'text' }],
  ] as const)('loses no %s unless it may', async (loss, record, options) => {
    const cluster = new ClusterModel()
    cluster.add(TOPIC, [plainLog([batchBytes({ records: [record] })])])
    const storage = new MemoryStorage()
    await expect(archive(cluster, storage, options)).rejects.toMatchObject({
      code: 'LOSSY_CODEC',
      message: expect.stringContaining(`the record at offset 0 of ${TOPIC}-0 cannot be kept`),
      hint: expect.stringContaining(`allowLoss: ['${loss}']`),
    })
    expect((await keysOf(storage)).filter((key) => key.endsWith('.gz'))).toEqual([])
    const { losses } = await archive(cluster, storage, { ...options, allowLoss: [loss] })
    expect(losses).toEqual({ [loss]: 1n })
  })
})

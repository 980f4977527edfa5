import { gzipSync } from 'node:zlib'
import {
  type KafkaRecord,
  MemoryStorage,
  type SpredfastLayoutOptions,
  spredfastLayout,
  TopicArchive,
  TopicRestorer,
} from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { ClusterModel } from '../../../support/cluster-model.js'
import { DAY, framed, putFile, values } from '../../../support/spredfast-bucket.js'
import { collected } from '../../../support/znode-arbitrary.js'

const ORDERS = { topic: 'orders', partition: 0 }

function open(storage: MemoryStorage, options: Partial<SpredfastLayoutOptions> = {}): TopicArchive {
  return new TopicArchive({ storage, layout: spredfastLayout({ keys: false, ...options }) })
}

/** `<offset> <value>`, with a question mark where the offset is derived. */
function shown({ offset, value, offsetDerived }: KafkaRecord): string {
  return `${offset}${offsetDerived ? '?' : ''} ${value}`
}

async function recordsOf(storage: MemoryStorage, options: Partial<SpredfastLayoutOptions> = {}): Promise<string[]> {
  return (await collected(open(storage, options).records(ORDERS))).map(shown)
}

describe('records of the connector', () => {
  it('have the offset of their file’s first record, and are marked where theirs is counted from it', async () => {
    const storage = new MemoryStorage()
    await putFile(storage, { first: 0, chunks: [values(0, 2), values(2, 3)] })
    await putFile(storage, { first: 3, chunks: [values(3, 5)] })
    expect(await recordsOf(storage)).toEqual(['0 value-0', '1? value-1', '2? value-2', '3 value-3', '4? value-4'])
  })

  it('are followed by a gap that nobody can explain where the next file begins later', async () => {
    const storage = new MemoryStorage()
    await putFile(storage, { first: 5, chunks: [values(0, 3)] })
    await putFile(storage, { first: 11, chunks: [values(3, 4)] })
    expect(await open(storage).partitions('orders')).toMatchObject([
      { from: 5n, next: 12n, records: 4n, gaps: [{ from: 8n, next: 11n, cause: 'unknown' }], complete: false },
    ])
    expect(await recordsOf(storage)).toEqual(['5 value-0', '6? value-1', '7? value-2', '11 value-3'])
  })

  it.each([
    ['no index', { index: undefined }],
    ['the index in the folder of the next day', { index: '2017-12-20' }],
    ['an index of another file', { editIndex: (text: string) => text.replace('"byte_length":', '"byte_length":1') }],
    ['an index of other offsets', { editIndex: (text: string) => text.replaceAll('"first_record_offset":', '$&9') }],
    ['an index that is none', { editIndex: () => '{"chunks":7}' }],
    ['an index that is not JSON', { editIndex: () => '<html>' }],
    ['an index with nonsense in it', { editIndex: () => '{"chunks":[{"num_records":-1}]}' }],
  ])('are found with %s', async (_, changes) => {
    const storage = new MemoryStorage()
    await putFile(storage, { first: 0, chunks: [values(0, 2), values(2, 4)], ...changes })
    await putFile(storage, { first: 4, chunks: [values(4, 6)], day: '2017-12-20' })
    expect(await recordsOf(storage)).toHaveLength(6)
    expect(await open(storage).partitions('orders')).toMatchObject([{ next: 6n, complete: true }])
  })

  it.each([DAY, '2017-12-20'])(
    'are counted by the index of %s without a look into the file, unless it is not to be believed',
    async (index) => {
      const storage = new MemoryStorage()
      const wrong = (text: string) => text.replace('"num_records":2', '"num_records":4')
      await putFile(storage, { first: 0, chunks: [values(0, 2)], index, editIndex: wrong })
      await putFile(storage, { first: 4, chunks: [values(4, 6)] })
      expect(await open(storage).partitions('orders')).toMatchObject([{ next: 6n, records: 6n, complete: true }])
      await expect(recordsOf(storage)).rejects.toMatchObject({
        code: 'ARCHIVE_CORRUPT',
        message: expect.stringContaining('it holds 2 records where 4 should be'),
        from: 2n,
        next: 4n,
      })
      expect(await open(storage, { useIndex: false }).partitions('orders')).toMatchObject([
        { records: 4n, gaps: [{ from: 2n, next: 4n }] },
      ])
      expect(await recordsOf(storage, { useIndex: false })).toHaveLength(4)
    },
  )

  it('are found in files with empty chunks at either end, and files with nothing else are passed over', async () => {
    const storage = new MemoryStorage()
    await putFile(storage, { first: 0, chunks: [[], values(0, 2), [], values(2, 3), []] })
    await putFile(storage, { first: 3, chunks: [[]] })
    expect(await recordsOf(storage)).toEqual(['0 value-0', '1? value-1', '2? value-2'])
  })

  it('come once where files overlap and agree, whatever day they were uploaded on', async () => {
    const storage = new MemoryStorage()
    await putFile(storage, { first: 0, chunks: [values(0, 5)] })
    await putFile(storage, { first: 3, chunks: [values(3, 9)], day: '2017-12-20' })
    await putFile(storage, { first: 3, chunks: [values(3, 4)], day: '2017-12-21' })
    expect((await recordsOf(storage)).map((record) => record.split(' ')[1])).toEqual(values(0, 9))
    expect(await collected(open(storage).verify({ deep: true }))).toEqual([])
  })

  it('are refused where files overlap and do not agree', async () => {
    const storage = new MemoryStorage()
    await putFile(storage, { first: 0, chunks: [values(0, 5)] })
    const later = await putFile(storage, { first: 3, chunks: [values(7, 9)], day: '2017-12-20' })
    await expect(recordsOf(storage)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      key: later,
      message: expect.stringContaining('offsets 3 to 4'),
      hint: expect.stringContaining('created anew'),
    })
  })

  it('are those below the prefix and of no other object', async () => {
    const storage = new MemoryStorage()
    const other = new MemoryStorage()
    await putFile(other, { first: 0, chunks: [values(0, 2)] })
    for await (const { key } of other.list('')) {
      const body = Buffer.concat(await collected(other.get(key)))
      await storage.put(`pfx/${key}`, body)
      await storage.put(`pfx2/${key.replace('orders', 'others')}`, body)
    }
    for (const foreign of [
      'notes.gz',
      `${DAY}/orders.gz`,
      `${DAY}/orders-0-0.gz`,
      'a/b/orders-00000-000000000002.gz',
    ]) {
      await storage.put(`pfx/${foreign}`, Buffer.from('no gzip at all'))
    }
    await storage.put(`pfx/2017-13-45/orders-00000-000000000002.gz`, Buffer.from('no such day'))
    expect(await recordsOf(storage, { prefix: 'pfx' })).toEqual(['0 value-0', '1? value-1'])
    const topics = await collected(open(storage, { prefix: 'pfx' }).topics())
    expect(topics).toEqual([
      {
        topic: 'orders',
        topicId: '-spredfast',
        clusterId: 'unknown',
        firstSeenMs: Date.UTC(2017, 11, 19),
        partitions: 1,
      },
    ])
  })

  it('have the headers that a fork writes behind values', async () => {
    const storage = new MemoryStorage()
    const json = Buffer.from('[{"key":"h1","value":[102,-17,-65]},{"key":"none"}]')
    const mark = Buffer.from([0xf6, 0, 0, 0, json.length])
    const body = Buffer.concat([framed('a'), framed('b'), mark, json, framed('c')])
    await storage.put(`${DAY}/orders-00000-000000000000.gz`, gzipSync(body))
    const records = await collected(open(storage).records(ORDERS))
    expect(records.map(({ value, headers }) => [String(value), headers])).toEqual([
      ['a', []],
      [
        'b',
        [
          { key: 'h1', value: Buffer.from([102, 0xef, 0xbf]) },
          { key: 'none', value: null },
        ],
      ],
      ['c', []],
    ])
  })
})

describe('days of uploads', () => {
  it('are checkpoints, each of all that was there at its end', async () => {
    const storage = new MemoryStorage()
    await putFile(storage, { first: 0, chunks: [values(0, 2)] })
    await putFile(storage, { first: 2, chunks: [values(2, 5)], day: '2017-12-21' })
    await putFile(storage, { first: 0, chunks: [values(0, 1)], day: '2017-12-21', topic: 'others', partition: 3 })
    const checkpoints = await collected(open(storage).checkpoints())
    expect(checkpoints.map(({ takenMs, topics }) => [new Date(takenMs).toISOString(), topics])).toEqual([
      ['2017-12-19T23:59:59.999Z', 1],
      ['2017-12-21T23:59:59.999Z', 2],
    ])
    const cluster = new ClusterModel()
    const layout = spredfastLayout({ keys: false })
    const restorer = new TopicRestorer({ kafka: cluster.transport, storage, layout })
    const before = { checkpoint: { before: new Date('2017-12-20') } }
    expect(await restorer.run({ ...before, rename: { orders: 'then' } })).toMatchObject({ records: 2n, complete: true })
    expect(await restorer.run()).toMatchObject({ records: 6n, complete: true })
    const restored = cluster
      .batchesOf(ORDERS)
      .flatMap((batch) => [...batch.records()].map(({ value }) => String(value)))
    expect(restored).toEqual(values(0, 5))
    expect(cluster.batchesOf({ topic: 'others', partition: 3 })).toHaveLength(1)
  })

  it('are never changed: nothing that the connector has stored is deleted', async () => {
    const storage = new MemoryStorage()
    const key = await putFile(storage, { first: 0, chunks: [values(0, 2)] })
    await putFile(storage, { first: 2, chunks: [values(2, 3)], day: '2017-12-20' })
    await expect(collected(open(storage).prune({ keepCheckpoints: 1 }))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      hint: expect.stringContaining('by hand'),
    })
    expect(await storage.head(key)).toBeDefined()
  })
})

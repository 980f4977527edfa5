import {
  type ArchiveStorage,
  convertArchive,
  MemoryStorage,
  type SpredfastLayoutOptions,
  spredfastLayout,
  TopicArchive,
  TopicArchiver,
  TopicRestorer,
} from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { dayOf } from '../../../src/interop/spredfast/file-names.js'
import { ClusterModel } from '../../support/cluster-model.js'
import {
  converted,
  dataFile,
  KEYED,
  kindsOf,
  nameOf,
  newBucket,
  offsetsOf,
  recordsOf,
} from '../../support/converting.js'
import { FaultyWorld } from '../../support/faulty-world.js'
import { keysOf } from '../../support/keys-of.js'
import { putFiles, type SpredfastTree, spredfastBucket } from '../../support/spredfast-fixtures.js'
import { transactionalLogOf } from '../../support/transactional-log.js'
import { findingsOf } from '../../support/verified-archive.js'
import { collected } from '../../support/znode-arbitrary.js'

const MIB = 1_048_576

async function contentOf(storage: ArchiveStorage): Promise<Map<string, string>> {
  const content = new Map<string, string>()
  for (const key of await keysOf(storage)) {
    content.set(key, Buffer.concat(await collected(storage.get(key))).toString('latin1'))
  }
  return content
}

describe('a conversion', () => {
  let bucket: MemoryStorage
  let to: MemoryStorage

  beforeEach(async () => {
    bucket = await newBucket()
    to = new MemoryStorage()
  })

  const trees: readonly (readonly [SpredfastTree, SpredfastLayoutOptions, string])[] = [
    ['bin-keys', { keys: true, prefix: 'bin-keys' }, 'golden'],
    ['bin-nokeys', { keys: false, prefix: 'bin-nokeys' }, 'golden'],
    ['text', { keys: false, format: 'text', prefix: 'text', useIndex: false }, 'golden'],
    ['grouped-by-topic', { keys: true, prefix: 'grouped-by-topic' }, 'golden'],
    ['gaps', { keys: true, prefix: 'gaps' }, 'golden-gaps'],
  ]
  it.each(trees)('of %s gives the same records, without the layout', async (tree, options, topic) => {
    const layout = spredfastLayout(options)
    const old = await spredfastBucket(tree)
    const { summary } = await converted(old, to, { layout })
    expect(summary.complete).toBe(true)
    const before = await collected(new TopicArchive({ storage: old, layout }).topics())
    expect(await collected(new TopicArchive({ storage: to }).topics())).toEqual(before)
    for (const { partition, records } of summary.partitions) {
      const own = await recordsOf(to, topic, partition)
      expect(own).toHaveLength(Number(records))
      expect(own).toEqual(await recordsOf(old, topic, partition, { layout }))
    }
    expect(await findingsOf(to, { deep: true })).toEqual([])
  })

  it('puts neighbouring files together, keeps gaps, and ends with the checkpoints of the old archive', async () => {
    const { events, summary } = await converted(bucket, to)
    expect(kindsOf(events)).toEqual(['segment', 'gap', 'segment', 'segment', 'segment', 'checkpoint', 'checkpoint'])
    expect(events.slice(0, 2)).toMatchObject([
      { from: 0n, next: 7n, records: 7 },
      { from: 7n, next: 10n, cause: 'unknown' },
    ])
    expect(summary).toMatchObject({ complete: false, records: 12n })
    expect(summary.partitions.map(({ complete }) => complete)).toEqual([false, true, true])
    const checkpoints = await collected(new TopicArchive({ storage: to }).checkpoints())
    expect(checkpoints).toEqual(await collected(new TopicArchive({ storage: bucket, layout: KEYED }).checkpoints()))
    expect(await offsetsOf(to, checkpoints[0]?.id)).toEqual([0n, 1n, 2n])
    expect(await offsetsOf(to, 'latest')).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 10n, 11n])
    expect(await findingsOf(to, { deep: true })).toEqual([])
  })

  it('leaves derived offsets and unknown times recognisable', async () => {
    await converted(bucket, to)
    const records = await collected(new TopicArchive({ storage: to }).records({ topic: 'orders', partition: 0 }))
    expect(records.every(({ offsetDerived, timestampMs }) => offsetDerived === true && timestampMs === -1n)).toBe(true)
    const [topic] = await collected(new TopicArchive({ storage: to }).topics())
    expect(topic).toMatchObject({ topic: 'orders', topicId: '-spredfast', clusterId: 'unknown', partitions: 2 })
    const { transport: kafka } = new ClusterModel()
    const plan = await new TopicRestorer({ kafka, storage: to }).plan({ topics: ['payments'] })
    expect(plan.topics).toMatchObject([
      { offsets: 'translate', why: 'the archive does not keep the offsets of its records' },
    ])
  })

  it('cuts large files into segments', async () => {
    await putFiles(bucket, '', [[nameOf(12), dataFile(12, 5_000, 1_000)]])
    const { events } = await converted(bucket, to, { segmentBytes: MIB, topics: ['orders'] })
    const segments = events.filter((event) => event.type === 'segment' && event.partition === 0)
    expect(segments.length).toBeGreaterThan(4)
    expect(await recordsOf(to)).toEqual(await recordsOf(bucket, 'orders', 0, { layout: KEYED }))
  })

  it('leaves derived offsets recognisable where only a slice of a segment is read', async () => {
    await putFiles(bucket, '', [[nameOf(12), dataFile(12, 5_000, 1_000)]])
    await converted(bucket, to)
    const range = { topic: 'orders', partition: 0, from: 4_000n, to: 4_002n }
    const records = await collected(new TopicArchive({ storage: to }).records(range))
    expect(records.map(({ offset, offsetDerived }) => [offset, offsetDerived])).toEqual([
      [4_000n, true],
      [4_001n, true],
    ])
  })

  it('writes nothing twice', async () => {
    await converted(bucket, to)
    const before = await contentOf(to)
    const { events, summary } = await converted(bucket, to)
    expect(events).toEqual([])
    expect(summary).toMatchObject({ records: 0n, partitions: [{ next: 12n }, { next: 6n }, { next: 2n }] })
    expect(await contentOf(to)).toEqual(before)
  })

  it.each(['before', 'after', 'dead'] as const)(
    'that ends at any put (%s) is gone on with, and comes to what it would have come to',
    async (kind) => {
      await putFiles(bucket, '', [[nameOf(12, { day: '2017-12-20' }), dataFile(12, 2_500, 1_000)]])
      const boom = new Error('the machine is gone')
      const whole = new MemoryStorage()
      await converted(bucket, whole, { segmentBytes: MIB })
      const expected = await contentOf(whole)
      for (let failAt = 0; ; failAt++) {
        const own = new MemoryStorage()
        const world = new FaultyWorld({ failAt, kind, error: boom, only: ['put'] })
        const outcome = await converted(bucket, world.around<ArchiveStorage>(own), { segmentBytes: MIB }).catch(
          (error: unknown) => error,
        )
        if (!world.failed) break
        expect(outcome).toBe(boom)
        expect(failAt).toBeLessThan(expected.size)
        await converted(bucket, own, { segmentBytes: MIB })
        expect(await contentOf(own)).toEqual(expected)
      }
    },
  )

  it('ends with the reason of its signal, and is gone on with', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const conversion = convertArchive({ storage: bucket, layout: KEYED, to, signal: stop.signal })
    await conversion.next()
    stop.abort(reason)
    await expect(collected(conversion)).rejects.toBe(reason)
    expect((await converted(bucket, to)).summary.records).toBe(5n)
  })

  it('goes on where the old archive does, and closes gaps that are none any more', async () => {
    await converted(bucket, to)
    await putFiles(bucket, '', [
      [nameOf(7, { day: '2017-12-21' }), dataFile(7, 3)],
      [nameOf(12, { day: '2017-12-21' }), dataFile(12, 1)],
    ])
    const { events, summary } = await converted(bucket, to)
    expect(kindsOf(events)).toEqual(['segment', 'segment', 'checkpoint'])
    expect(summary).toMatchObject({ complete: true, records: 4n })
    expect(await offsetsOf(to, 'latest')).toEqual(Array.from({ length: 13 }, (_, index) => BigInt(index)))
    expect(await findingsOf(to, { deep: true })).toEqual([])
  })

  it('has a checkpoint of a day that is not over, and a later one once there is more of it', async () => {
    const today = dayOf(Date.now())
    await putFiles(bucket, '', [[nameOf(12, { day: today }), dataFile(12, 1)]])
    expect(kindsOf((await converted(bucket, to)).events).slice(-3)).toEqual(['checkpoint', 'checkpoint', 'checkpoint'])
    await putFiles(bucket, '', [[nameOf(13, { day: today }), dataFile(13, 1)]])
    expect(kindsOf((await converted(bucket, to)).events)).toEqual(['segment', 'checkpoint'])
    expect(await offsetsOf(to, 'latest')).toHaveLength(11)
    expect((await converted(bucket, to)).events).toEqual([])
  })

  it('of some topics has checkpoints of these, and later of more', async () => {
    await converted(bucket, to, { topics: ['payments'] })
    const topicsOf = async () => (await collected(new TopicArchive({ storage: to }).checkpoints())).at(-1)?.topics
    expect(await topicsOf()).toBe(1)
    const { summary } = await converted(bucket, to, { topics: [/^ord/] })
    expect(summary.partitions.map(({ topic }) => topic)).toEqual(['orders', 'orders'])
    expect(await topicsOf()).toBe(2)
  })

  it.each([
    ['commit', { summary: { complete: true, records: 4n } }],
    ['abort', { code: 'LOSSY_CODEC', hint: expect.stringContaining('`topics`') }],
  ] as const)('takes what kafkeep has written only where its offsets are known: %s', async (action, outcome) => {
    const cluster = new ClusterModel()
    const written = { producer: 0, records: 2 }
    const plain = { ...written, action: 'write-plainly' } as const
    const log = transactionalLogOf([plain, { ...written, action: 'write' }, { ...written, action }, plain])
    cluster.add('live', [action === 'commit' ? transactionalLogOf([plain, plain]) : log])
    const layout = spredfastLayout({ keys: true, allowLoss: true })
    await new TopicArchiver({ kafka: cluster.transport, storage: bucket, layout }).run({ topics: ['live'] })
    const conversion = converted(bucket, to, { topics: ['live'] }).catch((error: unknown) => error)
    expect(await conversion).toMatchObject(outcome)
    if (action === 'abort') return
    const records = await collected(new TopicArchive({ storage: to }).records({ topic: 'live', partition: 0 }))
    expect(records.map(({ offset, offsetDerived }) => [offset, offsetDerived])).toEqual(
      [0n, 1n, 2n, 3n].map((offset) => [offset, undefined]),
    )
  })

  it('refuses what it cannot convert', async () => {
    await expect(converted(bucket, to, { topics: ['nothing'] })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    await expect(converted(new MemoryStorage(), to)).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    expect(await keysOf(to)).toEqual([])
    await to.put('something', Buffer.from('else'))
    await expect(converted(bucket, to)).rejects.toMatchObject({ code: 'FOREIGN_CONTENT' })
  })
})

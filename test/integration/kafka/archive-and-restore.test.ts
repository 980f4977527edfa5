import { type ArchiveStorage, binaryFraming, MemoryStorage, TopicArchive, TopicArchiver, TopicRestorer } from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { kafkaTool } from '../../services/kafka-tool.js'
import { dumpLog } from '../../support/dump-log.js'
import { eventually } from '../../support/eventually.js'
import { ALL_FIELDS, KafkaBench, type KafkaVersion, messages } from '../../support/kafka.js'

const VERSIONS: readonly KafkaVersion[] = ['kafka39', 'kafka4']

describe.each(VERSIONS)('topics of %s', (version) => {
  let bench: KafkaBench
  let storage: ArchiveStorage

  beforeEach(() => {
    bench = new KafkaBench(version)
    storage = new MemoryStorage()
  })

  it('come back record for record, offset for offset, in the eyes of the console consumer', async () => {
    const topic = await bench.createTopic(2)
    await bench.produce(topic, [messages(0, 10), messages(10, 300)], 0)
    const odd = [
      { key: null, value: 'no key' },
      { key: 'tombstone', value: null },
      { key: '', value: '', timestamp: '1000000000000' },
      { key: 'many', value: 'headers', headers: { a: ['1', '2'], b: '' } },
    ]
    await bench.produce(topic, [odd], 1)
    await using kafka = bench.transport()
    const archived = await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    expect(archived).toMatchObject({ complete: true, records: 304n, segments: 2 })

    const target = `${topic}-restored`
    const restored = await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: { [topic]: target } })
    expect(restored).toMatchObject({ complete: true, records: 304n })

    const [before, after] = [await bench.shown(topic, 304, ALL_FIELDS), await bench.shown(target, 304, ALL_FIELDS)]
    expect(before).toHaveLength(304)
    expect(after.sort()).toEqual(before.sort())
  })

  it('lie in the archive as log segments that kafka-dump-log calls valid', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 50), messages(50, 100)])
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const [segment] = await segmentsOf(storage, topic)
    if (segment === undefined) throw new Error('nothing was archived')
    const dump = await dumpLog(version, storage, segment)
    expect(dump.match(/isvalid: true/g)).toHaveLength(2)
    expect(dump).not.toContain('isvalid: false')
    expect(dump.match(/payload: value-\d+/g)).toHaveLength(100)
  })

  it('show lag 0 for the archiver, empty partitions too', async () => {
    const topic = await bench.createTopic(2)
    await bench.produce(topic, [messages(0, 7)], 0)
    const groupId = `archiver-of-${topic}`
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage, groupId }).run({ topics: [topic] })
    const args = ['--bootstrap-server', bench.brokers.join(','), '--describe', '--group', groupId]
    const { stdout } = await kafkaTool(version, 'consumer-groups', args)
    const rows = stdout
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([group]) => group === groupId)
    expect(rows.map(([, , partition, current, end, lag]) => [partition, current, end, lag]).sort()).toEqual([
      ['0', '7', '7', '0'],
      ['1', '0', '0', '0'],
    ])
  })

  it('go on in the archive where the last run stopped, on whatever machine', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 10)])
    await archiveWithOwnTransport(topic)
    await bench.produce(topic, [messages(10, 15)])
    const second = await archiveWithOwnTransport(topic)
    expect(second).toMatchObject({ segments: 1, records: 5n, complete: true })
    expect((await segmentsOf(storage, topic)).map(({ from, next }) => [from, next])).toEqual([
      [0n, 10n],
      [10n, 15n],
    ])
    expect(await archiveWithOwnTransport(topic)).toMatchObject({ segments: 0, complete: true })
  })

  it('come back with committed transactions only, and consumers stand before the record they would have read', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 3)])
    await bench.produceTransaction(topic, messages(100, 105), 'abort')
    await bench.produceTransaction(topic, messages(3, 6), 'commit')
    await bench.produce(topic, [messages(6, 8)])
    const { high } = await bench.offsets(topic)
    expect(high).toBe(15n) // 8 records, 5 aborted ones, 2 markers
    const groupId = `reader-of-${topic}`
    const committed = '9' // the first record of the committed transaction
    await bench.admin((admin) =>
      admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: committed }] }),
    )
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const [segment] = await segmentsOf(storage, topic)
    expect(segment).toMatchObject({ abortedTransactions: 1, next: 15n, records: 13 })

    const committedValues: string[] = []
    for await (const { value } of new TopicArchive({ storage }).records({ topic, partition: 0 })) {
      committedValues.push(Buffer.from(value ?? []).toString())
    }
    expect(committedValues).toEqual(messages(0, 8).map(({ value }) => value))

    await bench.admin((admin) => admin.deleteTopics({ topics: [topic] }))
    const target = `${topic}-translated`
    const restorer = new TopicRestorer({ kafka, storage })
    const options = { topics: [topic], rename: () => target, offsets: 'translate' } as const
    const plan = await restorer.plan(options)
    expect(plan.topics[0]).toMatchObject({ offsets: 'translate', create: true })
    await restorer.run(options)
    expect(await bench.shown(target, 8)).toEqual(messages(0, 8).map(({ value }) => value))
    const offsets = await bench.admin((admin) => admin.fetchOffsets({ groupId, topics: [target] }))
    expect(offsets[0]?.partitions[0]?.offset).toBe('3')
    await expect(restorer.run({ ...options, offsets: 'exact' })).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })
  })

  it('pass through the framing of the blog post in both directions', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 4)])
    await using kafka = bench.transport()
    const codec = binaryFraming({ keys: true })
    await new TopicArchiver({ kafka, storage, codec }).run({ topics: [topic] })
    const [segment] = await segmentsOf(storage, topic)
    expect(segment?.key).toMatch(/\.keyed\.bin$/)
    const chunks: Uint8Array[] = []
    for await (const chunk of storage.get(segment?.key ?? '')) chunks.push(chunk)
    expect(Buffer.concat(chunks).subarray(0, 20).toString('hex')).toBe('000000056b65792d300000000776616c75652d30')
    await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: (name) => `${name}-framed` })
    const after = await bench.shown(`${topic}-framed`, 4, ['key'])
    expect(after).toEqual(messages(0, 4).map(({ key, value }) => `${key}\t${value}`))
  })

  it('keep what would be deleted at once when their own retention came back', async () => {
    const hour = { 'retention.ms': '3600000', 'cleanup.policy': 'delete' }
    const [old, young] = [await bench.createTopic(1, hour), await bench.createTopic(1, hour)]
    await bench.produce(old, [[{ value: 'of 2001', timestamp: '1000000000000' }]])
    await bench.produce(young, [messages(0, 1)])
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [old, young] })
    const rename = (topic: string) => `${topic}-r`
    const restored = await new TopicRestorer({ kafka, storage }).run({ topics: [old, young], rename })
    expect(restored.held).toEqual({ [rename(old)]: { 'retention.ms': '-1' } })
    const configs = await kafka.topicConfigs([rename(old), rename(young)])
    const own = configs.map((topic) => topic.configs.filter(({ source }) => source === 'topic'))
    expect(own.map((entries) => Object.fromEntries(entries.map(({ name, value }) => [name, value])))).toEqual([
      { 'retention.ms': '-1', 'cleanup.policy': 'delete' },
      { 'retention.ms': '3600000', 'cleanup.policy': 'delete' },
    ])
    expect(await bench.offsets(rename(old))).toEqual({ low: 0n, high: 1n })
  })

  it('that were deleted and created again are archived beside the old ones', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 10)])
    await archiveWithOwnTransport(topic)
    await bench.admin((admin) => admin.deleteTopics({ topics: [topic] }))
    await recreate(topic)
    await bench.produce(topic, [messages(50, 53)])
    await archiveWithOwnTransport(topic)
    const archive = new TopicArchive({ storage })
    const incarnations: string[] = []
    for await (const known of archive.topics()) incarnations.push(known.topicId)
    expect(incarnations).toHaveLength(2)
    const values: string[] = []
    for await (const { value } of archive.records({ topic, partition: 0 }))
      values.push(Buffer.from(value ?? []).toString())
    expect(values).toEqual(['value-50', 'value-51', 'value-52'])
  })

  it.each([
    ['retention', { 'retention.ms': '3600000' }],
    ['deleted', { 'retention.ms': '-1', 'retention.bytes': '-1' }],
  ])('whose oldest records went before they were archived have a gap that says so: %s', async (cause, configs) => {
    const topic = await bench.createTopic(1, configs)
    await bench.produce(topic, [messages(0, 5)])
    await archiveWithOwnTransport(topic)
    await bench.produce(topic, [messages(5, 20)])
    await bench.deleteRecords(topic, 12n)
    await using kafka = bench.transport()
    const archiver = new TopicArchiver({ kafka, storage })
    await expect(archiver.run({ topics: [topic], onGap: 'error' })).rejects.toMatchObject({ code: 'ARCHIVE_GAP' })
    const summary = await archiver.run({ topics: [topic] })
    expect(summary.complete).toBe(false)
    expect(summary.partitions[0]).toMatchObject({
      from: 0n,
      next: 20n,
      gaps: [{ from: 5n, next: 12n, cause }],
    })
    const restored = await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: (name) => `${name}-r` })
    expect(restored.partitions[0]).toMatchObject({ records: 13n, missing: 7n })
    expect(restored.complete).toBe(false)
  })

  async function archiveWithOwnTransport(topic: string) {
    await using kafka = bench.transport()
    return await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
  }

  async function recreate(topic: string): Promise<void> {
    // Deletion goes on in the background: until it is done the name is taken.
    await eventually(() => bench.createTopicNamed(topic, 1), { limitMs: 20_000 })
  }
})

async function segmentsOf(storage: ArchiveStorage, topic: string) {
  const segments = []
  for await (const segment of new TopicArchive({ storage }).segments({ topic, partition: 0 })) segments.push(segment)
  return segments
}

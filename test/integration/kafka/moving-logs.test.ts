import { randomUUID } from 'node:crypto'
import { type ArchiveEvent, MemoryStorage, TopicArchive } from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { readCheckpoint } from '../../../src/archive/checkpoint.js'
import { kafkaTool } from '../../services/kafka-tool.js'
import { startKafka4 } from '../../services/kafka4.js'
import type { KafkaService } from '../../services/service.js'
import { archiveTopics, expectEveryOffsetOnce, manyBatches, recordsIn, shortly } from '../../support/archiving.js'
import { eventually } from '../../support/eventually.js'
import { KafkaBench, type KafkaVersion, messages } from '../../support/kafka.js'

const VERSIONS: readonly KafkaVersion[] = ['kafka39', 'kafka4']
const RECORDS = 500

/** `<offset> <value>` of records `from` to `to`, as {@link manyBatches} makes them. */
function numbered(from: number, to: number, prefix = ''): string[] {
  return Array.from({ length: to - from }, (_, index) => `${from + index} ${prefix}value-${from + index}`)
}

describe.each(VERSIONS)('logs of %s that move while they are archived', (version) => {
  let bench: KafkaBench
  let storage: MemoryStorage

  beforeEach(() => {
    bench = new KafkaBench(version)
    storage = new MemoryStorage()
  })

  it('of a topic that is created again under the same name never get into the archive of the old one', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, manyBatches(RECORDS, 'old-'))
    const { events, summary } = await archiveTopics(bench, storage, {
      topics: [topic],
      async inTheMiddle() {
        await bench.admin((admin) => admin.deleteTopics({ topics: [topic] }))
        await eventually(() => bench.createTopicNamed(topic, 1), { limitMs: 20_000 })
        // Whatever offset the run asks for next, the new topic has it.
        await bench.produce(topic, manyBatches(RECORDS + 100, 'new-'))
      },
    })
    expect(stopsOf(events)).toMatchObject([{ topic, partition: 0, error: { code: 'LOG_DIVERGED' } }])
    expect(summary.complete).toBe(false)
    const [topicId = ''] = await topicIds(topic)
    const old = shortly(await recordsIn(storage, { topic, topicId }))
    expect(old.length).toBeGreaterThan(0)
    expect(old).toEqual(numbered(0, old.length, 'old-'))

    const next = await archiveTopics(bench, storage, { topics: [topic] })
    expect(next.summary).toMatchObject({ complete: true, records: BigInt(RECORDS + 100) })
    const both = await topicIds(topic)
    expect(both).toHaveLength(2)
    expect(both).toContain(topicId)
    expect(shortly(await recordsIn(storage, { topic }))).toEqual(numbered(0, RECORDS + 100, 'new-'))
    expect(shortly(await recordsIn(storage, { topic, topicId }))).toEqual(old)
  })

  it('of which retention takes what the run has not yet read have a gap there, and are whole behind it', async () => {
    const topic = await bench.createTopic(1, { 'retention.ms': '3600000' })
    await bench.produce(topic, manyBatches(RECORDS))
    const { events, summary } = await archiveTopics(bench, storage, {
      topics: [topic],
      inTheMiddle: () => bench.deleteRecords(topic, 450n),
    })
    const gap = events.find(({ type }) => type === 'gap')
    expect(gap).toMatchObject({ topic, partition: 0, next: 450n, cause: 'retention' })
    const from = gap?.type === 'gap' ? gap.from : 0n
    expect(from).toBeGreaterThan(0n)
    expect(from).toBeLessThan(450n)
    const verdict = { from: 0n, next: 500n, gaps: [{ from, next: 450n, cause: 'retention' }], complete: false }
    expect(summary).toMatchObject({ complete: false, partitions: [verdict] })
    // It is in the storage, too: nobody has to remember what the run told.
    expect(await new TopicArchive({ storage }).partitions(topic)).toMatchObject([verdict])
    expect(shortly(await recordsIn(storage, { topic }))).toEqual([
      ...numbered(0, Number(from)),
      ...numbered(450, RECORDS),
    ])
  })

  it('with a batch larger than a segment, and than what is asked for at once, are archived whole', async () => {
    const topic = await bench.createTopic(1, { 'max.message.bytes': '4194304' })
    const large = { key: 'large', value: Buffer.alloc(3_145_728, 'large ') }
    await bench.produce(topic, [messages(0, 3), [large], messages(3, 6), [large], messages(6, 9)])
    const { events, summary } = await archiveTopics(bench, storage, { topics: [topic] })
    expect(summary).toMatchObject({ complete: true, records: 11n })
    const records = await recordsIn(storage, { topic })
    expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 11 }, (_, offset) => BigInt(offset)))
    for (const offset of [3, 7]) expect(Buffer.from(records[offset]?.value ?? []).equals(large.value)).toBe(true)
    expect(events.filter(({ type }) => type === 'segment').length).toBeGreaterThan(1)
  })

  it('whose times the broker sets are archived and read with those times', async () => {
    const topic = await bench.createTopic(1, { 'message.timestamp.type': 'LogAppendTime' })
    const long = messages(0, 3).map((message) => ({ ...message, timestamp: '1000000000000' }))
    await bench.produce(topic, [long, messages(3, 5)])
    await archiveTopics(bench, storage, { topics: [topic] })
    const shown = await bench.shown(topic, 5, ['timestamp'])
    const records = await recordsIn(storage, { topic })
    expect(records.map(({ timestampMs, value }) => `LogAppendTime:${timestampMs}\t${value}`)).toEqual(shown)
    expect(Number(records[0]?.timestampMs)).toBeGreaterThan(1_700_000_000_000)
  })

  it('without records are known to be empty, not merely unseen', async () => {
    const [empty, partly] = [await bench.createTopic(2), await bench.createTopic(2)]
    await bench.produce(partly, [messages(0, 3)], 1)
    const { summary } = await archiveTopics(bench, storage, { topics: [empty, partly] })
    expect(summary.complete).toBe(true)
    const { topics } = await readCheckpoint(storage, summary.checkpoint, {})
    const known = (partition: number, next: bigint) => ({ partition, generation: 1, from: 0n, next })
    const state = Object.fromEntries(topics.map(({ topic, partitions }) => [topic, partitions]))
    expect(state).toEqual({ [empty]: [known(0, 0n), known(1, 0n)], [partly]: [known(0, 0n), known(1, 3n)] })
  })

  it('with transactions that are empty, or that were aborted some segments later, give what was committed', async () => {
    const topic = await bench.createTopic(1, { 'max.message.bytes': '100000' })
    const tooLarge = [{ value: Buffer.alloc(200_000, 'x') }]
    {
      await using aborted = await bench.beginTransaction(topic)
      await using committed = await bench.beginTransaction(topic)
      await aborted.send([{ value: 'aborted' }])
      await committed.send([{ value: 'committed' }])
      await bench.produce(topic, manyBatches(400, 'between-'))
      // Of a transaction whose only batch is refused there is nothing in the log but its marker.
      for (const how of ['commit', 'abort'] as const) {
        await using empty = await bench.beginTransaction(topic)
        await expect(empty.send(tooLarge)).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE' })
        await empty.end(how)
      }
      await aborted.send([{ value: 'aborted' }])
      await committed.send([{ value: 'committed' }])
      await bench.produce(topic, manyBatches(400, 'behind-'))
      await aborted.end('abort')
      await committed.end('commit')
    }
    // The markers of empty transactions hold nothing back, and come when the broker finds the time.
    await eventually(async () => expect(await bench.offsets(topic)).toEqual({ low: 0n, high: 808n }), {
      limitMs: 20_000,
    })
    await bench.untilDecided(topic)
    await bench.produce(topic, [messages(0, 1)])
    const { events, summary } = await archiveTopics(bench, storage, { topics: [topic] })
    expect(summary.complete).toBe(true)
    expect(events.filter(({ type }) => type === 'segment').length).toBeGreaterThan(2)
    expect(summary.partitions).toMatchObject([{ next: 809n, records: 805n }])
    const values = (await recordsIn(storage, { topic })).map(({ value }) => String(value).trimEnd())
    const many = (prefix: string) => messages(0, 400).map(({ value }) => `${prefix}${value}`)
    expect(values).toEqual(['committed', ...many('between-'), 'committed', ...many('behind-'), 'value-0'])
  })

  it('with an open transaction end where it begins, and the run says so and does not wait', async () => {
    const topic = await bench.createTopic()
    const groupId = `lagging-${randomUUID()}`
    await using open = await bench.beginTransaction(topic)
    await bench.produce(topic, [messages(0, 10)])
    const timestamp = 1_700_000_000_123
    await open.send(messages(10, 13).map((message, index) => ({ ...message, timestamp: String(timestamp + index) })))
    await bench.produce(topic, [messages(13, 20)])
    const first = await archiveTopics(bench, storage, { topics: [topic], groupId })
    expect(first.events.filter(({ type }) => type === 'open-transaction')).toEqual([
      {
        ...{ type: 'open-transaction', topic, partition: 0 },
        ...{ lastStableOffset: 10n, highWatermark: 20n, sinceMs: timestamp },
      },
    ])
    expect(first.summary).toMatchObject({ complete: false, partitions: [{ next: 10n, gaps: [], complete: false }] })
    expect(await lag(groupId)).toBe(10)

    await open.end('commit')
    await bench.untilDecided(topic)
    const second = await archiveTopics(bench, storage, { topics: [topic], groupId })
    expect(second.events.map(({ type }) => type)).toEqual(['segment', 'checkpoint'])
    expect(second.summary).toMatchObject({ complete: true, partitions: [{ from: 0n, next: 21n, complete: true }] })
    expect(shortly(await recordsIn(storage, { topic }))).toEqual(numbered(0, 20))
    expect(await lag(groupId)).toBe(0)
  })

  async function topicIds(name: string): Promise<string[]> {
    const ids: string[] = []
    for await (const { topic, topicId } of new TopicArchive({ storage }).topics()) if (topic === name) ids.push(topicId)
    return ids
  }

  /** What Kafka's own tool shows as the lag of a group with one partition. */
  async function lag(groupId: string): Promise<number> {
    const { stdout } = await kafkaTool(version, 'consumer-groups', [
      ...['--bootstrap-server', bench.brokers.join(','), '--describe', '--group', groupId],
    ])
    const [header = '', row = ''] = stdout.split('\n').filter((line) => /^(GROUP|lagging-)/.test(line))
    return Number(row.split(/\s+/)[header.split(/\s+/).indexOf('LAG')])
  }
})

describe('a broker that is restarted while its log is archived', () => {
  it('costs the run neither an offset nor its end', async () => {
    let broker: KafkaService = await startKafka4()
    try {
      const bench = new KafkaBench('kafka4', broker.brokers)
      const storage = new MemoryStorage()
      const topic = await bench.createTopic()
      await bench.produce(topic, manyBatches(RECORDS))
      const { events, summary } = await archiveTopics(bench, storage, {
        topics: [topic],
        async inTheMiddle({ next }) {
          expect(next).toBeLessThan(BigInt(RECORDS))
          await broker.stop()
          const { dataDirectory, port } = broker
          broker = await startKafka4({ dataDirectory, port })
        },
      })
      expect(summary).toMatchObject({ complete: true, records: BigInt(RECORDS), partitions: [{ from: 0n, gaps: [] }] })
      expectEveryOffsetOnce(events, BigInt(RECORDS))
      expect(shortly(await recordsIn(storage, { topic }))).toEqual(numbered(0, RECORDS))
    } finally {
      await broker.destroy()
    }
  })
})

function stopsOf(events: readonly ArchiveEvent[]): ArchiveEvent[] {
  return events.filter(({ type }) => type === 'stopped')
}

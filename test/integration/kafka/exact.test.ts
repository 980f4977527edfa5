import { CompressionTypes } from 'kafkajs'
import { type ArchiveStorage, MemoryStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import { beforeAll, describe, expect, it } from 'vitest'
import { ALL_FIELDS, KafkaBench, type KafkaVersion, messages } from '../../support/kafka.js'

const VERSIONS: readonly KafkaVersion[] = ['kafka39', 'kafka4']
/** In the middle of a batch. */
const LOG_START = 137n
const COMMITTED_FROM_START = 200 - 137 + 5 + 20 + 2 + 3 + 10
const ABORTED = 7 + 4

describe.each(VERSIONS)('a topic of %s that is restored at exact offsets', (version) => {
  let bench: KafkaBench
  let topic: string
  let target: string
  let storage: ArchiveStorage
  let end: bigint

  beforeAll(async () => {
    bench = new KafkaBench(version)
    storage = new MemoryStorage()
    topic = await bench.createTopic()
    target = `${topic}-restored`
    await writeSource()
    end = (await bench.offsets(topic)).high
    await setGroup(`at-an-aborted-record-${topic}`, '201', 'where I was')
    await setGroup(`before-the-start-${topic}`, '3')
    await setGroup(`at-the-end-${topic}`, String(end))
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const plan = await new TopicRestorer({ kafka, storage }).plan({ topics: [topic], rename: () => target })
    expect(plan.topics).toMatchObject([{ offsets: 'exact' }])
    const restored = await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: () => target })
    expect(restored).toMatchObject({ complete: true, records: BigInt(COMMITTED_FROM_START + ABORTED) })
    expect(restored.partitions).toMatchObject([{ targetFrom: LOG_START, targetNext: end, missing: 0n }])
  }, 60_000)

  /** Plain batches, a transaction between another one's batches, several compressions, aborted ones, a late start. */
  async function writeSource(): Promise<void> {
    await bench.produce(topic, [messages(0, 50), messages(50, 200)])
    await bench.produceTransaction(topic, messages(200, 207), 'abort')
    {
      await using first = await bench.beginTransaction(topic)
      await using second = await bench.beginTransaction(topic)
      await first.send(messages(300, 302))
      await second.send(messages(400, 404))
      await bench.produce(topic, [messages(302, 305)])
      await first.send(messages(305, 308))
      await second.end('abort')
      await first.end('commit')
    }
    await bench.untilDecided(topic)
    await bench.produce(topic, [messages(308, 328)], 0, CompressionTypes.GZIP)
    await bench.produceTransaction(topic, messages(500, 510), 'commit')
    await bench.produceTransaction(topic, messages(600, 600 + 2), 'commit')
    await bench.deleteRecords(topic, LOG_START)
  }

  async function setGroup(groupId: string, offset: string, metadata = ''): Promise<void> {
    await using kafka = bench.transport()
    await kafka.commitGroupOffsets(groupId, [
      { topic, partition: 0, offset: BigInt(offset), leaderEpoch: -1, metadata },
    ])
  }

  it('begins and ends where it did', async () => {
    expect(await bench.offsets(target)).toEqual({ low: LOG_START, high: end })
  })

  it.each([
    ['read_uncommitted', COMMITTED_FROM_START + ABORTED],
    ['read_committed', COMMITTED_FROM_START],
  ] as const)('shows to a %s consumer every record at the offset it had', async (isolation, records) => {
    const before = await bench.shown(topic, records, ALL_FIELDS, isolation)
    expect(before).toHaveLength(records)
    expect(await bench.shown(target, records, ALL_FIELDS, isolation)).toEqual(before)
  })

  it('has groups where they were, as far as the log reaches', async () => {
    await using kafka = bench.transport()
    const committed = async (groupId: string) => (await kafka.groupOffsets(groupId)).filter((at) => at.topic === target)
    expect(await committed(`at-an-aborted-record-${topic}`)).toMatchObject([{ offset: 201n, metadata: 'where I was' }])
    expect(await committed(`before-the-start-${topic}`)).toMatchObject([{ offset: LOG_START }])
    expect(await committed(`at-the-end-${topic}`)).toMatchObject([{ offset: end }])
  })

  it('is left as it is by the same restore once more', async () => {
    await using kafka = bench.transport()
    const again = await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: () => target })
    expect(again).toMatchObject({ complete: true, records: BigInt(COMMITTED_FROM_START + ABORTED) })
    expect(await bench.offsets(target)).toEqual({ low: LOG_START, high: end })
  })

  it('takes new records behind its end, and lets a group go on to them without a repeat and without a hole', async () => {
    await bench.produceTransaction(target, messages(700, 701), 'commit')
    expect((await bench.offsets(target)).high).toBe(end + 2n)
    const all = await bench.shown(target, COMMITTED_FROM_START + 1, ALL_FIELDS, 'read_committed')
    const rest = all.filter((line) => Number(/Offset:(\d+)/.exec(line)?.[1]) >= 201)
    expect(rest.length).toBeGreaterThan(30)
    expect(rest.at(-1)).toContain('value-700')
    const group = `at-an-aborted-record-${topic}`
    expect(await bench.shownToGroup(group, target, rest.length, ALL_FIELDS)).toEqual(rest)
  })
})

import { type ArchiveStorage, MemoryStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { ALL_FIELDS, KafkaBench, type KafkaVersion, messages } from '../../support/kafka.js'
import { ownConfigs } from '../../support/own-configs.js'

const WAYS: readonly { readonly from: KafkaVersion; readonly to: KafkaVersion }[] = [
  { from: 'kafka39', to: 'kafka4' },
  { from: 'kafka4', to: 'kafka39' },
]
/** What both versions take, and what a restore must hold. */
const COMMON = {
  'cleanup.policy': 'compact,delete',
  'compression.type': 'gzip',
  'max.message.bytes': '2097152',
  'message.timestamp.before.max.ms': '86400000',
  'retention.ms': '3600000',
  'segment.ms': '7200000',
}
/** What only one version takes. */
const ALONE: Readonly<Record<KafkaVersion, Readonly<Record<string, string>>>> = {
  kafka39: {
    'message.downconversion.enable': 'false',
    'message.format.version': '3.0-IV1',
    'message.timestamp.difference.max.ms': '86400000',
    'segment.bytes': '16384',
  },
  kafka4: {},
}

describe.each(WAYS)('topics that go from $from to $to', ({ from, to }) => {
  let source: KafkaBench
  let target: KafkaBench
  let storage: ArchiveStorage

  beforeEach(() => {
    source = new KafkaBench(from)
    target = new KafkaBench(to)
    storage = new MemoryStorage()
  })

  it('have the same records and configs, and remarks for the configs that cannot be had', async () => {
    const topic = await source.createTopic(2, { ...COMMON, ...ALONE[from] })
    const headers = { headers: { a: ['1', '2'], b: '' } }
    await source.produce(topic, [messages(0, 20), [{ key: 'tombstone', value: null }]], 0)
    await source.produce(topic, [[{ key: '', value: '', ...headers }], messages(20, 30)], 1)
    await using archived = source.transport()
    // From now on the topic could not be written to, as it has one replica.
    await archived.alterTopicConfigs(topic, { 'min.insync.replicas': '2' })
    await new TopicArchiver({ kafka: archived, storage }).run({ topics: [topic] })

    await using kafka = target.transport()
    const restorer = new TopicRestorer({ kafka, storage })
    const plan = await restorer.plan({ topics: [topic] })
    const summary = await restorer.run({ topics: [topic] })
    expect(summary).toMatchObject({ records: 32n, complete: true, held: {} })
    const leftOut = Object.entries(ALONE[from]).map(([name, value]) => expect.stringContaining(`${name}=${value} `))
    expect(summary.remarks).toHaveLength(leftOut.length + 1)
    expect(summary.remarks).toEqual(expect.arrayContaining([...leftOut, expect.stringContaining('min.insync')]))
    expect(plan.remarks).toEqual(summary.remarks)
    expect(await ownConfigs(kafka, topic)).toEqual({ ...COMMON, 'min.insync.replicas': '1' })
    const [before, after] = [await source.shown(topic, 32, ALL_FIELDS), await target.shown(topic, 32, ALL_FIELDS)]
    expect(before).toHaveLength(32)
    expect(after.sort()).toEqual(before.sort())
  })

  it('keep the times that readers saw where brokers date the records, and date new ones', async () => {
    const topic = await source.createTopic(1, { 'message.timestamp.type': 'LogAppendTime' })
    const old = messages(0, 5).map((message) => ({ ...message, timestamp: '1000000000000' }))
    await source.produce(topic, [old, messages(5, 8)])
    await using archived = source.transport()
    await new TopicArchiver({ kafka: archived, storage }).run({ topics: [topic] })
    await using kafka = target.transport()
    await new TopicRestorer({ kafka, storage }).run({ topics: [topic] })
    const before = await source.shown(topic, 8, ALL_FIELDS)
    expect(before[0]).toMatch(/^LogAppendTime:(?!1000000000000)\d+/)
    const restored = await target.shown(topic, 8, ALL_FIELDS)
    expect(restored.map((line) => line.replace(/^CreateTime/, 'LogAppendTime'))).toEqual(before)
    expect(await ownConfigs(kafka, topic)).toEqual({ 'message.timestamp.type': 'LogAppendTime' })
    await target.produce(topic, [old])
    expect((await target.shown(topic, 9, ALL_FIELDS)).at(-1)).toMatch(/^LogAppendTime:(?!1000000000000)\d+/)
  })
})

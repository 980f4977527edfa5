import { type ArchiveStorage, MemoryStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import type { KafkaJsTransport } from 'kafkeep/kafkajs'
import { beforeEach, describe, expect, it } from 'vitest'
import { ALL_FIELDS, KafkaBench, messages } from '../../support/kafka.js'
import { keysOf } from '../../support/keys-of.js'
import { ownConfigs } from '../../support/own-configs.js'

describe('the target of a restore', () => {
  let bench: KafkaBench
  let storage: ArchiveStorage

  beforeEach(() => {
    bench = new KafkaBench('kafka4')
    storage = new MemoryStorage()
  })

  it('has more partitions where that is asked, and each record stays in its own', async () => {
    const topic = await bench.createTopic(2)
    await bench.produce(topic, [messages(0, 5)], 0)
    await bench.produce(topic, [messages(5, 8)], 1)
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const target = `${topic}-wide`
    const options = { topics: [topic], rename: () => target, partitions: 3 }
    const restorer = new TopicRestorer({ kafka, storage })
    expect(String(await restorer.plan(options))).toContain('remark: ')
    const summary = await restorer.run(options)
    expect(summary).toMatchObject({ records: 8n, complete: true })
    expect(summary.remarks).toEqual([expect.stringContaining('3 partitions instead of 2')])
    const highs = [0, 1, 2].map(async (partition) => (await bench.offsets(target, partition)).high)
    expect(await Promise.all(highs)).toEqual([5n, 3n, 0n])
    expect(await restorer.run(options)).toMatchObject({ records: 8n, complete: true })
    const other = await restorer.plan({ ...options, partitions: undefined })
    expect(other.problems).toMatchObject([{ code: 'PARTITION_COUNT' }])
  })

  it('gets the archived records behind its own, once, and consumers stand where they stood among them', async () => {
    const [topic, target] = [await bench.createTopic(), await bench.createTopic()]
    await bench.produce(topic, [messages(0, 3), messages(3, 6)])
    await bench.produce(target, [messages(100, 104)])
    const groupId = `reader-of-${topic}`
    await bench.admin((admin) => admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '2' }] }))
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const restorer = new TopicRestorer({ kafka, storage })
    const options = { topics: [topic], rename: () => target, onExisting: 'append' } as const
    const exact = await restorer.plan({ ...options, offsets: 'exact' })
    expect(exact.problems).toMatchObject([{ code: 'NOT_EXACT' }])
    expect((await restorer.plan(options)).topics).toMatchObject([{ offsets: 'translate', create: false }])
    const expected = [...messages(100, 104), ...messages(0, 6)].map(({ value }) => value)
    for (const run of ['first', 'again']) {
      const summary = await restorer.run(options)
      expect(summary.partitions, run).toMatchObject([{ targetFrom: 4n, targetNext: 10n, records: 6n }])
      expect(await bench.offsets(target), run).toEqual({ low: 0n, high: 10n })
    }
    expect(await bench.shown(target, 10)).toEqual(expected)
    const offsets = await bench.admin((admin) => admin.fetchOffsets({ groupId, topics: [target] }))
    expect(offsets[0]?.partitions[0]?.offset).toBe('6')
  })

  it('takes another restore only once the first one is abandoned, and has its own configs in the end', async () => {
    const configs = { 'retention.ms': '3600000', 'cleanup.policy': 'compact', 'segment.ms': '7200000' }
    const [topic, target] = [await bench.createTopic(), await bench.createTopic(1, configs)]
    await bench.produce(topic, [messages(0, 4)])
    await using kafka = bench.transport()
    const archiver = new TopicArchiver({ kafka, storage })
    const { checkpoint: older } = await archiver.run({ topics: [topic] })
    await bench.produce(topic, [messages(4, 6)])
    await archiver.run({ topics: [topic] })
    const options = { topics: [topic], rename: () => target }
    await cutOffBeforeRelease(kafka, { ...options, checkpoint: older })
    expect(await bench.offsets(target)).toEqual({ low: 0n, high: 4n })
    expect(await ownConfigs(kafka, target)).toMatchObject({ 'retention.ms': '-1', 'cleanup.policy': 'delete' })

    const restorer = new TopicRestorer({ kafka, storage })
    const codesOf = async (more: object) =>
      (await restorer.plan({ ...options, ...more })).problems.map(({ code }) => code)
    const before = [await keysOf(storage), await ownConfigs(kafka, target)]
    expect(await codesOf({})).toEqual(['OTHER_RESTORE'])
    expect(String(await restorer.plan(options))).toContain('`abandon`')
    expect(await codesOf({ onExisting: 'append' })).toEqual(['OTHER_RESTORE'])
    expect(await codesOf({ abandon: true })).toEqual(['TARGET_NOT_EMPTY'])
    expect(await codesOf({ abandon: true, onExisting: 'append' })).toEqual([])
    expect([await keysOf(storage), await ownConfigs(kafka, target)]).toEqual(before)

    for (const run of ['first', 'again']) {
      const summary = await restorer.run({ ...options, abandon: true, onExisting: 'append' })
      expect(summary.partitions, run).toMatchObject([{ targetFrom: 4n, targetNext: 10n, records: 6n }])
      expect(await ownConfigs(kafka, target), run).toEqual(configs)
    }
    expect(await bench.shown(target, 10)).toEqual([...messages(0, 4), ...messages(0, 6)].map(({ value }) => value))
  })

  it('ends the same when the restore is cut off between the release and its end', async () => {
    const configs = { 'retention.ms': '3600000', 'retention.bytes': '1000000', 'cleanup.policy': 'compact,delete' }
    const topic = await bench.createTopic()
    await bench.produce(topic, [[{ key: 'k', value: 'of 2001', timestamp: '1000000000000' }], messages(0, 20)])
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const target = `${topic}-r`
    // The source keeps its old record, whenever its broker looks for what is to be deleted.
    const options = { topics: [topic], rename: () => target, configs }
    const restorer = new TopicRestorer({ kafka, storage })
    for await (const event of restorer.stream(options)) if (event.type === 'released') break
    const released = { ...configs, 'retention.ms': '-1' }
    expect(await ownConfigs(kafka, target)).toEqual(released)
    const summary = await restorer.run(options)
    expect(summary).toMatchObject({ records: 21n, complete: true, held: { [target]: { 'retention.ms': '-1' } } })
    expect(await ownConfigs(kafka, target)).toEqual(released)
    expect(await bench.shown(target, 21, ALL_FIELDS)).toEqual(await bench.shown(topic, 21, ALL_FIELDS))
  })

  it('keeps its size unlimited where its own limit would delete at once what was just restored', async () => {
    const topic = await bench.createTopic(2, { 'retention.bytes': '2000', 'retention.ms': '-1' })
    await bench.produce(topic, [messages(0, 200)], 1)
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const target = `${topic}-r`
    const { held } = await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: () => target })
    expect(held).toEqual({ [target]: { 'retention.bytes': '-1' } })
    expect(await ownConfigs(kafka, target)).toEqual({ 'retention.bytes': '-1', 'retention.ms': '-1' })
  })

  async function cutOffBeforeRelease(kafka: KafkaJsTransport, options: object): Promise<void> {
    const run = new TopicRestorer({ kafka, storage }).stream({ ...options, groups: false })
    for await (const event of run) if (event.type === 'progress') break
  }
})

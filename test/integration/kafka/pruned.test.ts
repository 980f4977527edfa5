import { MemoryStorage, TopicArchive, TopicArchiver, TopicRestorer } from 'kafkeep'
import { expect, it } from 'vitest'
import { KafkaBench, messages } from '../../support/kafka.js'
import { collected } from '../../support/znode-arbitrary.js'

it('an archive that is merged and pruned gives back, at its offsets, what the topic held at each checkpoint that is left', async () => {
  const bench = new KafkaBench('kafka4')
  const storage = new MemoryStorage()
  const archive = new TopicArchive({ storage })
  const topic = await bench.createTopic()
  await using kafka = bench.transport()
  for (const from of [0, 10, 20, 30]) {
    await bench.produce(topic, [messages(from, from + 10)])
    // What retention does.
    if (from > 0) await kafka.deleteRecords({ topic, partition: 0 }, BigInt(from - 5), {})
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
  }
  expect(await archive.partitions(topic)).toMatchObject([{ from: 0n, next: 40n, complete: true }])
  expect(await collected(archive.prune({ keepCheckpoints: 2 }))).not.toEqual([])
  expect(await collected(archive.merge())).not.toEqual([])
  const [verdict] = (await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })).partitions
  expect(verdict).toMatchObject({ from: 10n, next: 40n, gaps: [], complete: true })
  expect(await collected(archive.verify({ deep: true }))).toEqual([])
  const left = await collected(archive.checkpoints())
  expect(left).toHaveLength(3)
  for (const [index, { id }] of left.entries()) {
    const target = `${topic}-${index}`
    const options = { topics: [topic], rename: () => target, checkpoint: id, offsets: 'exact' } as const
    const summary = await new TopicRestorer({ kafka, storage }).run(options)
    expect(summary).toMatchObject({ complete: true })
    const next = index === 0 ? 30 : 40
    expect(await bench.shown(target, next - 10)).toEqual(messages(10, next).map(({ value }) => String(value)))
    expect(await bench.offsets(target)).toEqual({ low: 10n, high: BigInt(next) })
  }
  expect(await collected(archive.prune({ keepCheckpoints: 1 }))).not.toEqual([])
})

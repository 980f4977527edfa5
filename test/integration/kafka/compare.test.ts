import { CompressionTypes } from 'kafkajs'
import {
  type CompareOptions,
  FileSystemStorage,
  type Finding,
  MemoryStorage,
  TopicArchive,
  TopicArchiver,
  TopicRestorer,
} from 'kafkeep'
import { beforeAll, describe, expect, it } from 'vitest'
import { beforeFetch } from '../../support/before-fetch.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { largeBatches } from '../../support/kill-loop.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { collected } from '../../support/znode-arbitrary.js'

/** In the middle of a batch. */
const LOG_START = 37n
const BY_KAFKAJS = { timestamp: '1700000000000' } as const

const newFolder = temporaryFolders()

describe('comparing a topic of a real cluster with the archive', () => {
  const bench = new KafkaBench('kafka4')
  const storage = new MemoryStorage()
  let topic: string
  /** The same but for one record. */
  let other: string

  beforeAll(async () => {
    topic = await bench.createTopic()
    other = await bench.createTopic()
    await writeSource(topic, 'the record')
    await writeSource(other, 'another record')
    await archive()
  }, 60_000)

  /** Plain batches, some of them compressed, a committed and an aborted transaction, a late start. */
  async function writeSource(name: string, value: string): Promise<void> {
    const stamped = (from: number, next: number) =>
      messages(from, next).map((message) => ({ ...message, ...BY_KAFKAJS }))
    await bench.produce(name, [stamped(0, 20), stamped(20, 80)])
    await bench.produceTransaction(name, stamped(100, 110), 'commit')
    await bench.produceTransaction(name, stamped(200, 203), 'abort')
    await bench.produce(name, [stamped(300, 330)], 0, CompressionTypes.GZIP)
    await bench.produce(name, [[...stamped(400, 402), { value, ...BY_KAFKAJS }, ...stamped(403, 405)]])
    await bench.deleteRecords(name, LOG_START)
  }

  async function archive(): Promise<void> {
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic, other] })
  }

  async function restore(source: string, target: string, offsets: 'exact' | 'translate'): Promise<void> {
    await using kafka = bench.transport()
    const rename = () => target
    await new TopicRestorer({ kafka, storage }).run({ topics: [source], rename, offsets, groups: false })
  }

  async function compared(options: Partial<CompareOptions> = {}): Promise<Finding[]> {
    await using kafka = bench.transport()
    return await collected(new TopicArchive({ storage }).compare({ kafka, topics: [topic], ...options }))
  }

  it('finds nothing on the source, also when the topic has grown and lost old records since', async () => {
    expect(await compared()).toEqual([])
    await bench.produce(topic, [messages(500, 510)])
    await bench.deleteRecords(topic, LOG_START + 30n)
    expect(await compared()).toEqual([])
  })

  it.each(['exact', 'translate'] as const)('finds nothing in a copy restored with `offsets: %j`', async (offsets) => {
    const target = `${topic}-${offsets}`
    await restore(topic, target, offsets)
    expect(await compared({ rename: () => target })).toEqual([])
    await bench.produce(target, [messages(500, 510)])
    expect(await compared({ rename: () => target })).toEqual([])
  })

  it('finds the one record by which a copy of another topic differs', async () => {
    const target = `${topic}-of-other`
    await restore(other, target, 'exact')
    const at = 80n + 11n + 4n + 30n + 2n
    const findings = await compared({ rename: () => target })
    expect(findings).toMatchObject([{ kind: 'mismatch', topic: target, partition: 0, from: at, next: at + 1n }])
  })

  it('finds every other record among many, although both sides are read in memory that is used again', async () => {
    const [source, copy] = [await bench.createTopic(), await bench.createTopic()]
    const differing = [0, 37, 151, 152, 299]
    // Far more than the memory: about 15 MB.
    const batches = (changed: readonly number[]) =>
      Array.from({ length: 60 }, (_, batch) =>
        Array.from({ length: 5 }, (_, index) => {
          const number = batch * 5 + index
          return { ...BY_KAFKAJS, value: Buffer.alloc(50_000, changed.includes(number) ? 'changed ' : `${number} `) }
        }),
      )
    await bench.produce(source, batches([]))
    await bench.produce(copy, batches(differing))
    const own = new FileSystemStorage({ directory: await newFolder() })
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage: own }).run({ topics: [source] })
    const comparedTo = (name: string) =>
      collected(new TopicArchive({ storage: own }).compare({ kafka, topics: [source], rename: () => name }))
    expect(await comparedTo(source)).toEqual([])
    expect((await comparedTo(copy)).map(({ kind, from, next }) => [kind, from, next])).toEqual([
      ['mismatch', 0n, 1n],
      ['mismatch', 37n, 38n],
      ['mismatch', 151n, 153n],
      ['mismatch', 299n, 300n],
    ])
  })

  it('takes what is deleted from the beginning of a copy for what retention does', async () => {
    const target = `${topic}-cut`
    await restore(topic, target, 'translate')
    const { high } = await bench.offsets(target)
    await bench.deleteRecords(target, high - 1n)
    expect(await compared({ rename: () => target })).toEqual([])
  })

  it.each([
    ['some of it', 700n],
    ['all of it', 1_400n],
  ])('leaves out what retention takes while it compares: %s', async (_, start) => {
    const name = await bench.createTopic()
    const own = new MemoryStorage()
    await bench.produce(name, largeBatches(0, 1_400))
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage: own }).run({ topics: [name] })
    let cut = false
    const meanwhile = beforeFetch(kafka, 2, async () => {
      await bench.deleteRecords(name, start)
      cut = true
    })
    expect(await collected(new TopicArchive({ storage: own }).compare({ kafka: meanwhile, topics: [name] }))).toEqual(
      [],
    )
    expect(cut).toBe(true)
  })
})

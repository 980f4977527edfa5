import { type ArchiveEvent, type ArchiveStorage, MemoryStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { S3Storage } from 'kafkeep/s3'
import { withFaults } from 'kafkeep/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../services/ports.js'
import { ALL_FIELDS, KafkaBench, messages } from '../../support/kafka.js'
import { keysOf } from '../../support/keys-of.js'
import { s3ClientOf } from '../../support/s3-client.js'
import { services } from '../../support/services.js'

describe('archiving and restoring topics when something is wrong', () => {
  let bench: KafkaBench
  let storage: ArchiveStorage

  beforeEach(() => {
    bench = new KafkaBench('kafka4')
    storage = new MemoryStorage()
  })

  it('names a topic that does not exist, and writes nothing of it', async () => {
    await using kafka = bench.transport()
    const run = new TopicArchiver({ kafka, storage }).run({ topics: ['no-such-topic'] })
    await expect(run).rejects.toMatchObject({
      code: 'TOPIC_NOT_FOUND',
      topic: 'no-such-topic',
      hint: expect.any(String),
    })
    expect(await keysOf(storage)).toEqual(['archive.json'])
  })

  it('says that no broker can be reached, with a hint', async () => {
    await using kafka = new KafkaJsTransport(bench.client([`127.0.0.1:${await freePort()}`]))
    const run = new TopicArchiver({ kafka, storage }).run()
    await expect(run).rejects.toMatchObject({ code: 'TRANSPORT_FAILED', system: 'kafka', hint: expect.any(String) })
  })

  it('says that the bucket is missing or the credentials are wrong, and never shows a secret', async () => {
    await using kafka = bench.transport()
    const attempt = async (bucket: string, secret: string) => {
      const client = s3ClientOf({ ...services().s3, secretAccessKey: secret })
      const error: Error = await new TopicArchiver({ kafka, storage: new S3Storage({ client, bucket }) }).run().then(
        () => new Error('it did not fail'),
        (reason) => reason,
      )
      client.destroy()
      expect(error).toMatchObject({ code: 'STORAGE_FAILED', hint: expect.any(String) })
      expect(`${error.message} ${error.stack}`).not.toContain(secret)
      return error
    }
    const missing = await attempt('no-such-bucket', services().s3.secretAccessKey)
    expect(missing.message).toContain('no-such-bucket')
    await attempt('no-such-bucket', 'wrong-secret')
  })

  it('leaves a prefix alone that holds something else', async () => {
    await storage.put('holiday/photo.jpg', Buffer.from('not an archive'))
    await using kafka = bench.transport()
    const run = new TopicArchiver({ kafka, storage }).run()
    await expect(run).rejects.toMatchObject({ code: 'FOREIGN_CONTENT', hint: expect.any(String) })
    expect(await keysOf(storage)).toEqual(['holiday/photo.jpg'])
  })

  it('says that there is no archive, no such checkpoint, no such topic in it', async () => {
    const topic = await bench.createTopic()
    await using kafka = bench.transport()
    const restorer = new TopicRestorer({ kafka, storage })
    await expect(restorer.run()).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE', hint: expect.any(String) })
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const attempts = [
      { checkpoint: '20200101T000000000Z-00000000' },
      { checkpoint: { before: new Date(0) } },
      { topics: ['other'] },
    ]
    for (const options of attempts) {
      await expect(restorer.run(options)).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE', hint: expect.any(String) })
    }
  })

  it('refuses a target that holds records or has other partitions, before the first byte', async () => {
    const topic = await bench.createTopic(2)
    await bench.produce(topic, [messages(0, 3)])
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const restorer = new TopicRestorer({ kafka, storage })
    await expect(restorer.run({ topics: [topic] })).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })
    const narrow = await bench.createTopic(1)
    const plan = await restorer.plan({ topics: [topic], rename: { [topic]: narrow } })
    expect(plan.problems).toMatchObject([{ code: 'PARTITION_COUNT' }])
    expect(plan.toString()).toContain('PARTITION_COUNT')
    expect(await bench.offsets(narrow)).toEqual({ low: 0n, high: 0n })
  })

  it('rethrows the reason of the signal, and the next run ends as if nothing had happened', async () => {
    const topic = await bench.createTopic()
    // Large enough that each batch is a request of its own.
    const large = messages(0, 300).map((message) => ({ ...message, value: `${message.value} `.padEnd(8_000, 'x') }))
    await bench.produce(
      topic,
      Array.from({ length: 60 }, (_, index) => large.slice(index * 5, index * 5 + 5)),
    )
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const target = `${topic}-resumed`
    const options = { topics: [topic], rename: () => target }
    for (const call of [1, 20, 25]) {
      const reason = new Error('the machine goes down')
      const stop = new AbortController()
      const dying = beforeCall(kafka, 'produce', call, () => stop.abort(reason))
      const run = new TopicRestorer({ kafka: dying, storage }).run({ ...options, signal: stop.signal })
      await expect(run).rejects.toBe(reason)
    }
    await using fresh = bench.transport()
    const summary = await new TopicRestorer({ kafka: fresh, storage }).run(options)
    expect(summary).toMatchObject({ records: 300n, complete: true })
    expect(await bench.shown(target, 300, ALL_FIELDS)).toEqual(await bench.shown(topic, 300, ALL_FIELDS))
    expect(await bench.offsets(target)).toEqual({ low: 0n, high: 300n })
  })

  it('goes on with the others when a topic is deleted in the middle of the run', async () => {
    const [doomed, other] = [await bench.createTopic(), await bench.createTopic()]
    const large = messages(0, 500).map((message) => ({ ...message, value: 'x'.repeat(8_000) }))
    await bench.produce(
      doomed,
      Array.from({ length: 100 }, (_, index) => large.slice(index * 5, index * 5 + 5)),
    )
    await bench.produce(other, [messages(0, 3)])
    await using kafka = bench.transport()
    const archiver = new TopicArchiver({ kafka, storage, segmentBytes: 1_048_576, memoryBytes: 8_388_608 })
    const run = archiver.stream({ topics: [doomed, other] })
    let stopped: ArchiveEvent | undefined
    let deleted = false
    let next = await run.next()
    for (; next.done !== true; next = await run.next()) {
      const event = next.value
      if (event.type === 'stopped') stopped = event
      if (event.type !== 'segment' || event.topic !== doomed || deleted) continue
      deleted = true
      await bench.admin((admin) => admin.deleteTopics({ topics: [doomed] }))
    }
    expect(stopped).toMatchObject({ topic: doomed, error: { code: 'LOG_DIVERGED', hint: expect.any(String) } })
    expect(next.value.complete).toBe(false)
    expect(next.value.partitions).toContainEqual(expect.objectContaining({ topic: other, next: 3n, complete: true }))
    const restored = await new TopicRestorer({ kafka, storage }).plan({ rename: (topic) => `${topic}-r` })
    expect(restored.topics.map(({ topic }) => topic)).toEqual([other])
  })

  it('refuses to go on where somebody else has written to the target', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 10), messages(10, 20)])
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    const options = { topics: [topic], rename: () => `${topic}-shared` }
    await new TopicRestorer({ kafka, storage }).run(options)
    await bench.produce(`${topic}-shared`, [messages(0, 1)])
    const again = new TopicRestorer({ kafka, storage }).run(options)
    await expect(again).rejects.toMatchObject({ code: 'RESTORE_CONFLICT', hint: expect.any(String) })
  })

  it('archives the same bytes when any call to the storage fails and the run is repeated', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 10)])
    await using kafka = bench.transport()
    const boom = new Error('the store is down')
    for (let call = 0; ; call++) {
      const memory = new MemoryStorage()
      const { proxy, fail } = withFaults<ArchiveStorage>(memory)
      fail('put', boom, { skip: call })
      const first = await new TopicArchiver({ kafka, storage: proxy }).run({ topics: [topic] }).then(
        () => undefined,
        (error) => error,
      )
      await new TopicArchiver({ kafka, storage: memory }).run({ topics: [topic] })
      const segments = (await keysOf(memory)).filter((key) => key.endsWith('.log'))
      expect(segments).toHaveLength(1)
      if (first === undefined) {
        expect(call).toBeGreaterThanOrEqual(4) // the marker, the topic, the segment and the checkpoint
        break
      }
      expect(first).toBe(boom)
    }
  })
})

/** `target`, with something that happens right before the `count`-th call of one of its methods. */
function beforeCall<T extends object>(target: T, method: keyof T, count: number, happens: () => void): T {
  let calls = 0
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (name === method && ++calls === count) happens()
        return Reflect.apply(value, target, args)
      }
    },
  })
}

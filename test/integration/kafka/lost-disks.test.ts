import { Kafka, logLevel } from 'kafkajs'
import { type ArchiveEvent, MemoryStorage, TopicArchive, TopicArchiver, TopicRestorer } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startKafka39 } from '../../services/kafka39.js'
import type { KafkaService, ZooKeeperService } from '../../services/service.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import { eventually } from '../../support/eventually.js'
import { messages } from '../../support/kafka.js'

const topic = 'orders'
let zookeeper: ZooKeeperService
let broker: KafkaService

beforeAll(async () => {
  zookeeper = await startZooKeeper()
  broker = await startKafka39({ zookeeper: zookeeper.connect })
})

afterAll(async () => {
  await broker.destroy()
  await zookeeper.destroy()
})

function client(): Kafka {
  return new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING })
}

async function produce(from: number, to: number): Promise<void> {
  const producer = client().producer()
  await producer.connect()
  await producer.send({ topic, messages: messages(from, to) })
  await producer.disconnect()
}

/** A broker that has just started needs a moment to hear of its topics. */
async function untilTopicIsKnown(): Promise<void> {
  const admin = client().admin()
  await admin.connect()
  try {
    await eventually(async () => expect(await admin.listTopics()).toContain(topic), { limitMs: 20_000 })
  } finally {
    await admin.disconnect()
  }
}

it('keeps what was archived restorable when an archiver runs on a topic whose disks were lost but whose id came back', async () => {
  const storage = new MemoryStorage()
  const archive = async () => {
    await using kafka = new KafkaJsTransport(client())
    const run = new TopicArchiver({ kafka, storage }).stream({ topics: [topic] })
    const events: ArchiveEvent[] = []
    for (let next = await run.next(); ; next = await run.next()) {
      if (next.done === true) return { events, summary: next.value }
      events.push(next.value)
    }
  }
  await produce(0, 10)
  const before = await archive()
  expect(before.summary.complete).toBe(true)

  // The disk is lost. ZooKeeper still has the topic, so that it is there again under the same id, and empty.
  await broker.destroy()
  broker = await startKafka39({ zookeeper: zookeeper.connect })
  await untilTopicIsKnown()
  const tooEarly = await archive()
  expect(tooEarly.events).toContainEqual(
    expect.objectContaining({ type: 'diverged', generation: 2, at: 0n, archivedNext: 10n }),
  )

  await using kafka = new KafkaJsTransport(client())
  const restorer = new TopicRestorer({ kafka, storage })
  expect((await restorer.plan()).problems).toMatchObject([{ code: 'OLDER_STATE_HAS_MORE' }])
  await expect(restorer.run()).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })
  const restored = await restorer.run({ checkpoint: before.summary.checkpoint })
  expect(restored).toMatchObject({ records: 10n, complete: true })

  await produce(10, 15)
  const after = await archive()
  expect(after.summary.partitions).toMatchObject([{ from: 0n, next: 15n, records: 15n, gaps: [], complete: true }])
  const values: string[] = []
  for await (const { value } of new TopicArchive({ storage }).records({ topic, partition: 0 })) {
    values.push(Buffer.from(value ?? []).toString())
  }
  expect(values).toEqual(messages(0, 15).map(({ value }) => value))
  expect((await restorer.plan({ rename: () => 'copy' })).problems).toEqual([])
})

import { TopicArchiver } from 'kafkeep'
import { afterAll, expect, it } from 'vitest'
import { batchHeaderOf } from '../../../src/batch/build-batch.js'
import { forProducing, writeBatch } from '../../../src/batch/write-batch.js'
import { startKafka4 } from '../../services/kafka4.js'
import { startKafka39 } from '../../services/kafka39.js'
import type { ConfigurableServiceOptions, KafkaService, Service } from '../../services/service.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import { eventually } from '../../support/eventually.js'
import { exportForBroker } from '../../support/exported-log.js'
import { KafkaBench, type KafkaVersion, messages } from '../../support/kafka.js'
import { archivedBatches, archiveOf, fillVariedly, shownVariedly } from '../../support/varied-topic.js'

const VERSIONS: readonly KafkaVersion[] = ['kafka39', 'kafka4']
const MIB = 1_048_576
const started: Service[] = []

afterAll(() => Promise.all(started.map((service) => service.destroy())))

/** Starts a broker with nothing in it; the function starts it again, with what it has by then. */
async function freshBroker(version: KafkaVersion): Promise<[KafkaService, () => Promise<void>]> {
  let start: (options?: ConfigurableServiceOptions) => Promise<KafkaService> = startKafka4
  if (version === 'kafka39') {
    const zookeeper = await startZooKeeper()
    started.push(zookeeper)
    start = (options) => startKafka39({ zookeeper: zookeeper.connect, ...options })
  }
  const broker = await start()
  started.push(broker)
  const { dataDirectory, port } = broker
  return [broker, async () => void started.push(await start({ dataDirectory, port }))]
}

it.each(VERSIONS)(
  'a broker of %s that starts with exported logs has the topics as they were, and goes on',
  async (version) => {
    const source = new KafkaBench(version)
    const [varied, undecided, emptied] = [
      await source.createTopic(),
      await source.createTopic(),
      await source.createTopic(),
    ]
    const topics = [varied, undecided, emptied]
    const [[broker, startAgain]] = await Promise.all([freshBroker(version), fillVariedly(source, varied)])
    await source.produce(emptied, [messages(0, 10)])
    await source.deleteRecords(emptied, 10n)
    // The archive ends before the second transaction, and so before the first one's marker.
    await using first = await source.beginTransaction(undecided)
    await using second = await source.beginTransaction(undecided)
    await first.send(messages(0, 1))
    await second.send(messages(1, 2))
    await first.end('commit')
    // Ending a transaction is answered before the marker is written.
    await using brokers = source.transport()
    const place = [{ topic: undecided, partition: 0 }]
    await eventually(async () => expect(await brokers.listOffsets('high-watermark', place)).toEqual([3n]), {
      limitMs: 20_000,
    })
    const storage = await archiveOf(source, topics)
    await second.end('abort')
    const target = new KafkaBench(version, broker.brokers)
    for (const topic of topics) await target.createTopicNamed(topic, 1)
    await broker.stop()

    const logs = []
    for (const topic of topics) {
      logs.push(await exportForBroker(broker.partitionsDirectory, { storage, topic, target: topic, segmentBytes: MIB }))
    }
    expect(logs).toMatchObject([{ from: 5n }, { from: 0n, next: 2n }, { from: 10n, next: 10n }])
    expect(logs[0]?.files.length).toBeGreaterThan(3)
    const [before] = await Promise.all([shownVariedly(source, varied), startAgain()])

    expect(await target.offsets(varied)).toEqual(await source.offsets(varied))
    expect(await shownVariedly(target, varied)).toEqual(before)
    expect(await target.offsets(emptied)).toEqual({ low: 10n, high: 10n })
    await target.untilDecided(undecided)
    expect(await target.shown(undecided, 1, [], 'read_committed')).toEqual(['value-0'])

    // The new cluster gives its producers the numbers of the old one’s again.
    await using kafka = target.transport()
    let next = logs[0]?.next ?? -1n
    const seen = new Set([-1n])
    for (const { bytes } of await archivedBatches(storage, varied)) {
      const { producerId, producerEpoch, lastOffsetDelta } = batchHeaderOf(Buffer.from(bytes))
      if (seen.has(producerId)) continue
      seen.add(producerId)
      const records = Array.from({ length: lastOffsetDelta + 1 }, (_, index) => record(index))
      const batch = forProducing(writeBatch(records), { producerId, producerEpoch, baseSequence: 0 })
      const answer = await kafka.produce({ topic: varied, partition: 0 }, batch)
      expect(answer).toEqual({ error: undefined, baseOffset: next })
      next += BigInt(records.length)
    }
    expect(seen.size).toBeGreaterThan(6)
    expect(await target.produceIdempotently(emptied, messages(0, 5))).toBe(10n)
    await target.produceTransaction(undecided, messages(2, 4), 'abort')
    await target.produceTransaction(undecided, messages(4, 6), 'commit')
    expect(await target.shown(undecided, 3, [], 'read_committed')).toEqual(['value-0', 'value-4', 'value-5'])

    const again = await archiveOf(target, topics)
    const { partitions } = await new TopicArchiver({ kafka, storage: again }).run({ topics })
    expect(partitions.map(({ topic, from, next: end, complete }) => [topic, from, end, complete]).sort()).toEqual(
      [
        [varied, 5n, next, true],
        [undecided, 0n, 8n, true],
        [emptied, 10n, 15n, true],
      ].sort(),
    )
  },
)

function record(index: number) {
  return { offset: BigInt(index), timestampMs: BigInt(Date.now()), key: null, value: Buffer.from('new'), headers: [] }
}

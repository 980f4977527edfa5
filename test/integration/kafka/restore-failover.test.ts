import { type ArchiveStorage, MemoryStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KafkaTransport } from '../../../src/kafka/transport.js'
import { type Kafka4Cluster, startKafka4Cluster } from '../../services/kafka4-cluster.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { digestsOf, largeBatches } from '../../support/kill-loop.js'

const REPLICATED = { 'min.insync.replicas': '2' }
/** Brokers notice that another one is dead after nine seconds, by default. */
const properties = { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' }

describe('a restore during which a broker dies', { timeout: 240_000 }, () => {
  let cluster: Kafka4Cluster
  let bench: KafkaBench

  beforeAll(async () => {
    cluster = await startKafka4Cluster({ properties })
    bench = new KafkaBench('kafka4', cluster.brokers, { initialRetryTime: 100, retries: 12 })
  }, 120_000)

  afterAll(() => cluster.destroy())

  it('goes on with the next leader, nothing twice and nothing missing', async () => {
    const topic = await bench.createTopic(1, REPLICATED)
    await bench.produce(topic, largeBatches(0, 1_000))
    await expectSurvival(topic, { call: 'produce', times: [3, 12] })
  })

  it('goes on with the next leader and the next coordinator of its transactions, at exact offsets', async () => {
    const topic = await bench.createTopic(1, REPLICATED)
    await bench.produce(topic, [messages(0, 20)])
    for (let round = 0; round < 25; round++) {
      await using outer = await bench.beginTransaction(topic)
      await outer.send(messages(100 * round, 100 * round + 3))
      await bench.produce(topic, [messages(100 * round + 10, 100 * round + 11)])
      await outer.end(round % 3 === 0 ? 'abort' : 'commit')
    }
    await bench.untilDecided(topic)
    await bench.deleteRecords(topic, 7n)
    await expectSurvival(topic, { call: 'endTransaction', times: [4, 15] })
  })

  /** Each time the leader of the target is killed just before a call; the one before is back by then. */
  async function expectSurvival(
    topic: string,
    { call, times }: { readonly call: 'produce' | 'endTransaction'; readonly times: readonly number[] },
  ): Promise<void> {
    const storage = new MemoryStorage()
    const target = `${topic}-restored`
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic], groups: false })
    let killed: number | undefined
    let kills = 0
    const dying = beforeCalls(kafka, call, times, async () => {
      if (killed !== undefined) await cluster.broker(killed).start()
      const { topics } = await kafka.metadata([target])
      killed = topics[0]?.partitions[0]?.leaderId ?? 1
      kills++
      await cluster.broker(killed).kill()
    })
    const restored = await new TopicRestorer({ kafka: dying, storage }).run({ topics: [topic], rename: () => target })
    expect(kills).toBe(times.length)
    expect(restored).toMatchObject({ complete: true })
    if (killed !== undefined) await cluster.broker(killed).start()
    expect(await digestsOfCluster(target)).toEqual(await digestsOf(storage, topic))
  }

  async function digestsOfCluster(topic: string): Promise<string[]> {
    await using kafka = bench.transport()
    const storage: ArchiveStorage = new MemoryStorage()
    await new TopicArchiver({ kafka, storage, groupId: `reader-${topic}` }).run({ topics: [topic], groups: false })
    return digestsOf(storage, topic)
  }
})

/** The transport, with something done before the n-th calls of a method. */
function beforeCalls(
  kafka: KafkaTransport,
  method: 'produce' | 'endTransaction',
  times: readonly number[],
  act: () => Promise<void>,
): KafkaTransport {
  let calls = 0
  return new Proxy(kafka, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        if (name === method && times.includes(++calls)) await act()
        return Reflect.apply(value, target, args)
      }
    },
  })
}

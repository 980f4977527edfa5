import { type ArchiveStorage, FileSystemStorage, MemoryStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startKafka4 } from '../../services/kafka4.js'
import type { KafkaService } from '../../services/service.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { digestsOf, killOften, killSeed, largeBatches } from '../../support/kill-loop.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const KILLS = 10
const RECORDS = 1_500
const TRANSACTIONS = 40
const PARTITIONS = 2
/** Longer than a run takes, so that kills come everywhere in it, and some too late. */
const LATEST_KILL_MS = 1_200
/** Of 2001: brokers forget producers by the age of their records. */
const OLD = { timestamp: '1000000000000' }
/** They look every second, not every ten minutes, so that it happens while the test runs. */
const FORGETFUL = { 'producer.id.expiration.check.interval.ms': '1000' }

describe('a restore of old records that is killed with SIGKILL at any instant', { timeout: 300_000 }, () => {
  const temporaryFolder = temporaryFolders()
  const seed = killSeed(process.env)
  let broker: KafkaService
  let bench: KafkaBench

  beforeAll(async () => {
    process.stdout.write(`to kill at the same instants again: KAFKEEP_KILL_SEED=${seed}\n`)
    broker = await startKafka4({ properties: FORGETFUL })
    bench = new KafkaBench('kafka4', broker.brokers)
  })

  afterAll(() => broker.destroy())

  it('is completed by the next run, nothing twice and nothing missing', async () => {
    const topic = await bench.createTopic(PARTITIONS)
    const batches = largeBatches(0, RECORDS).map((batch) => batch.map((message) => ({ ...message, ...OLD })))
    for (let partition = 0; partition < PARTITIONS; partition++) await bench.produce(topic, batches, partition)
    await expectSurvival(topic)
  })

  it('is completed at exact offsets too, whatever transaction it was in', async () => {
    const topic = await bench.createTopic()
    const old = (from: number, to: number) => messages(from, to).map((message) => ({ ...message, ...OLD }))
    await bench.produce(topic, [old(0, 20)])
    for (let round = 0; round < TRANSACTIONS; round++) {
      await using outer = await bench.beginTransaction(topic)
      await outer.send(old(100 * round, 100 * round + 3))
      await bench.produce(topic, [old(100 * round + 10, 100 * round + 11)])
      if (round % 4 === 0) await outer.send(old(100 * round + 20, 100 * round + 22))
      await outer.end(round % 3 === 0 ? 'abort' : 'commit')
    }
    await bench.untilDecided(topic)
    await bench.deleteRecords(topic, 7n)
    await expectSurvival(topic)
  })

  async function expectSurvival(topic: string): Promise<void> {
    const directory = await temporaryFolder()
    const storage = new FileSystemStorage({ directory })
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic], groups: false })
    const target = `${topic}-restored`
    const run = { verb: 'restore', brokers: bench.brokers, directory, topic, target } as const
    let killed = 0
    await killOften(() => run, {
      ...{ kills: KILLS, latestKillMs: LATEST_KILL_MS, seed },
      async afterKill(_, end) {
        if (end === 'killed') killed++
      },
    })
    expect(killed).toBeGreaterThan(0)
    const last = await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: () => target })
    expect(last).toMatchObject({ complete: true })
    expect(await digestsOfCluster(target)).toEqual(await digestsOf(storage, topic))
  }

  /** What a topic holds, in the eyes of an archive that nobody disturbed. */
  async function digestsOfCluster(topic: string): Promise<string[]> {
    await using kafka = bench.transport()
    const archive: ArchiveStorage = new MemoryStorage()
    await new TopicArchiver({ kafka, storage: archive, groupId: `reader-${topic}` }).run({
      ...{ topics: [topic], groups: false },
    })
    return digestsOf(archive, topic)
  }
})

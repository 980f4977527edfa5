import { type ArchiveStorage, FileSystemStorage, MemoryStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startKafka4 } from '../../services/kafka4.js'
import { startKafka39 } from '../../services/kafka39.js'
import type { KafkaService } from '../../services/service.js'
import { KafkaBench, type KafkaVersion, messages } from '../../support/kafka.js'
import { digestsOf, killOften, killSeed, largeBatches } from '../../support/kill-loop.js'
import { services } from '../../support/services.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const KILLS = 10
const RECORDS = 1_500
const TRANSACTIONS = 40
const PARTITIONS = 2
/** About as long as a run takes, so that kills come everywhere in it, and some too late. */
const LATEST_KILL_MS = 800
/** Of 2001: brokers forget producers by the age of their records. */
const OLD = { timestamp: '1000000000000' }
/** They look every second, not every ten minutes, so that it happens while the test runs. */
const FORGETFUL = { 'producer.id.expiration.check.interval.ms': '1000' }

/** A broker of its own that forgets fast. */
const start: Readonly<Record<KafkaVersion, () => Promise<KafkaService>>> = {
  kafka39: () => startKafka39({ zookeeper: `${services().zookeeper.connect}/restore-kills`, properties: FORGETFUL }),
  kafka4: () => startKafka4({ properties: FORGETFUL }),
}
const VERSIONS: readonly KafkaVersion[] = ['kafka39', 'kafka4']

describe.each(VERSIONS)(
  'a restore to %s that is killed with SIGKILL at any instant',
  { timeout: 300_000 },
  (version) => {
    const temporaryFolder = temporaryFolders()
    const seed = killSeed(process.env)
    let broker: KafkaService
    let bench: KafkaBench

    beforeAll(async () => {
      process.stdout.write(`to kill at the same instants again: KAFKEEP_KILL_SEED=${seed}\n`)
      broker = await start[version]()
      bench = new KafkaBench(version, broker.brokers)
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
      const expected = await digestsOf(storage, topic)
      let restored = 0
      let killed = 0
      const target = () => `${topic}-${restored}`
      // What is restored whole is compared, and the next run has a new target: there is always something to be killed in.
      await killOften(() => ({ verb: 'restore', brokers: bench.brokers, directory, topic, target: target() }), {
        ...{ kills: KILLS, latestKillMs: LATEST_KILL_MS, seed },
        async afterKill(_, end) {
          if (end === 'killed') killed++
          if (end === 'by-itself') expect(await digestsOfCluster(target())).toEqual(expected)
          if (end === 'by-itself') restored++
        },
      })
      expect(killed).toBeGreaterThan(0)
      const last = await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: target })
      expect(last).toMatchObject({ complete: true })
      expect(await digestsOfCluster(target())).toEqual(expected)
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
  },
)

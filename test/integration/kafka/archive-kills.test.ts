import { FileSystemStorage, MemoryStorage, TopicArchiver } from 'kafkeep'
import { beforeAll, describe, expect, it } from 'vitest'
import { KafkaBench } from '../../support/kafka.js'
import { type DoomedRun, digestsOf, killOften, killSeed, largeBatches } from '../../support/kill-loop.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const KILLS = 10
const RECORDS = 1_500
const PARTITIONS = 2
/** Longer than a run takes, so that kills come everywhere in it, and some too late. */
const LATEST_KILL_MS = 1_200

describe('an archiver that is killed with SIGKILL at any instant', { timeout: 300_000 }, () => {
  const temporaryFolder = temporaryFolders()
  const seed = killSeed(process.env)
  let bench: KafkaBench
  let topic: string

  beforeAll(async () => {
    process.stdout.write(`to kill at the same instants again: KAFKEEP_KILL_SEED=${seed}\n`)
    bench = new KafkaBench('kafka4')
    topic = await bench.createTopic(PARTITIONS)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await bench.produce(topic, largeBatches(0, RECORDS), partition)
    }
  })

  it('leaves an archive that the next run completes, as if nothing had happened', async () => {
    const directory = await temporaryFolder()
    const run: DoomedRun = { verb: 'archive', brokers: bench.brokers, directory, topic }
    await killOften(() => run, { kills: KILLS, latestKillMs: LATEST_KILL_MS, seed })
    const storage = new FileSystemStorage({ directory })
    await using kafka = bench.transport()
    const last = await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    expect(last).toMatchObject({ complete: true })
    expect(await digestsOf(storage, topic)).toEqual(await digestsOfCluster(topic))
  })

  /** What a topic holds, in the eyes of an archive that nobody disturbed. */
  async function digestsOfCluster(name: string): Promise<string[]> {
    await using kafka = bench.transport()
    const storage = new MemoryStorage()
    await new TopicArchiver({ kafka, storage, groupId: `reader-${name}` }).run({ topics: [name], groups: false })
    return digestsOf(storage, name)
  }
})

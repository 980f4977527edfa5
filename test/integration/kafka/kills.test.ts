import { spawn } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type ArchiveStorage,
  FileSystemStorage,
  MemoryStorage,
  TopicArchive,
  TopicArchiver,
  TopicRestorer,
} from 'kafkeep'
import { beforeAll, describe, expect, it } from 'vitest'
import { KafkaBench, messages } from '../../support/kafka.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const repository = join(import.meta.dirname, '../../..')
const KILLS = 10
const RECORDS = 1_500
const RECORDS_A_BATCH = 5
const PARTITIONS = 2
/** Longer than a run takes, so that kills come everywhere in it, and some too late. */
const LATEST_KILL_MS = 1_200

describe('a process that is killed with SIGKILL at any instant', { timeout: 300_000 }, () => {
  const temporaryFolder = temporaryFolders()
  let bench: KafkaBench
  let topic: string

  beforeAll(async () => {
    bench = new KafkaBench('kafka4')
    topic = await bench.createTopic(PARTITIONS)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const large = messages(0, RECORDS).map((message) => ({
        ...message,
        value: `${message.value} `.padEnd(8_000, 'x'),
      }))
      const batches = Array.from({ length: RECORDS / RECORDS_A_BATCH }, (_, index) =>
        large.slice(index * RECORDS_A_BATCH, (index + 1) * RECORDS_A_BATCH),
      )
      await bench.produce(topic, batches, partition)
    }
  })

  it('leaves an archive that the next run completes, as if nothing had happened', async () => {
    const directory = await temporaryFolder()
    await killOften('archive', directory, '')
    const storage = new FileSystemStorage({ directory })
    await using kafka = bench.transport()
    const last = await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    expect(last).toMatchObject({ complete: true })
    expect(await digests(storage, topic)).toEqual(await digestsOfCluster(topic))
  })

  it('leaves a restore that the next run completes, nothing twice and nothing missing', async () => {
    const directory = await temporaryFolder()
    const storage = new FileSystemStorage({ directory })
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic], groups: false })
    const target = `${topic}-restored`
    await killOften('restore', directory, target)
    const last = await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: () => target })
    expect(last).toMatchObject({ complete: true, records: BigInt(RECORDS * PARTITIONS) })
    expect(await digestsOfCluster(target)).toEqual(await digestsOfCluster(topic))
  })

  async function killOften(verb: 'archive' | 'restore', directory: string, target: string): Promise<void> {
    const instants = Array.from({ length: KILLS }, () => randomInt(LATEST_KILL_MS))
    process.stdout.write(`${verb} is killed after ${instants.join(', ')} ms\n`)
    for (const instantMs of instants) {
      const program = join(repository, 'test/support/doomed-program.ts')
      const args = ['--import', 'tsx', program, verb, bench.brokers.join(','), directory, topic, target]
      const doomed = spawn(process.execPath, args, { cwd: repository, stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = once(doomed, 'exit')
      await Promise.race([once(doomed.stdout, 'data'), ended])
      await Promise.race([delay(instantMs), ended])
      doomed.kill('SIGKILL')
      await ended
    }
  }

  /** What a topic holds, in the eyes of an archive that nobody disturbed. */
  async function digestsOfCluster(name: string): Promise<string[]> {
    await using kafka = bench.transport()
    const storage = new MemoryStorage()
    await new TopicArchiver({ kafka, storage, groupId: `reader-${name}` }).run({ topics: [name], groups: false })
    return digests(storage, name)
  }

  /** One digest a partition, over offset, time, key and value of every record. */
  async function digests(storage: ArchiveStorage, name: string): Promise<string[]> {
    const archive = new TopicArchive({ storage })
    return Promise.all(
      Array.from({ length: PARTITIONS }, async (_, partition) => {
        const hash = createHash('sha256')
        let records = 0
        for await (const { offset, timestampMs, key, value } of archive.records({ topic: name, partition })) {
          hash.update(`${offset} ${timestampMs} ${Buffer.from(key ?? [])} ${Buffer.from(value ?? [])}\n`)
          records++
        }
        return `${records} ${hash.digest('hex')}`
      }),
    )
  }
})

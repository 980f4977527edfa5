import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { FileSystemStorage, TopicArchive } from 'kafkeep'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reaper } from '../../services/reaper.js'
import { recordsIn } from '../../support/archiving.js'
import { eventually } from '../../support/eventually.js'
import { KafkaBench, type KafkaVersion, messages } from '../../support/kafka.js'
import { MemberProcess } from '../../support/member-process.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const repository = join(import.meta.dirname, '../../..')
const VERSIONS: readonly KafkaVersion[] = ['kafka39', 'kafka4']
const PARTITIONS = 6
const JOIN_LIMIT_MS = 30_000
/** A frozen process is taken for dead after ten seconds, and its part is given to the others. */
const TAKEOVER_LIMIT_MS = 40_000

interface Told {
  readonly type: string
  readonly partition?: number
  readonly next?: string
  readonly complete?: boolean
  readonly checkpoint?: string
}

/** One process that archives. */
class Archiver {
  readonly told: Told[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  constructor(args: readonly string[]) {
    const program = join(repository, 'test/support/sharing-program.ts')
    this.#child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
      cwd: repository,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#exited = once(this.#child, 'exit')
    const { pid, stdout } = this.#child
    if (pid === undefined || stdout === null) throw new Error('the process did not start')
    reaper().watch(pid)
    this.#child.once('exit', () => reaper().spare(pid))
    createInterface({ input: stdout }).on('line', (line) => this.told.push(JSON.parse(line)))
  }

  /** Partitions of which it has stored something. */
  get partitions(): number[] {
    const stored = this.told.flatMap(({ type, partition }) => (type === 'segment' ? [partition ?? -1] : []))
    return [...new Set(stored)].sort()
  }

  get summary(): Told | undefined {
    return this.told.find(({ type }) => type === 'summary')
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Asks it to end in order. */
  async stop(): Promise<void> {
    this.#child.stdin?.end()
    await this.#exited
  }

  async ended(): Promise<void> {
    await this.#exited
  }
}

describe.each(VERSIONS)('processes that share the topics of %s', { timeout: 180_000 }, (version) => {
  const temporaryFolder = temporaryFolders()
  let bench: KafkaBench
  let topic: string
  let directory: string
  let groupId: string
  let archivers: Archiver[]
  let idle: MemberProcess | undefined

  beforeEach(async () => {
    bench = new KafkaBench(version)
    topic = await bench.createTopic(PARTITIONS)
    directory = await temporaryFolder()
    groupId = `sharing-${randomUUID()}`
    archivers = []
    idle = undefined
  })

  afterEach(() => Promise.all([...archivers, idle].map((started) => started?.kill())))

  function start(follow: 'follow' | 'bounded'): Archiver {
    const archiver = new Archiver([bench.brokers.join(','), directory, groupId, topic, follow])
    archivers.push(archiver)
    return archiver
  }

  /** Adds records `from` to `to` to every partition. */
  async function produce(from: number, to: number): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await bench.produce(topic, [messages(from, to)], partition)
    }
  }

  async function expectArchived(records: number, checkpoint?: string): Promise<void> {
    const storage = new FileSystemStorage({ directory })
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const offsets = (await recordsIn(storage, { topic, partition, checkpoint })).map(({ offset }) => offset)
      expect(offsets).toEqual(Array.from({ length: records }, (_, offset) => BigInt(offset)))
    }
  }

  const archivedBy = (...which: Archiver[]) => [...new Set(which.flatMap(({ partitions }) => partitions))].sort()
  const everyPartition = Array.from({ length: PARTITIONS }, (_, partition) => partition)

  it('divide the partitions, and take over from one that was killed and from one that hangs and comes back', async () => {
    const [one, two, three] = [start('follow'), start('follow'), start('follow')]
    let produced = 0
    /** Until every one of these has something to do, and everything is archived. */
    const untilShared = (sharing: readonly Archiver[], limitMs: number) =>
      eventually(
        async () => {
          for (const archiver of sharing) archiver.told.length = 0
          await produce(produced, produced + 5)
          produced += 5
          await eventually(() => expect(archivedBy(...sharing)).toEqual(everyPartition), { limitMs: 6_000 })
          for (const { partitions } of sharing) expect(partitions.length).toBe(PARTITIONS / sharing.length)
        },
        { limitMs },
      )
    await untilShared([one, two, three], JOIN_LIMIT_MS)

    await one.kill()
    await untilShared([two, three], TAKEOVER_LIMIT_MS)

    // Frozen in the middle of its work: what it has read and not stored is stored when it comes back, by a zombie.
    await produce(produced, produced + 5)
    produced += 5
    two.signal('SIGSTOP')
    await untilShared([three], TAKEOVER_LIMIT_MS)
    two.signal('SIGCONT')
    await untilShared([two, three], TAKEOVER_LIMIT_MS)

    await Promise.all([two.stop(), three.stop()])
    expect(two.summary?.complete).toBe(true)
    expect(three.summary?.complete).toBe(true)
    // The leader writes the last checkpoint; the other one may become it before it ends, too.
    expect([two, three].some(({ summary }) => summary?.checkpoint !== '')).toBe(true)
    await expectArchived(produced)
  })

  it('write a first checkpoint together, and archive a topic that was deleted and created again', async () => {
    const [one, two] = [start('follow'), start('follow')]
    await produce(0, 5)
    await eventually(() => expect(archivedBy(one, two)).toEqual(everyPartition), { limitMs: JOIN_LIMIT_MS })
    const types = () => [one, two].flatMap(({ told }) => told.map(({ type }) => type))
    await eventually(() => expect(types()).toContain('checkpoint'), { limitMs: JOIN_LIMIT_MS })
    await bench.admin((admin) => admin.deleteTopics({ topics: [topic] }))
    await eventually(() => bench.createTopicNamed(topic, PARTITIONS), { limitMs: JOIN_LIMIT_MS })
    for (const archiver of [one, two]) archiver.told.length = 0
    await produce(0, 7)
    const stored = () =>
      [one, two].flatMap(({ told }) => told.filter(({ type, next }) => type === 'segment' && next === '7'))
    await eventually(() => expect(stored()).toHaveLength(PARTITIONS), { limitMs: TAKEOVER_LIMIT_MS })
    await Promise.all([one.stop(), two.stop()])
    await expectArchived(7)
  })

  it('wait for one that has not archived its part, and take it over when it dies', async () => {
    await produce(0, 50)
    idle = new MemberProcess(bench.brokers, groupId, topic)
    expect((await idle.next()).partitions).toHaveLength(PARTITIONS)
    const archiver = start('bounded')
    expect((await idle.next()).partitions).toHaveLength(PARTITIONS / 2)
    await eventually(() => expect(archiver.partitions).toHaveLength(PARTITIONS / 2), { limitMs: JOIN_LIMIT_MS })
    await idle.kill()
    await archiver.ended()
    expect(archiver.summary?.complete).toBe(true)
    await expectArchived(50)
  })

  it('end once everything is archived, whoever did it', async () => {
    await produce(0, 50)
    const three = [start('bounded'), start('bounded'), start('bounded')]
    await Promise.all(three.map((archiver) => archiver.ended()))
    for (const { summary } of three) expect(summary?.complete).toBe(true)
    expect(three.some(({ summary }) => summary?.checkpoint !== '')).toBe(true)
    await expectArchived(50)
    const checkpoints = new TopicArchive({ storage: new FileSystemStorage({ directory }) }).checkpoints()
    for await (const { id } of checkpoints) await expectArchived(50, id)
  })
})

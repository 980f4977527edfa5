import { existsSync } from 'node:fs'
import { type ArchiveEvent, type ArchiveStorage, type Finding, MemoryStorage, TopicArchive } from 'kafkeep'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Kafka4Cluster, startKafka4Cluster } from '../../services/kafka4-cluster.js'
import { isAlive } from '../../services/lock.js'
import { archiveTopics, expectEveryOffsetOnce, type ObservedRun, recordsIn } from '../../support/archiving.js'
import { beforeFetch } from '../../support/before-fetch.js'
import { exportForBroker } from '../../support/exported-log.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { ReplicatedPartition } from '../../support/replicated-partition.js'
import { archiveOf, fillVariedly, shownVariedly } from '../../support/varied-topic.js'
import { collected } from '../../support/znode-arbitrary.js'

let cluster: Kafka4Cluster

beforeAll(async () => {
  // The positions of consumer groups, too, must have a leader when only one broker is alive.
  cluster = await startKafka4Cluster({ properties: { 'unclean.leader.election.enable': 'true' } })
})

afterAll(() => cluster.destroy())

describe('a cluster of three brokers', () => {
  it('has another leader, and all records, once the leader was killed', async () => {
    const partition = await ReplicatedPartition.create(cluster, [1, 2, 3])
    const before = await partition.append(20)
    expect(await partition.killLeader()).toBe(2)
    const after = await partition.append(20)
    expect(await partition.values()).toEqual([...before, ...after])
    await partition.rejoin(1)
    expect(await partition.logOf(1)).toEqual(await partition.logOf(2))
  })

  it('elects a replica that lacks records, by itself or by hand, and the others drop what it lacks', async () => {
    const byItself = await ReplicatedPartition.create(cluster, [1, 2])
    const byHand = await ReplicatedPartition.create(cluster, [1, 2], { 'unclean.leader.election.enable': 'false' })
    const common = [await byItself.append(60), await byHand.append(10)] as const
    await byItself.leaveBehind(2)
    await Promise.all([byItself.append(40), byHand.append(10)])
    await byItself.electUncleanly(2)
    const instead = await byItself.append(20)
    await byHand.forceElection(2)

    expect(await byItself.values()).toEqual([...common[0], ...instead])
    expect(await byHand.values()).toEqual(common[1])
    for (const partition of [byItself, byHand]) {
      await partition.rejoin(1)
      expect(await partition.logOf(1)).toEqual(await partition.logOf(2))
    }
    expect(await byItself.epochsOf(1)).toMatchObject([{ from: 0n }, { from: 60n }])
  })
})

describe('the archive of a topic', () => {
  it('begins a new generation where an unclean election has cut the log, whether or not it has grown beyond since', async () => {
    const partition = await ReplicatedPartition.create(cluster, [1, 2])
    const [soon, late] = [new MemoryStorage(), new MemoryStorage()]
    const common = await partition.append(60)
    await partition.leaveBehind(2)
    const lost = await partition.append(40)
    const before = [await archive(partition, soon), await archive(partition, late)] as const
    await partition.electUncleanly(2)
    const shorter = await partition.append(20)
    const after = await archive(partition, soon)
    expect(after.diverged).toMatchObject([{ generation: 2, at: 60n, archivedNext: 100n }])
    expect(after.summary).toMatchObject({ records: 20n, complete: true })
    expect(await archived(partition, soon)).toEqual([...common, ...shorter])
    expect(await archived(partition, soon, before[0])).toEqual([...common, ...lost])

    const longer = [...shorter, ...(await partition.append(40))]
    const muchLater = await archive(partition, late)
    expect(muchLater.diverged).toMatchObject([{ generation: 2, at: 60n, archivedNext: 100n }])
    expect(muchLater.summary).toMatchObject({ records: 60n, complete: true })
    expect((await archive(partition, soon)).diverged).toEqual([])
    for (const storage of [soon, late]) expect(await archived(partition, storage)).toEqual([...common, ...longer])
    expect(await archived(partition, late, before[1])).toEqual([...common, ...lost])
  })

  it('follows two unclean elections of which the second goes back behind the first, however often it is archived', async () => {
    const partition = await ReplicatedPartition.create(cluster, [1, 2, 3])
    const [seldom, often] = [new MemoryStorage(), new MemoryStorage()]
    const ofAll = await partition.append(30)
    await partition.leaveBehind(3)
    const ofTwo = await partition.append(30)
    await partition.leaveBehind(2)
    const ofOne = await partition.append(40)
    const first = [await archive(partition, seldom), await archive(partition, often)] as const
    await partition.electUncleanly(2)
    const bySecond = await partition.append(20)
    const between = await archive(partition, often)
    await partition.electUncleanly(3)
    const byThird = await partition.append(20)
    const last = [await archive(partition, seldom), await archive(partition, often)] as const

    expect(await partition.values()).toEqual([...ofAll, ...byThird])
    await Promise.all([partition.rejoin(1), partition.rejoin(2)])
    const log = await partition.logOf(3)
    expect([await partition.logOf(1), await partition.logOf(2)]).toEqual([log, log])
    expect(await partition.epochsOf(1)).toMatchObject([{ from: 0n }, { from: 30n }])

    expect(last[0].diverged).toMatchObject([{ generation: 2, at: 30n, archivedNext: 100n }])
    expect(between.diverged).toMatchObject([{ generation: 2, at: 60n, archivedNext: 100n }])
    expect(last[1].diverged).toMatchObject([{ generation: 3, at: 30n, archivedNext: 80n }])
    for (const { summary } of last) {
      expect(summary).toMatchObject({ complete: true, partitions: [{ from: 0n, next: 50n, gaps: [] }] })
    }
    for (const storage of [seldom, often]) expect(await archived(partition, storage)).toEqual([...ofAll, ...byThird])
    const original = [...ofAll, ...ofTwo, ...ofOne]
    expect(await archived(partition, seldom, first[0])).toEqual(original)
    expect(await archived(partition, often, first[1])).toEqual(original)
    expect(await archived(partition, often, between)).toEqual([...ofAll, ...ofTwo, ...bySecond])
  })

  it('goes on in a new generation when the log is cut in the middle of the run, and ends where the log then ends', async () => {
    const partition = await ReplicatedPartition.create(cluster, [1, 2])
    const storage = new MemoryStorage()
    const large = { valueBytes: 50_000 }
    const common = await partition.append(10, large)
    await partition.leaveBehind(2)
    // More than the archiver may hold in memory, so that it is not through before it hears of the election.
    await partition.append(290, large)
    let instead: string[] = []
    const run = await archive(partition, storage, async () => {
      await partition.electUncleanly(2)
      instead = await partition.append(20)
    })
    expect(run.diverged).toMatchObject([{ generation: 2, at: 10n }])
    expect(await archived(partition, storage)).toEqual([...common, ...instead])
    expect(run.summary).toMatchObject({ complete: true, partitions: [{ from: 0n, next: 30n, gaps: [] }] })
  })

  it('holds every offset once when another replica in sync becomes the leader in the middle of the run', async () => {
    const partition = await ReplicatedPartition.create(cluster, [1, 2, 3])
    const storage = new MemoryStorage()
    const records = await partition.append(100, { valueBytes: 50_000 })
    const { events, summary, diverged } = await archive(partition, storage, () => partition.leaveBehind(1))
    expect(summary).toMatchObject({ complete: true, records: 100n })
    expect(diverged).toEqual([])
    expectEveryOffsetOnce(events, 100n)
    expect(await archived(partition, storage)).toEqual(records)
    // It was another leader indeed.
    await partition.append(10)
    expect(await partition.epochsOf(2)).toMatchObject([{ from: 0n }, { from: 100n }])
  })

  it('is compared to the end with a log that changes its leader in the middle, also when it is cut by that', async () => {
    // More than one request gives.
    const large = { valueBytes: 50_000 }
    const whole = await ReplicatedPartition.create(cluster, [1, 2, 3])
    await whole.append(150, large)
    expect(await compared(whole, () => whole.leaveBehind(1))).toEqual([])
    const cut = await ReplicatedPartition.create(cluster, [1, 2])
    await cut.append(10, large)
    await cut.leaveBehind(2)
    await cut.append(140, large)
    // Eight batches are read before.
    expect(await compared(cut, () => cut.electUncleanly(2))).toMatchObject([{ kind: 'missing', from: 80n, next: 150n }])
  })

  it('holds the other topics at once while a partition has no leader, and that one too when it has got one', async () => {
    const leaderless = await ReplicatedPartition.create(cluster, [1], { 'unclean.leader.election.enable': 'false' })
    const other = await ReplicatedPartition.create(cluster, [2, 3])
    const [late, atOnce] = [await leaderless.append(20), await other.append(20)]
    await leaderless.endAll()
    const storage = new MemoryStorage()
    let duringOutage: string[] = []
    const { events, summary } = await archiveTopics(new KafkaBench('kafka4', cluster.brokers), storage, {
      topics: [leaderless.topic, other.topic],
      async inTheMiddle({ topic }) {
        expect(topic).toBe(other.topic)
        duringOutage = await archived(other, storage)
        await leaderless.rejoin(1)
      },
    })
    expect(duringOutage).toEqual(atOnce)
    expect(events.map(({ type }) => type)).toEqual(['segment', 'segment', 'checkpoint'])
    expect(summary).toMatchObject({ complete: true, records: 40n })
    expect(await archived(leaderless, storage)).toEqual(late)
  })

  it('is complete when a broker has just died, which the cluster still counts among its own', async () => {
    const partition = await ReplicatedPartition.create(cluster, [1, 2, 3])
    const storage = new MemoryStorage()
    const records = await partition.append(20)
    await cluster.broker(1).kill()
    expect((await archive(partition, storage)).summary).toMatchObject({ complete: true })
    expect(await archived(partition, storage)).toEqual(records)
  })
})

it('gets an exported log on one broker, copies it to followers, and has all of it when that broker is lost', async () => {
  // Leaders are elected in the middle of what its producers do.
  const bench = new KafkaBench('kafka4', cluster.brokers, { initialRetryTime: 100, retries: 12 })
  const alone = await ReplicatedPartition.create(cluster, [1], { 'min.insync.replicas': '2' })
  await deleteOthers(bench, alone)
  const [source, target] = [await bench.createTopic(), alone.topic]
  await fillVariedly(bench, source)
  const storage = await archiveOf(bench, [source])
  const offsets = await bench.offsets(source)
  await cluster.broker(1).stop()
  await exportForBroker(cluster.broker(1).partitionsDirectory, { storage, topic: source, target })
  const [before] = await Promise.all([shownVariedly(bench, source), alone.rejoin(1)])
  expect(await bench.offsets(target)).toEqual(offsets)

  await alone.replicateTo([1, 2, 3])
  expect(await alone.killLeader()).not.toBe(1)
  expect(await bench.offsets(target)).toEqual(offsets)
  expect(await shownVariedly(bench, target)).toEqual(before)
  expect(await bench.produceIdempotently(target, messages(0, 5))).toBe(offsets.high)
  await alone.rejoin(1)
})

it('is gone with everything it kept once it is destroyed', async () => {
  const servers = cluster.nodes.map(({ pid, dataDirectory }) => ({ pid, dataDirectory }))
  expect(servers).toHaveLength(4)
  await cluster.destroy()
  for (const { pid, dataDirectory } of servers) {
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(dataDirectory)).toBe(false)
  }
})

/** A producer of kafkajs asks for all topics when it starts, and fails where any of them has no leader. */
async function deleteOthers(bench: KafkaBench, { topic }: ReplicatedPartition): Promise<void> {
  await bench.admin(async (admin) => {
    const topics = (await admin.listTopics()).filter((name) => name !== topic && !name.startsWith('__'))
    await admin.deleteTopics({ topics })
  })
}

async function archive(
  { topic }: ReplicatedPartition,
  storage: ArchiveStorage,
  inTheMiddle?: () => Promise<void>,
): Promise<ObservedRun & { readonly diverged: readonly ArchiveEvent[] }> {
  const bench = new KafkaBench('kafka4', cluster.brokers)
  const run = await archiveTopics(bench, storage, { topics: [topic], inTheMiddle })
  return { ...run, diverged: run.events.filter(({ type }) => type === 'diverged') }
}

/** The values in an archive as a run has left it, or as it is now. */
async function archived({ topic }: ReplicatedPartition, storage: ArchiveStorage, run?: ObservedRun): Promise<string[]> {
  const records = await recordsIn(storage, { topic, checkpoint: run?.summary.checkpoint })
  return records.map(({ value }) => String(value))
}

/** How a log differs from its archive when something happens in the middle of the comparison. */
async function compared({ topic }: ReplicatedPartition, happens: () => Promise<void>): Promise<Finding[]> {
  const storage = new MemoryStorage()
  const bench = new KafkaBench('kafka4', cluster.brokers)
  await archiveTopics(bench, storage, { topics: [topic] })
  await using kafka = bench.transport()
  const archive = new TopicArchive({ storage })
  return await collected(archive.compare({ kafka: beforeFetch(kafka, 2, happens), topics: [topic] }))
}

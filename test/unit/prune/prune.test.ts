import { type ArchiveStorage, MemoryStorage, type PruneOptions, TopicArchive } from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { ensureArchive } from '../../../src/archive/archive-marker.js'
import { archivedPartition } from '../../../src/archive/archived-partition.js'
import { checkpointKey, writeCheckpoint } from '../../../src/archive/checkpoint.js'
import { listPartition } from '../../../src/archive/partition-log.js'
import { describeTopic } from '../../../src/archive/topic-description.js'
import { planSource } from '../../../src/restore/plan-source.js'
import { finishRestore, pinRestore, type RestoreRecord } from '../../../src/restore/restore-record.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { FaultyWorld } from '../../support/faulty-world.js'
import { keysOf } from '../../support/keys-of.js'
import { PARTITION, putSegment } from '../../support/segments.js'
import { findingsOf } from '../../support/verified-archive.js'
import { collected } from '../../support/znode-arbitrary.js'

const { topic, topicId, partition } = PARTITION
const DAY_MS = 86_400_000
/** Far ahead, so that everything was stored before. */
const START_MS = Date.UTC(2090, 0, 1)
const DAYS = 6
const RETENTION_DAYS = 2

/** One segment of ten records a day, and a checkpoint behind each; the topic keeps two days. */
async function fill(storage: ArchiveStorage, kept = true): Promise<string[]> {
  await ensureArchive(storage, {})
  await describeTopic(storage, { topic, topicId, firstSeenMs: 5, clusterId: 'c', partitions: 4 }, {})
  const ids: string[] = []
  for (let day = 0; day < DAYS; day++) {
    const baseOffset = BigInt(day * 10)
    await putSegment(storage, [batchView({ baseOffset, records: numberedRecords(10, `${day}-`) })])
    const logStart = BigInt(Math.max(0, day + 1 - RETENTION_DAYS) * 10)
    const state = { partition, generation: 1, from: 0n, next: baseOffset + 10n, ...(kept && { logStart }) }
    const topics = [{ topic, topicId, replicationFactor: 1, configs: [], partitions: [state] }]
    const takenMs = START_MS + day * DAY_MS
    ids.push(await writeCheckpoint(storage, { takenMs, clusterId: 'c', topics, groups: [] }, {}))
  }
  return ids
}

const dayOf = (day: number) => new Date(START_MS + day * DAY_MS)

async function pruned(storage: ArchiveStorage, options: PruneOptions): Promise<string[]> {
  return (await collected(new TopicArchive({ storage }).prune(options))).map(({ key }) => key)
}

async function offsets(storage: ArchiveStorage, checkpoint?: string): Promise<bigint[]> {
  const records = await collected(new TopicArchive({ storage }).records({ topic, partition, checkpoint }))
  return records.map(({ offset }) => offset)
}

const PIN: Omit<RestoreRecord, 'checkpoint'> = {
  ...{ startedMs: 1, digest: 'd', source: topic, target: topic, offsets: 'exact', created: true, targetFrom: [0n] },
  ...{ originalConfigs: {}, inheritedConfigs: {}, producerId: 9n, producerEpoch: 0 },
}
const TARGET = { clusterId: 'other', topicId: 'target' }

describe('pruning', () => {
  let storage: MemoryStorage
  let ids: string[]

  beforeEach(async () => {
    storage = new MemoryStorage()
    ids = await fill(storage)
  })

  /** What the checkpoint names can be restored from where the log began at the time. */
  async function expectRestorable(id: string, day: number): Promise<void> {
    const [first] = await offsets(storage, id)
    expect(first).toBeLessThanOrEqual(BigInt(Math.max(0, day + 1 - RETENTION_DAYS) * 10))
    const state = { partition, generation: 1, from: 0n, next: BigInt(day * 10 + 10) }
    const named = { topic, topicId, replicationFactor: 1, configs: [], partitions: [state] }
    const question = { latest: false, onDamage: 'error', ranges: [], signal: undefined } as const
    const plan = await planSource({ storage, codecs: [] }, named, question)
    expect(plan.problems).toEqual([])
    const [chain] = plan.chains
    expect(chain?.from).toBeLessThanOrEqual(BigInt(Math.max(0, day + 1 - RETENTION_DAYS) * 10))
    expect(chain?.next).toBe(state.next)
  }

  it('keeps the checkpoints since an instant, and all that the topic held then', async () => {
    const keys = await pruned(storage, { olderThan: dayOf(4) })
    expect(keys.slice(0, 4)).toEqual(ids.slice(0, 4).map(checkpointKey))
    expect(keys).toHaveLength(4 + 3)
    expect((await offsets(storage))[0]).toBe(30n)
    await expectRestorable(ids[4] ?? '', 4)
    await expectRestorable(ids[5] ?? '', 5)
    expect(await findingsOf(storage, { deep: true })).toEqual([])
  })

  it('says in the verdict where what is left begins, and that it is complete', async () => {
    await pruned(storage, { olderThan: dayOf(4) })
    const verdicts = await new TopicArchive({ storage }).partitions(topic)
    expect(verdicts[partition]).toEqual({
      topic,
      partition,
      from: 30n,
      next: 60n,
      records: 30n,
      gaps: [],
      complete: true,
    })
  })

  it('makes no archiver believe that something is missing', async () => {
    await pruned(storage, { keepCheckpoints: 1 })
    const archived = archivedPartition(await listPartition(storage, PARTITION, {}))
    expect(archived).toMatchObject({ from: 40n, next: 60n, gaps: [], lastEpoch: 0 })
  })

  it('keeps the last segment of a topic that was empty, so that an archiver can go on from it', async () => {
    const state = { partition, generation: 1, from: 0n, next: 60n, logStart: 60n }
    const topics = [{ topic, topicId, replicationFactor: 1, configs: [], partitions: [state] }]
    await writeCheckpoint(storage, { takenMs: START_MS + 9 * DAY_MS, clusterId: 'c', topics, groups: [] }, {})
    await pruned(storage, { keepCheckpoints: 1 })
    const archived = archivedPartition(await listPartition(storage, PARTITION, {}))
    expect(archived).toMatchObject({ from: 50n, next: 60n, lastEpoch: 0, lastKey: expect.any(String) })
  })

  it('adds to what it has said was pruned, in one object', async () => {
    for (const day of [2, 3, 4, 5]) await pruned(storage, { olderThan: dayOf(day) })
    const gaps = (await keysOf(storage)).filter((key) => key.endsWith('.gap'))
    expect(gaps).toEqual([expect.stringContaining('/00000000000000000000-00000000000000000040.pruned.gap')])
  })

  it('keeps so many checkpoints of each topic', async () => {
    await pruned(storage, { keepCheckpoints: 3 })
    const left = await collected(new TopicArchive({ storage }).checkpoints())
    expect(left.map(({ id }) => id)).toEqual(ids.slice(3))
    await pruned(storage, { keepCheckpoints: 1, olderThan: dayOf(4) })
    expect(await collected(new TopicArchive({ storage }).checkpoints())).toHaveLength(2)
  })

  it('keeps the newest checkpoint and its state, whatever its age', async () => {
    await pruned(storage, { olderThan: dayOf(1_000) })
    expect(await collected(new TopicArchive({ storage }).checkpoints())).toMatchObject([{ id: ids[5] }])
    await expectRestorable(ids[5] ?? '', 5)
  })

  it('deletes no records where no checkpoint says where the log began', async () => {
    const old = new MemoryStorage()
    await fill(old, false)
    expect(await pruned(old, { keepCheckpoints: 1 })).toHaveLength(5)
    expect(await offsets(old)).toHaveLength(60)
  })

  it('tells in a dry run what it would delete, and deletes nothing', async () => {
    const before = await keysOf(storage)
    const told = await pruned(storage, { olderThan: dayOf(4), dryRun: true })
    expect(await keysOf(storage)).toEqual(before)
    expect(await pruned(storage, { olderThan: dayOf(4) })).toEqual(told)
  })

  it('keeps all that an unfinished restore has pinned, until it has come to its end', async () => {
    const record = { ...PIN, checkpoint: ids[1] ?? '' }
    await pinRestore(storage, TARGET, record, {})
    expect(await pruned(storage, { keepCheckpoints: 1, dryRun: true })).not.toContain(checkpointKey(record.checkpoint))
    await pruned(storage, { keepCheckpoints: 1 })
    expect(await offsets(storage, ids[1])).toEqual(Array.from({ length: 20 }, (_, index) => BigInt(index)))
    await finishRestore(storage, TARGET, record, {})
    await pruned(storage, { keepCheckpoints: 1 })
    expect(await collected(new TopicArchive({ storage }).checkpoints())).toHaveLength(1)
    expect((await offsets(storage))[0]).toBe(40n)
  })

  it('puts a checkpoint back that a restore pins in the moment in which it goes', async () => {
    const pinning = new Proxy<ArchiveStorage>(storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (name !== 'delete') return value.bind(target)
        return async (key: string) => {
          if (key === checkpointKey(ids[2] ?? ''))
            await pinRestore(storage, TARGET, { ...PIN, checkpoint: ids[2] ?? '' }, {})
          await storage.delete(key)
        }
      },
    })
    await pruned(pinning, { keepCheckpoints: 1 })
    expect(await offsets(storage, ids[2])).toHaveLength(30)
  })

  it('leaves alone what other topics need, and topics that it is not asked for', async () => {
    expect(await pruned(storage, { topics: ['payments'], keepCheckpoints: 1 })).toEqual([])
  })

  it('removes a topic that no checkpoint names any more, once all of it is too old', async () => {
    const topics = [{ topic: 'payments', topicId: 'x', replicationFactor: 1, configs: [], partitions: [] }]
    const checkpoint = { takenMs: START_MS + 100 * DAY_MS, clusterId: 'c', topics, groups: [] }
    await writeCheckpoint(storage, checkpoint, {})
    await pruned(storage, { keepCheckpoints: 1 })
    expect(await offsets(storage)).toHaveLength(20)
    const gone = await pruned(storage, { olderThan: dayOf(50) })
    expect(gone.at(-1)).toMatch(/topic\.json$/)
    expect((await keysOf(storage)).filter((key) => key.startsWith('topics/'))).toEqual([])
  })

  it('refuses where a checkpoint cannot be read, and where nothing says what is too old', async () => {
    const archive = new TopicArchive({ storage })
    expect(() => archive.prune({})).toThrow('olderThan')
    expect(() => archive.prune({ keepCheckpoints: 0 })).toThrow(RangeError)
    expect(() => archive.prune({ olderThan: new Date('x') })).toThrow('olderThan')
    const before = await keysOf(storage)
    await storage.delete(checkpointKey(ids[3] ?? ''))
    await storage.put(checkpointKey(ids[3] ?? ''), Buffer.from('{'))
    await expect(pruned(storage, { keepCheckpoints: 1 })).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    expect(await keysOf(storage)).toEqual(before)
  })

  it.each(['before', 'after', 'dead'] as const)(
    'that any call ends (%s) keeps every checkpoint restorable, and the next one deletes the rest',
    async (kind) => {
      const whole = new MemoryStorage()
      await fill(whole)
      await pruned(whole, { olderThan: dayOf(4) })
      const expected = (await keysOf(whole)).filter((key) => key.startsWith('topics/'))
      const boom = new Error('the machine is gone')
      for (let failAt = 0; ; failAt++) {
        storage = new MemoryStorage()
        ids = await fill(storage)
        const world = new FaultyWorld({ failAt, kind, error: boom })
        const outcome = await pruned(world.around<ArchiveStorage>(storage), { olderThan: dayOf(4) }).catch(
          (error: unknown) => error,
        )
        if (!world.failed) break
        expect(outcome).toBe(boom)
        for (const { id } of await collected(new TopicArchive({ storage }).checkpoints()))
          await expectRestorable(id, ids.indexOf(id))
        expect(await findingsOf(storage)).toEqual([])
        await pruned(storage, { olderThan: dayOf(4) })
        expect((await keysOf(storage)).filter((key) => key.startsWith('topics/'))).toEqual(expected)
      }
    },
  )
})

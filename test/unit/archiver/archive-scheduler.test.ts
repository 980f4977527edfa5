import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nothingArchived } from '../../../src/archive/archived-partition.js'
import { ArchiveScheduler } from '../../../src/archiver/archive-scheduler.js'
import type { ArchiveEvent } from '../../../src/archiver/events.js'
import { PartitionCursor } from '../../../src/archiver/partition-cursor.js'
import { PositionCommits } from '../../../src/archiver/position-commits.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import { TaskSet } from '../../../src/internal/task-set.js'
import type { FetchedPartition, FetchRequest, KafkaTransport } from '../../../src/kafka/transport.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchBytes, numberedRecords } from '../../support/batches.js'
import { fakeKafka } from '../../support/fake-kafka.js'
import { segmentMemory } from '../../support/segments.js'

const LEADER = 1
const memory = segmentMemory()
const RECORDS = 4

/** What a broker answers about a partition, in turn; the last answer is given again and again. */
type Script = readonly Partial<FetchedPartition>[]

describe('a scheduler', () => {
  let storage: MemoryStorage
  let scripts: Map<string, Script>
  let requests: FetchRequest[]
  let leaders: Map<string, number>

  beforeEach(() => {
    // The waits before a repetition are random up to a limit; here they are none.
    vi.spyOn(Math, 'random').mockReturnValue(0)
    storage = new MemoryStorage()
    scripts = new Map()
    requests = []
    leaders = new Map()
  })

  const whole = { bytes: batchBytes({ records: numberedRecords(RECORDS) }) }

  function cursorOf(topic: string, topicId: string | undefined, leaderId = LEADER): PartitionCursor {
    const identity = { topic, topicId: topicId ?? '-cluster', partition: 0 }
    const end = BigInt(RECORDS)
    const start = { identity, kafkaTopicId: topicId, leaderId, archived: nothingArchived(0n), end, highWatermark: end }
    return new PartitionCursor({ ...start, memory, follows: false, risksTombstones: false })
  }

  function kafka(overrides: Partial<KafkaTransport> = {}): KafkaTransport {
    return fakeKafka({
      async fetch(request) {
        requests.push(request)
        return request.topics.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition }): FetchedPartition => {
            const [next = {}, ...later] = scripts.get(topic) ?? [whole]
            if (later.length > 0) scripts.set(topic, later)
            const offsets = { highWatermark: BigInt(RECORDS), lastStableOffset: BigInt(RECORDS), logStart: 0n }
            const nothing = {
              error: undefined,
              aborted: [],
              bytes: Buffer.alloc(0),
              divergingEpoch: undefined,
              epochsCompared: true,
            }
            return { topic, partition, ...offsets, ...nothing, ...next }
          }),
        )
      },
      metadata: async (topics = []) => ({
        clusterId: 'cluster',
        brokerIds: [LEADER],
        topics: topics.map((topic) => ({
          ...{ topic, topicId: undefined, internal: false, error: undefined },
          partitions: [{ partition: 0, leaderId: leaders.get(topic) ?? LEADER, leaderEpoch: 0, replicas: [] }],
        })),
      }),
      commitGroupOffsets: async () => {},
      ...overrides,
    })
  }

  async function run(
    cursors: readonly PartitionCursor[],
    overrides: Partial<KafkaTransport> = {},
  ): Promise<ArchiveEvent[]> {
    const transport = kafka(overrides)
    const tasks = new TaskSet<readonly ArchiveEvent[]>()
    const scheduler = new ArchiveScheduler({
      ...{ kafka: transport, source: { storage, codecs: [] }, target: { storage, codec: logSegments() }, tasks },
      ...{ memory, segmentBytes: 1_048_576, memoryBytes: 8_388_608, maxSegmentAgeMs: 60_000, signal: undefined },
      ...{ onGap: 'continue', onDivergence: 'continue' },
      commits: new PositionCommits((offsets) => transport.commitGroupOffsets('kafkeep', offsets)),
    })
    for (const cursor of cursors) scheduler.add(cursor, { suspicious: false })
    const events: ArchiveEvent[] = []
    for (scheduler.work(); tasks.size > 0 || !scheduler.finished; scheduler.work()) {
      events.push(...(await tasks.next(scheduler.dueInMs)).flat())
    }
    return events
  }

  it('asks for topics by name where the brokers have no ids', async () => {
    const events = await run([cursorOf('a', undefined), cursorOf('b', undefined)])
    expect(requests.flatMap(({ topics }) => topics.map(({ topic, topicId }) => [topic, topicId]))).toEqual([
      ['a', undefined],
      ['b', undefined],
    ])
    expect(events).toMatchObject([
      { type: 'segment', topic: 'a', next: 4n },
      { type: 'segment', topic: 'b', next: 4n },
    ])
  })

  it('goes on with the others while a partition has no leader, and with that one when it has', async () => {
    const cursors = [cursorOf('orphan', 'o', -1), cursorOf('a', 'a')]
    leaders.set('orphan', -1)
    const put = storage.put.bind(storage)
    vi.spyOn(storage, 'put').mockImplementation(async (...args) => {
      leaders.set('orphan', LEADER)
      return put(...args)
    })
    const events = await run(cursors)
    expect(events).toMatchObject([
      { type: 'segment', topic: 'a' },
      { type: 'segment', topic: 'orphan' },
    ])
  })

  it('reads a damaged batch again, and gives up a partition whose batch stays damaged', async () => {
    const damaged = Buffer.from(whole.bytes)
    damaged[70] = (damaged[70] ?? 0) ^ 1
    scripts.set('once', [{ bytes: damaged }, whole])
    scripts.set('always', [{ bytes: damaged }])
    const events = await run([cursorOf('once', 'o'), cursorOf('always', 'a')])
    expect(events).toContainEqual(expect.objectContaining({ type: 'segment', topic: 'once', next: 4n }))
    const stopped = events.filter(({ type }) => type === 'stopped')
    expect(stopped).toMatchObject([{ topic: 'always', error: { code: 'TRANSPORT_FAILED', reason: 'CORRUPT_MESSAGE' } }])
    expect(stopped).toMatchObject([
      { error: { message: expect.stringContaining('always-0 cannot be archived from offset 0') } },
    ])
  })

  it('names topic, offset and format of batches that are too old', async () => {
    const old = Buffer.from(whole.bytes)
    old[16] = 1
    scripts.set('old', [{ bytes: old }])
    expect(await run([cursorOf('old', 'o')])).toMatchObject([
      { type: 'stopped', error: { message: expect.stringMatching(/old-0 .* offset 0 .*message format 1/) } },
    ])
  })

  it('records a gap when retention overtakes it', async () => {
    scripts.set('a', [
      { error: 'OFFSET_OUT_OF_RANGE' },
      { bytes: batchBytes({ baseOffset: 2n, records: numberedRecords(2) }) },
    ])
    const configs = [{ name: 'retention.ms', value: '1000' }].map((config) => ({
      ...config,
      ...{ source: 'topic' as const, sensitive: false },
    }))
    const topicConfigs = async () => [{ topic: 'a', configs }]
    const events = await run([cursorOf('a', 'a')], { listOffsets: async () => [2n], topicConfigs })
    expect(events).toMatchObject([
      { type: 'gap', from: 0n, next: 2n, cause: 'retention' },
      { type: 'segment', from: 2n, next: 4n },
    ])
  })

  it('gives up a topic that was deleted and created again, and writes nothing of the new one', async () => {
    const half = { bytes: batchBytes({ records: numberedRecords(2) }) }
    scripts.set('a', [half, { error: 'UNKNOWN_TOPIC_ID' }])
    const commitGroupOffsets = vi.fn<KafkaTransport['commitGroupOffsets']>(async () => {})
    const events = await run([cursorOf('a', 'the-old-one')], { commitGroupOffsets })
    expect(events).toMatchObject([
      { type: 'stopped', error: { code: 'LOG_DIVERGED' } },
      { type: 'segment', topicId: 'the-old-one', from: 0n, next: 2n },
    ])
    // Only where it began: nothing of a topic that is gone.
    const committed = commitGroupOffsets.mock.calls.flatMap(([, offsets]) => offsets.map(({ offset }) => offset))
    expect(committed).toEqual([0n])
  })

  it('gives up the old partition when the topic was created again, and mixes nothing', async () => {
    const old = cursorOf('a', 'the-old-one')
    const created = cursorOf('a', 'the-new-one')
    const events = await run([old, created])
    expect(events).toMatchObject([
      { type: 'stopped', topic: 'a', error: { code: 'LOG_DIVERGED' } },
      { type: 'segment', topicId: 'the-new-one', from: 0n, next: 4n },
    ])
    expect(requests.flatMap(({ topics }) => topics.map(({ topicId }) => topicId))).toEqual(['the-new-one'])
  })

  it('gives up a partition that it may not read, and goes on with the others', async () => {
    scripts.set('secret', [{ error: 'TOPIC_AUTHORIZATION_FAILED' }])
    const events = await run([cursorOf('secret', 's'), cursorOf('a', 'a')])
    expect(events.map(({ type }) => type).sort()).toEqual(['segment', 'stopped'])
    expect(events).toContainEqual(
      expect.objectContaining({
        error: expect.objectContaining({ reason: 'TOPIC_AUTHORIZATION_FAILED', hint: expect.any(String) }),
      }),
    )
  })
})

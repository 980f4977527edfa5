import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ArchiveEvent } from '../../../src/archiver/events.js'
import { ArchiveLane } from '../../../src/archiver/lane.js'
import { PartitionCursor } from '../../../src/archiver/partition-cursor.js'
import { partitionName } from '../../../src/batch/topic-partition.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import type { FetchedPartition, FetchRequest, KafkaTransport } from '../../../src/kafka/transport.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchBytes, numberedRecords } from '../../support/batches.js'
import { fakeKafka } from '../../support/fake-kafka.js'
import { collected } from '../../support/znode-arbitrary.js'

const LEADER = 1
const RECORDS = 4

/** What a broker answers about a partition, in turn; the last answer is given again and again. */
type Script = readonly Partial<FetchedPartition>[]

describe('a lane', () => {
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
    const log = { segments: [], gaps: [], cuts: new Map<number, bigint>() }
    const start = { position: 0n, lastEpoch: -1, end, highWatermark: end }
    return new PartitionCursor({ identity, kafkaTopicId: topicId, leaderId, generation: 1, ...start, ...log })
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
            const nothing = { error: undefined, aborted: [], bytes: Buffer.alloc(0), divergingEpoch: undefined }
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
    const lane = new ArchiveLane(cursors, {
      ...{ kafka: kafka(overrides), source: { storage, codecs: [] }, target: { storage, codec: logSegments() } },
      ...{ groupId: 'kafkeep', segmentBytes: 1_048_576, memoryBytes: 8_388_608, signal: undefined },
      ...{ onGap: 'continue', onDivergence: 'continue', onTaken: () => {} },
    })
    return collected(lane.run())
  }

  it('asks for topics by name where the brokers have no ids', async () => {
    const events = await run([cursorOf('a', undefined), cursorOf('b', undefined)])
    expect(requests[0]?.topics.map(({ topic, topicId }) => [topic, topicId])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ])
    expect(events).toMatchObject([
      { type: 'segment', topic: 'a', next: 4n },
      { type: 'segment', topic: 'b', next: 4n },
    ])
  })

  it('goes on with the others while a partition has no leader, and with that one when it has', async () => {
    const events: string[] = []
    const cursors = [cursorOf('orphan', 'o', -1), cursorOf('a', 'a')]
    leaders.set('orphan', -1)
    const commitGroupOffsets = async (
      _: string,
      offsets: readonly { readonly topic: string; readonly partition: number }[],
    ) => {
      events.push(...offsets.map(partitionName))
      leaders.set('orphan', LEADER)
    }
    await run(cursors, { commitGroupOffsets })
    expect(events).toEqual(['a-0', 'orphan-0'])
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
    const events = await run([cursorOf('a', 'a')], { listOffsets: async () => [2n] })
    expect(events).toMatchObject([
      { type: 'gap', from: 0n, next: 2n, cause: 'retention' },
      { type: 'segment', from: 2n, next: 4n },
    ])
  })

  it('gives up a topic that was deleted and created again, and writes nothing of the new one', async () => {
    const half = { bytes: batchBytes({ records: numberedRecords(2) }) }
    scripts.set('a', [half, { error: 'UNKNOWN_TOPIC_ID' }])
    const commitGroupOffsets = vi.fn(async () => {})
    const events = await run([cursorOf('a', 'the-old-one')], { commitGroupOffsets })
    expect(events).toMatchObject([
      { type: 'stopped', error: { code: 'LOG_DIVERGED' } },
      { type: 'segment', topicId: 'the-old-one', from: 0n, next: 2n },
    ])
    expect(commitGroupOffsets).toHaveBeenCalledWith('kafkeep', [], expect.anything())
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

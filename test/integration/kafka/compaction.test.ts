import { randomUUID } from 'node:crypto'
import { ConfigResourceTypes } from 'kafkajs'
import { type ArchiveStorage, type KafkaRecord, MemoryStorage } from 'kafkeep'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startKafka4 } from '../../services/kafka4.js'
import { startKafka39 } from '../../services/kafka39.js'
import type { KafkaService } from '../../services/service.js'
import { archiveTopics, recordsIn } from '../../support/archiving.js'
import { eventually } from '../../support/eventually.js'
import { KafkaBench, type KafkaVersion } from '../../support/kafka.js'
import { services } from '../../support/services.js'

const VERSIONS: readonly KafkaVersion[] = ['kafka39', 'kafka4']
/** Looks for something to compact all the time, not every 15 seconds. */
const properties = { 'log.cleaner.backoff.ms': '100' }
const COMPACTED = { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.01' }
const LASTING_TOMBSTONES = { ...COMPACTED, 'delete.retention.ms': '86400000' }
const COMPACTION_LIMIT_MS = 40_000
/** Three times what the console consumer waits for a record that is gone. */
const STILL_LIMIT_MS = 60_000

describe.each(VERSIONS)('compacted topics of %s', (version) => {
  let broker: KafkaService
  let bench: KafkaBench
  let storage: MemoryStorage

  beforeAll(async () => {
    const zookeeper = `${services().zookeeper.connect}/compaction-${randomUUID().slice(0, 8)}`
    broker = version === 'kafka4' ? await startKafka4({ properties }) : await startKafka39({ zookeeper, properties })
    bench = new KafkaBench(version, broker.brokers)
  })

  afterAll(() => broker.destroy())

  beforeEach(() => {
    storage = new MemoryStorage()
  })

  const archive = (topic: string, into: ArchiveStorage) =>
    archiveTopics(bench, into, { topics: [topic], groupId: randomUUID() })

  /** What an archive that begins now gets. */
  async function archivedNow(topic: string) {
    const fresh = new MemoryStorage()
    const { summary } = await archive(topic, fresh)
    return { complete: summary.complete, records: pairs(await recordsIn(fresh, { topic })) }
  }

  /** No pass begins any more once the broker knows; one that has begun goes on to its end. */
  async function stopCompacting(topic: string): Promise<void> {
    const configs = { ...LASTING_TOMBSTONES, 'min.cleanable.dirty.ratio': '1' }
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }]
    await bench.admin((admin) => admin.alterConfigs({ validateOnly: false, resources }))
  }

  /** Adds records until compaction has done to the log what `check` expects of it. */
  async function untilCompacted(topic: string, check: (records: readonly string[]) => void): Promise<void> {
    let rolls = 0
    await eventually(
      async () => {
        // Only what is behind the newest segment is compacted; a record that comes late enough begins a new one.
        await bench.produce(topic, [[{ key: 'roll', value: `${rolls++}` }]])
        check((await archivedNow(topic)).records)
      },
      { limitMs: COMPACTION_LIMIT_MS, intervalMs: 150 },
    )
  }

  it('are archived as they are: holes between and inside batches, and what came while they were being compacted', async () => {
    const topic = await bench.createTopic(1, LASTING_TOMBSTONES)
    const batch = (round: number) => ['a', 'b', `only-${round}`].map((key) => ({ key, value: `${round}` }))
    await bench.produce(topic, [batch(0), batch(1)])
    await archive(topic, storage)
    await bench.produce(topic, [batch(2), [{ key: 'a', value: null }], batch(3)])
    await untilCompacted(topic, (records) => expect(records).not.toContain('6 a=2'))
    const { summary, events } = await archive(topic, storage)
    expect(summary).toMatchObject({ complete: true, partitions: [{ from: 0n, gaps: [] }] })
    expect(events.map(({ type }) => type)).toEqual(['segment', 'checkpoint'])
    const records = pairs(await recordsIn(storage, { topic }))
    // What was archived before it was compacted away is still there; what came later has holes.
    expect(records.slice(0, 6)).toEqual(['0 a=0', '1 b=0', '2 only-0=0', '3 a=1', '4 b=1', '5 only-1=1'])
    // Offset for offset what Kafka's own consumer sees. Compaction may come between two looks, and a record that is gone
    // leaves the consumer waiting for as long as it may: so it is stopped, and only what stood still is compared.
    await stopCompacting(topic)
    await eventually(
      async () => {
        const live = await archivedNow(topic)
        const shown = await bench.shown(topic, live.records.length, ['offset', 'key'])
        expect(await archivedNow(topic)).toEqual(live)
        expect(live.complete).toBe(true)
        expect(live.records).toContain('2 only-0=0')
        expect(live.records).not.toContain('0 a=0')
        const offsets = shown.map((line) => Number(/Offset:(\d+)/.exec(line)?.[1]))
        expect(offsets).toEqual(live.records.map((line) => Number(line.split(' ')[0])))
      },
      { limitMs: STILL_LIMIT_MS },
    )
  })

  it('are archived anew when the archiver was away for so long that it may have missed a tombstone', async () => {
    const topic = await bench.createTopic(1, { ...COMPACTED, 'delete.retention.ms': '100' })
    await bench.produce(topic, [[{ key: 'dead', value: 'alive' }], [{ key: 'other', value: '1' }]])
    const before = await archive(topic, storage)
    expect(before.summary.complete).toBe(true)
    await bench.produce(topic, [[{ key: 'dead', value: null }]])
    await untilCompacted(topic, (records) => expect(records.join()).not.toContain('dead'))

    const { events, summary } = await archive(topic, storage)
    expect(events).toContainEqual(expect.objectContaining({ type: 'gap', cause: 'tombstones', from: 2n }))
    expect(events).toContainEqual(expect.objectContaining({ type: 'diverged', generation: 2, at: 0n }))
    expect(summary.complete).toBe(false)
    expect(pairs(await recordsIn(storage, { topic })).join()).not.toContain('dead')
    const { checkpoint } = before.summary
    expect(pairs(await recordsIn(storage, { topic, checkpoint }))).toEqual(['0 dead=alive', '1 other=1'])
    // From then on it is whole again.
    expect((await archive(topic, storage)).summary).toMatchObject({ complete: true, partitions: [{ gaps: [] }] })
  })
})

/** `<offset> <key>=<value>` of each record. */
function pairs(records: readonly KafkaRecord[]): string[] {
  return records.map(({ offset, key, value }) => `${offset} ${text(key)}=${text(value)}`)
}

function text(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : Buffer.from(bytes).toString()
}

import { randomUUID } from 'node:crypto'
import {
  type ArchiveEvent,
  type ArchiveOptions,
  type ArchiveSummary,
  type KafkaTransport,
  MemoryStorage,
  type Progress,
  TopicArchive,
  TopicArchiver,
  type TopicArchiverOptions,
} from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { recordsIn } from '../../support/archiving.js'
import { eventually } from '../../support/eventually.js'
import { KafkaBench, type KafkaVersion, messages } from '../../support/kafka.js'

const VERSIONS: readonly KafkaVersion[] = ['kafka39', 'kafka4']
/** Longer than a run takes to notice what has come to be. */
const NOTICE_LIMIT_MS = 20_000

describe.each(VERSIONS)('a run that follows topics of %s', (version) => {
  let bench: KafkaBench
  let storage: MemoryStorage

  beforeEach(() => {
    bench = new KafkaBench(version)
    storage = new MemoryStorage()
  })

  /** A run in the background; what it tells is gathered. */
  async function following(
    options: Partial<ArchiveOptions>,
    use: (events: ArchiveEvent[], progress: () => Progress | undefined) => Promise<void>,
    tuning: Partial<TopicArchiverOptions> = {},
  ): Promise<ArchiveSummary> {
    await using kafka = bench.transport()
    const stop = new AbortController()
    const events: ArchiveEvent[] = []
    let progress: Progress | undefined
    const archiver = new TopicArchiver({ kafka, storage, maxSegmentAgeMs: 1_000, groupId: randomUUID(), ...tuning })
    const onProgress = (now: Progress) => {
      progress = now
    }
    const run = archiver.stream({ follow: true, stop: stop.signal, onProgress, groups: false, ...options })
    const ended = (async () => {
      for (;;) {
        const next = await run.next()
        if (next.done === true) return next.value
        events.push(next.value)
      }
    })()
    // Whatever goes wrong in it is seen at the end.
    ended.catch(() => {})
    await Promise.race([use(events, () => progress), ended])
    stop.abort()
    return await ended
  }

  async function valuesOf(topic: string): Promise<string[]> {
    return (await recordsIn(storage, { topic })).map(({ value }) => Buffer.from(value ?? []).toString())
  }

  const valuesFrom = (from: number, to: number) => messages(from, to).map(({ value }) => value)

  it('stores what comes when it is old enough, with a first checkpoint once it has what was there', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 10)])
    const summary = await following({ topics: [topic] }, async (events, progress) => {
      const first = [{ type: 'segment', topic, from: 0n, next: 10n }, { type: 'checkpoint' }]
      await eventually(() => expect(events).toMatchObject(first), { limitMs: NOTICE_LIMIT_MS })
      await bench.produce(topic, [messages(10, 15)])
      await eventually(() => expect(events).toMatchObject([...first, { type: 'segment', next: 15n }]), {
        limitMs: NOTICE_LIMIT_MS,
      })
      await eventually(() => expect(progress()).toMatchObject({ lagRecords: 0n, doneRecords: 15n }), {
        limitMs: NOTICE_LIMIT_MS,
      })
    })
    expect(summary).toMatchObject({ complete: true, records: 15n, checkpoint: expect.stringMatching(/^\d{8}T/) })
    expect(await valuesOf(topic)).toEqual(valuesFrom(0, 15))
  })

  it('stores what it holds when it is stopped, however young it is', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 10)])
    const slow = { maxSegmentAgeMs: 3_600_000 }
    await using transport = bench.transport()
    let readBytes = 0
    const fetch: KafkaTransport['fetch'] = async (...request) => {
      const answers = await transport.fetch(...request)
      for (const { bytes } of answers) readBytes += bytes.length
      return answers
    }
    const kafka = new Proxy<KafkaTransport>(transport, {
      get(target, name) {
        const value: unknown = name === 'fetch' ? fetch : Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const summary = await following(
      { topics: [topic] },
      async (_, progress) => {
        await eventually(() => expect(readBytes).toBeGreaterThan(0), { limitMs: NOTICE_LIMIT_MS })
        // Read, but not durable: lag is what the archive lacks.
        expect(progress()).toMatchObject({ lagRecords: 10n, doneRecords: 0n })
      },
      { ...slow, kafka },
    )
    expect(summary).toMatchObject({ complete: true, records: 10n })
    expect(await valuesOf(topic)).toEqual(valuesFrom(0, 10))
  })

  it('takes in new topics that a pattern selects, new partitions, and topics that were created again', async () => {
    const prefix = `f-${randomUUID().slice(0, 8)}`
    await bench.createTopicNamed(`${prefix}-old`, 1)
    await following({ topics: [new RegExp(`^${prefix}`)] }, async (events) => {
      await bench.createTopicNamed(`${prefix}-new`, 1)
      await bench.produce(`${prefix}-new`, [messages(0, 3)])
      await bench.admin((admin) => admin.createPartitions({ topicPartitions: [{ topic: `${prefix}-old`, count: 2 }] }))
      await bench.produce(`${prefix}-old`, [messages(3, 6)], 1)
      await eventually(
        () => {
          expect(events).toContainEqual(expect.objectContaining({ type: 'segment', topic: `${prefix}-new`, next: 3n }))
          expect(events).toContainEqual(expect.objectContaining({ topic: `${prefix}-old`, partition: 1, next: 3n }))
        },
        { limitMs: NOTICE_LIMIT_MS },
      )
      await bench.admin((admin) => admin.deleteTopics({ topics: [`${prefix}-new`] }))
      await eventually(() => bench.createTopicNamed(`${prefix}-new`, 1), { limitMs: NOTICE_LIMIT_MS })
      await bench.produce(`${prefix}-new`, [messages(100, 105)])
      await eventually(
        () => expect(events).toContainEqual(expect.objectContaining({ topic: `${prefix}-new`, next: 5n })),
        { limitMs: NOTICE_LIMIT_MS },
      )
    })
    expect(await valuesOf(`${prefix}-new`)).toEqual(valuesFrom(100, 105))
    const incarnations: { topicId: string; topic: string }[] = []
    for await (const known of new TopicArchive({ storage }).topics()) incarnations.push(known)
    const [first] = incarnations.filter(({ topic }) => topic === `${prefix}-new`).map(({ topicId }) => topicId)
    const both = await Promise.all(
      incarnations
        .filter(({ topic }) => topic === `${prefix}-new`)
        .map(async ({ topicId }) => (await new TopicArchive({ storage }).partitions(`${prefix}-new`, { topicId }))[0]),
    )
    expect(first).toBeDefined()
    expect(both.map((verdict) => verdict?.records).sort()).toEqual([3n, 5n])
  })

  it('writes checkpoints as often as it is asked to', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 3)])
    const summary = await following({ topics: [topic], checkpointIntervalMs: 1_000 }, async (events) => {
      await eventually(() => expect(events.filter(({ type }) => type === 'checkpoint')).toHaveLength(2), {
        limitMs: NOTICE_LIMIT_MS,
      })
    })
    const checkpoints: string[] = []
    for await (const { id } of new TopicArchive({ storage }).checkpoints()) checkpoints.push(id)
    expect(checkpoints.length).toBeGreaterThanOrEqual(3)
    expect(checkpoints.at(-1)).toBe(summary.checkpoint)
  })

  it('rethrows the reason of its signal', async () => {
    const topic = await bench.createTopic()
    const reason = new Error('the machine goes down')
    const signal = new AbortController()
    const run = following({ topics: [topic], signal: signal.signal }, async (_, progress) => {
      await eventually(() => expect(progress()).toBeDefined(), { limitMs: NOTICE_LIMIT_MS })
      signal.abort(reason)
    })
    await expect(run).rejects.toBe(reason)
  })
})

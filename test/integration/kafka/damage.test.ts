import {
  MemoryStorage,
  type RestoreEvent,
  type RestoreOptions,
  TopicArchive,
  TopicArchiver,
  TopicRestorer,
} from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { segmentKey } from '../../../src/archive/names.js'
import { inflict } from '../../support/damage.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { collected } from '../../support/znode-arbitrary.js'

/** Three segments of 10 records in partition 0, and what restores them elsewhere. */
async function archived() {
  const bench = new KafkaBench('kafka4')
  const storage = new MemoryStorage()
  const topic = await bench.createTopic()
  const kafka = bench.transport()
  for (const from of [0, 10, 20]) {
    await bench.produce(topic, [messages(from, from + 10)])
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
  }
  const archive = new TopicArchive({ storage })
  const [first, second, third] = await collected(archive.segments({ topic, partition: 0 }))
  if (first === undefined || second === undefined || third === undefined) throw new Error('a segment is missing')
  const target = `${topic}-restored`
  const options: RestoreOptions = { topics: [topic], rename: () => target, offsets: 'translate' }
  const restorer = new TopicRestorer({ kafka, storage })
  return {
    ...{ bench, storage, topic, target, archive, options, restorer, segments: [first, second, third] as const },
    values: (records: number) => bench.shown(target, records),
    [Symbol.asyncDispose]: () => kafka.close(),
  }
}

async function run(restorer: TopicRestorer, options: RestoreOptions) {
  const events: RestoreEvent[] = []
  const stream = restorer.stream(options)
  let step = await stream.next()
  for (; step.done !== true; step = await stream.next()) events.push(step.value)
  return { summary: step.value, damage: events.filter(({ type }) => type === 'damage') }
}

function values(...ranges: readonly (readonly [number, number])[]): string[] {
  return ranges.flatMap(([from, to]) => messages(from, to).map(({ value }) => String(value)))
}

describe('restoring from an archive that is damaged', () => {
  it('stops before it produces from a damaged segment, and leaves only that out where it is told to', async () => {
    await using bed = await archived()
    const { restorer, options, topic, segments } = bed
    const { key } = segments[1]
    await inflict(bed.storage, segments[1], 'a flipped bit')
    await expect(restorer.run(options)).rejects.toMatchObject({
      ...{ code: 'ARCHIVE_CORRUPT', key, from: 10n, next: 20n },
      hint: expect.stringContaining("onDamage: 'skip'"),
    })
    const { high } = await bed.bench.offsets(bed.target)
    expect(high).toBeLessThanOrEqual(10n)

    const skipping = { ...options, onDamage: 'skip' } as const
    const { summary, damage } = await run(restorer, skipping)
    expect(damage).toMatchObject([{ finding: { kind: 'damaged', key, topic, partition: 0, from: 10n, next: 20n } }])
    expect(summary).toMatchObject({ records: 20n, complete: false, partitions: [{ missing: 10n, records: 20n }] })
    expect(summary.remarks).toEqual([expect.stringContaining(key)])
    expect(await bed.values(20)).toEqual(values([0, 10], [20, 30]))

    // A second run ends in the same way, and says the same.
    expect(await run(restorer, skipping)).toMatchObject({ summary, damage })
    expect((await restorer.plan(skipping)).toString()).toContain(`left out: `)
    const plan = await restorer.plan(options)
    expect(plan.problems).toMatchObject([{ code: 'SKIPPED_DAMAGE', text: expect.stringContaining(key) }])
    expect(await bed.bench.offsets(bed.target)).toEqual({ low: 0n, high: 20n })
  })

  it('leaves nothing out of a log that has begun with exact offsets, and says what to do', async () => {
    await using bed = await archived()
    const { restorer, segments } = bed
    await inflict(bed.storage, segments[1], 'a flipped bit')
    const options = { ...bed.options, offsets: 'auto' } as const
    await expect(restorer.run(options)).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    const plan = await restorer.plan({ ...options, onDamage: 'skip' })
    expect(plan.problems).toMatchObject([{ code: 'NOT_EXACT', text: expect.stringContaining('delete the topic') }])
  })

  it('does not begin where a segment is missing, or restores the rest and lists the hole', async () => {
    await using bed = await archived()
    const { restorer, options, topic } = bed
    await inflict(bed.storage, bed.segments[0], 'a missing object')
    await expect(restorer.run(options)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })
    expect((await restorer.plan(options)).problems).toMatchObject([{ code: 'DAMAGED' }])

    const skipping = { ...options, onDamage: 'skip' } as const
    const plan = await restorer.plan(skipping)
    expect(plan.problems).toEqual([])
    expect(plan.toString()).toMatch(/left out: .*offsets 0 to 9/)
    const { summary, damage } = await run(restorer, skipping)
    expect(damage).toMatchObject([{ finding: { kind: 'missing', topic, partition: 0, from: 0n, next: 10n } }])
    expect(summary).toMatchObject({ records: 20n, complete: false, partitions: [{ missing: 10n }] })
    expect(await bed.values(20)).toEqual(values([10, 30]))
  })

  it('restores everything where another segment has what is damaged', async () => {
    await using bed = await archived()
    const { archive, storage, topic, segments } = bed
    const [, second] = segments
    // The same content under another name, as a writer leaves it that knew another epoch.
    const copy = segmentKey({ ...second, lastEpoch: second.lastEpoch + 1 })
    await storage.put(copy, Buffer.concat(await collected(storage.get(second.key))))
    const [, chosen] = await collected(archive.segments({ topic, partition: 0 }))
    await inflict(storage, chosen ?? second, 'a truncated object')
    const { summary, damage } = await run(bed.restorer, bed.options)
    expect(damage).toEqual([])
    expect(summary).toMatchObject({ records: 30n, complete: true, partitions: [{ missing: 0n }] })
    expect(await bed.values(30)).toEqual(values([0, 30]))
  })
})

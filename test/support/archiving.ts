import type { Message } from 'kafkajs'
import {
  type ArchiveEvent,
  type ArchiveOptions,
  type ArchiveStorage,
  type ArchiveSummary,
  type KafkaRecord,
  type RecordsOptions,
  type SegmentEvent,
  TopicArchive,
  TopicArchiver,
  type TopicArchiverOptions,
} from 'kafkeep'
import { expect } from 'vitest'
import { type KafkaBench, messages } from './kafka.js'

/** What a run told, and what it came to. */
export interface ObservedRun {
  readonly events: readonly ArchiveEvent[]
  readonly summary: ArchiveSummary
}

/** Options of {@link archiveTopics}. */
export interface ObservedRunOptions extends ArchiveOptions, Pick<TopicArchiverOptions, 'groupId'> {
  /** What happens in the middle of the run: right after its first segment. */
  readonly inTheMiddle?: ((segment: SegmentEvent) => Promise<void>) | undefined
}

/** The least that an archiver can do with, so that it is far from its end when the first segment is stored. */
const SMALL = { segmentBytes: 1_048_576, memoryBytes: 8_388_608 } as const
const RECORDS_A_BATCH = 5

/** One bounded run in small steps. */
export async function archiveTopics(
  bench: KafkaBench,
  storage: ArchiveStorage,
  { inTheMiddle, groupId, ...options }: ObservedRunOptions,
): Promise<ObservedRun> {
  await using kafka = bench.transport()
  const run = new TopicArchiver({ kafka, storage, groupId, ...SMALL }).stream({ groups: false, ...options })
  const events: ArchiveEvent[] = []
  for (let next = await run.next(); ; next = await run.next()) {
    if (next.done === true) return { events, summary: next.value }
    const isFirst = events.every(({ type }) => type !== 'segment')
    events.push(next.value)
    if (next.value.type === 'segment' && isFirst) await inTheMiddle?.(next.value)
  }
}

/** The segments of a partition's first run answer for the offsets up to `end`: for each of them, and only once. */
export function expectEveryOffsetOnce(events: readonly ArchiveEvent[], end: bigint): void {
  const segments = events.filter((event) => event.type === 'segment')
  expect(segments.length).toBeGreaterThan(1)
  const borders = segments.map(({ next }) => next)
  expect(segments.map(({ from }) => from)).toEqual([0n, ...borders.slice(0, -1)])
  expect(borders.at(-1)).toBe(end)
}

/** What an archive holds of a range; without a partition, of partition 0. */
export async function recordsIn(
  storage: ArchiveStorage,
  range: Partial<RecordsOptions> & Pick<RecordsOptions, 'topic'>,
): Promise<KafkaRecord[]> {
  const records: KafkaRecord[] = []
  for await (const record of new TopicArchive({ storage }).records({ partition: 0, ...range })) records.push(record)
  return records
}

/** `<offset> <value>` of each record; of a value only what makes it another one. */
export function shortly(records: readonly Pick<KafkaRecord, 'offset' | 'value'>[]): string[] {
  return records.map(
    ({ offset, value }) =>
      `${offset} ${Buffer.from(value ?? [])
        .toString()
        .trimEnd()}`,
  )
}

/** Batches of records so large that a run of several of {@link SMALL} segments is made of them. */
export function manyBatches(records: number, prefix = ''): Message[][] {
  const all = messages(0, records).map((message) => ({
    ...message,
    value: `${prefix}${message.value}`.padEnd(8_000, ' '),
  }))
  return Array.from({ length: records / RECORDS_A_BATCH }, (_, index) =>
    all.slice(index * RECORDS_A_BATCH, (index + 1) * RECORDS_A_BATCH),
  )
}

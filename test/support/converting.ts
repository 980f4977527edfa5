import { gzipSync } from 'node:zlib'
import {
  type ArchiveStorage,
  type ConversionEvent,
  type ConversionSummary,
  type ConvertArchiveOptions,
  convertArchive,
  MemoryStorage,
  spredfastLayout,
  TopicArchive,
} from 'kafkeep'
import { framesOf } from '../../src/codec/framed-records.js'
import { putFiles } from './spredfast-fixtures.js'
import { collected } from './znode-arbitrary.js'

const DAY = '2017-12-19'
/** The layout of the files that {@link dataFile} makes. */
export const KEYED = spredfastLayout({ keys: true })

/** What a conversion told, and what it came to. */
export interface Converted {
  readonly events: readonly ConversionEvent[]
  readonly summary: ConversionSummary
}

/** A whole conversion. */
export async function converted(
  storage: ArchiveStorage,
  to: ArchiveStorage,
  options: Partial<ConvertArchiveOptions> = {},
): Promise<Converted> {
  const events: ConversionEvent[] = []
  const conversion = convertArchive({ storage, layout: KEYED, to, ...options })
  for (let step = await conversion.next(); ; step = await conversion.next()) {
    if (step.done === true) return { events, summary: step.value }
    events.push(step.value)
  }
}

/** A data file of so many records, each with its number in it. */
export function dataFile(from: number, records: number, valueBytes = 10): Buffer {
  const numbered = Array.from({ length: records }, (_, index) => ({
    key: Buffer.from(`${from + index}`),
    value: Buffer.from(`${from + index}`.padEnd(valueBytes, '.')),
  }))
  return gzipSync(Buffer.concat(framesOf(numbered, { keys: true })))
}

/** The key of a data file by the offset of its first record. */
export function nameOf(first: number, { day = DAY, topic = 'orders', partition = '00000' } = {}): string {
  return `${day}/${topic}-${partition}-${String(first).padStart(12, '0')}.gz`
}

/** A bucket of two topics; one partition has two files, a gap, and another file. */
export async function newBucket(): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  await putFiles(storage, '', [
    [nameOf(0), dataFile(0, 3)],
    [nameOf(3, { day: '2017-12-20' }), dataFile(3, 4)],
    [nameOf(10, { day: '2017-12-20' }), dataFile(10, 2)],
    [nameOf(5, { partition: '00001' }), dataFile(5, 1)],
    [nameOf(0, { topic: 'payments' }), dataFile(0, 2)],
  ])
  return storage
}

/** The records of a partition; large buffers take long to compare. */
export async function recordsOf(storage: ArchiveStorage, topic = 'orders', partition = 0, layout = {}) {
  const records = await collected(new TopicArchive({ storage, ...layout }).records({ topic, partition }))
  return records.map(({ offset, key, value, timestampMs, headers }) => {
    const text = (field: Uint8Array | null) => field && Buffer.from(field).toString('latin1')
    return { offset, key: text(key), value: text(value), timestampMs, headers }
  })
}

/** The offsets of the first partition, as a checkpoint has it. */
export async function offsetsOf(storage: ArchiveStorage, checkpoint?: string): Promise<bigint[]> {
  const range = { topic: 'orders', partition: 0, checkpoint }
  return (await collected(new TopicArchive({ storage }).records(range))).map(({ offset }) => offset)
}

/** What happened, in order. */
export function kindsOf(events: readonly ConversionEvent[]): string[] {
  return events.map(({ type }) => type)
}

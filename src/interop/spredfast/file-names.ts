import type { OffsetRange } from '../../archive/names.js'

/** What the name of a data file tells. */
export interface FileName {
  readonly topic: string
  readonly partition: number
  /** Offset of its first record. */
  readonly first: OffsetRange['from']
  /** UTC day on which it was uploaded: `2017-12-19`. */
  readonly day: string
}

const TOPIC = '(?<topic>[A-Za-z0-9._-]{1,249})'
const DAY = String.raw`(?<day>\d{4}-\d\d-\d\d)`
/** No topic has a million partitions: whoever believes a number that is larger counts up to it. */
const NUMBERS = String.raw`(?<partition>\d{5,6})-(?<first>\d{12,19})`
/** As the connector and most of its forks name files, and as sugarcrm's fork does with `GroupedByTopic`. */
const SCHEMES = [
  { pattern: new RegExp(`^${DAY}/${TOPIC}-${NUMBERS}$`), nameOf: groupedByDay },
  { pattern: new RegExp(`^${TOPIC}/${DAY}/${NUMBERS}$`), nameOf: groupedByTopic },
] as const
const DATA_SUFFIX = '.gz'
const INDEX_SUFFIX = '.index.json'
const MAX_OFFSET = 2n ** 63n - 1n

/** A prefix as the connector makes one of what it is given. */
export function folderOf(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
}

/** What a key below the prefix says, or `undefined` when it is not a data file's: names from storage are not trusted. */
export function parseFileName(key: string): FileName | undefined {
  if (!key.endsWith(DATA_SUFFIX)) return undefined
  const name = key.slice(0, -DATA_SUFFIX.length)
  for (const { pattern, nameOf } of SCHEMES) {
    const groups = pattern.exec(name)?.groups
    if (groups === undefined) continue
    const { topic = '', partition, first = '', day = '' } = groups
    const file = { topic, partition: Number(partition), first: BigInt(first), day }
    const plausible = file.first < MAX_OFFSET && isDay(day)
    if (plausible && nameOf(file) === name) return file
  }
  return undefined
}

/** The key of a data file below the prefix; {@link parseFileName} is its inverse. */
export function dataKey(file: FileName): string {
  return `${groupedByDay(file)}${DATA_SUFFIX}`
}

/** The key of the index of a data file. */
export function indexKey(data: string): string {
  return `${data.slice(0, -DATA_SUFFIX.length)}${INDEX_SUFFIX}`
}

/** The object that names the last index of a partition. */
export function cursorKey({ topic, partition }: Pick<FileName, 'topic' | 'partition'>): string {
  return `last_chunk_index.${topic}-${padded(partition, 5)}.txt`
}

/** The day after: a file that is uploaded at midnight can have its index there. */
export function dayAfter(day: string): string {
  return dayOf(Date.parse(`${day}T00:00:00Z`) + 86_400_000)
}

/** The UTC day of an instant. */
export function dayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10)
}

function groupedByDay({ day, topic, partition, first }: FileName): string {
  return `${day}/${topic}-${numbersOf(partition, first)}`
}

function groupedByTopic({ day, topic, partition, first }: FileName): string {
  return `${topic}/${day}/${numbersOf(partition, first)}`
}

function numbersOf(partition: number, first: bigint): string {
  return `${padded(partition, 5)}-${padded(first, 12)}`
}

function padded(number: number | bigint, digits: number): string {
  return number.toString().padStart(digits, '0')
}

function isDay(day: string): boolean {
  const epochMs = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(epochMs) && dayOf(epochMs) === day
}

import { crcHex, type OffsetRange, parseSegmentKey, type SegmentName } from '../../archive/names.js'
import { dataKey, type FileName } from './file-names.js'

/** Where kafkeep keeps, below the connector's prefix, what the connector has no place for. Nothing in it ends in `.gz`. */
export const OWN_FOLDER = 'kafkeep/'

/**
 * An empty object that says which data file holds a segment, all in its name:
 * `<segment's name>.s<bytes>.<day>-<first offset>.file`. It is written last: the file is archived once it is there.
 */
export interface WrittenFile {
  /** The segment's own name. */
  readonly segment: SegmentName & { readonly key: string }
  /** Size of the data file. */
  readonly sizeBytes: number
  /** Key of the data file below the prefix; `undefined` where there was no record to write. */
  readonly dataKey: string | undefined
}

const WRITTEN = /^(?<segment>.+)\.s(?<size>\d{1,15})\.(?<day>\d{4}-\d\d-\d\d)-(?<first>\d{1,19})\.file$/

/** What a key below {@link OWN_FOLDER} says, or `undefined` when it does not name a file. */
export function parseWrittenKey(key: string): WrittenFile | undefined {
  const groups = WRITTEN.exec(key)?.groups
  const name = parseSegmentKey(groups?.['segment'] ?? '')
  if (groups === undefined || name === undefined) return undefined
  const { segment = '', size, day = '', first = '' } = groups
  const { topic, partition } = name
  const sizeBytes = Number(size)
  const file = sizeBytes === 0 ? undefined : dataKey({ topic, partition, first: BigInt(first), day })
  return { segment: { ...name, key: segment }, sizeBytes, dataKey: file }
}

/** The key, below {@link OWN_FOLDER}, of the object that says where a segment is. */
export function writtenKey(
  segment: string,
  sizeBytes: number,
  { day, first }: Pick<FileName, 'day'> & { readonly first: OffsetRange['from'] },
): string {
  return `${segment}.s${sizeBytes}.${day}-${first}.file`
}

/** A data file that is about to be written: it is known by its content if its process dies. */
export interface Attempt {
  /** Key of the data file below the prefix. */
  readonly dataKey: string
  readonly sizeBytes: number
  readonly crc32c: number
}

const ATTEMPT = /^writing\/(?<data>.+\.gz)\.s(?<size>\d{1,15})\.c(?<crc>[0-9a-f]{8})$/

/** The key, below {@link OWN_FOLDER}, of the empty object that is written before a data file and deleted when that counts. */
export function attemptKey({ dataKey: data, sizeBytes, crc32c: sum }: Attempt): string {
  return `${attemptsPrefix(data)}s${sizeBytes}.c${crcHex(sum)}`
}

/** What the attempts at one data file begin with. */
export function attemptsPrefix(data: string): string {
  return `writing/${data}.`
}

/** What a key below {@link OWN_FOLDER} says, or `undefined` when it names no attempt. */
export function parseAttemptKey(key: string): Attempt | undefined {
  const { data, size, crc = '' } = ATTEMPT.exec(key)?.groups ?? {}
  return data === undefined ? undefined : { dataKey: data, sizeBytes: Number(size), crc32c: Number.parseInt(crc, 16) }
}

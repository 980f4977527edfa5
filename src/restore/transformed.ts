import { type ChainBatch, recordsOf, type TimeRange } from '../archive/read-chain.js'
import type { KafkaRecord } from '../batch/read-records.js'
import { type RecordContent, writeBatch } from '../batch/write-batch.js'
import { earlier } from '../internal/bigint.js'
import { COALESCED_BYTES, type Content } from './content.js'

/**
 * Changes a record on its way into the target: gives another one, several, or `undefined` to leave it out. Key, value,
 * headers and timestamp of what it gives count; topic, partition and offset do not. Must be deterministic, so that a
 * restore that is taken up again goes on with the same records.
 */
export type RecordTransform = (record: KafkaRecord) => KafkaRecord | undefined | readonly KafkaRecord[]

/** What came of one archived record. */
interface Changed {
  /** Offset of the archived record. */
  readonly source: bigint
  readonly record: KafkaRecord
}

/** What a transform makes of a batch's wanted records, in batches of a moderate size. */
export function* transformed(
  item: ChainBatch,
  times: TimeRange,
  transform: RecordTransform,
): Generator<Content, void, void> {
  const { batch, offsets } = item
  let sizeBytes = batch.bytes.length
  for (const part of parts(changedRecords(item, times, transform))) {
    yield {
      records: part.length,
      sizeBytes,
      timestampMs: part.reduce((earliest, { record }) => earlier(earliest, record.timestampMs), -1n),
      sourceFrom: part[0]?.source ?? batch.baseOffset,
      sourceNext: (part.at(-1)?.source ?? batch.baseOffset) + 1n,
      bytes: () => writeBatch(part.map(inPlace), { compression: batch.compression }),
      recordsBefore: (offset) => (offsets !== 'unknown' ? part.filter(({ source }) => source < offset).length : 0),
    }
    // The batch's bytes are counted once.
    sizeBytes = 0
  }
}

function* changedRecords(
  item: ChainBatch,
  times: TimeRange,
  transform: RecordTransform,
): Generator<Changed, void, void> {
  for (const original of recordsOf(item, times)) {
    const result = transform(original)
    if (result === undefined) continue
    for (const record of isList(result) ? result : [result]) {
      checkRecord(record, original)
      yield { source: original.offset, record }
    }
  }
}

/** What comes of one record stays together, so that no committed offset lies inside it. */
function* parts(changed: Iterable<Changed>): Generator<Changed[], void, void> {
  let part: Changed[] = []
  let bytes = 0
  for (const item of changed) {
    if (bytes >= COALESCED_BYTES && item.source !== part.at(-1)?.source) {
      yield part
      part = []
      bytes = 0
    }
    part.push(item)
    bytes += bytesOf(item.record)
  }
  if (part.length > 0) yield part
}

function inPlace({ record }: Changed, index: number): RecordContent {
  const { timestampMs, key, value, headers } = record
  return { offset: BigInt(index), timestampMs, key, value, headers }
}

function bytesOf({ key, value, headers }: KafkaRecord): number {
  const ofHeaders = headers.reduce((sum, header) => sum + header.key.length + (header.value?.length ?? 0), 0)
  return (key?.length ?? 0) + (value?.length ?? 0) + ofHeaders
}

function isList(result: KafkaRecord | readonly KafkaRecord[]): result is readonly KafkaRecord[] {
  return Array.isArray(result)
}

function checkRecord(record: unknown, { topic, partition, offset }: KafkaRecord): asserts record is KafkaRecord {
  const { key, value, headers, timestampMs } = Object(record)
  const headersFit =
    Array.isArray(headers) && headers.every((header) => typeof header?.key === 'string' && isBytes(header.value))
  if (isBytes(key) && isBytes(value) && headersFit && typeof timestampMs === 'bigint') return
  throw new TypeError(
    `\`transform\` must give records with \`key\` and \`value\` (bytes or null), \`headers\` and \`timestampMs\` (a bigint); it did not for ${topic}-${partition} at offset ${offset}`,
  )
}

function isBytes(value: unknown): boolean {
  return value === null || value instanceof Uint8Array
}

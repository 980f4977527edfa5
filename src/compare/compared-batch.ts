import { HEADER_BYTES } from '../batch/batch-header.js'
import type { KafkaRecord } from '../batch/read-records.js'
import type { RecordBatchView } from '../batch/record-batch.js'

/** A record of one side, and where it is or must be in the live topic. */
export interface ComparedRecord {
  /** Offset in the live topic. */
  readonly at: bigint
  readonly record: KafkaRecord
  /** Whether a read_committed consumer sees it. */
  readonly committed: boolean
}

/** A batch of records of one side. There is none for markers, which no consumer sees. */
export interface ComparedBatch {
  readonly batch: RecordBatchView
  readonly committed: boolean
  /** Offset of its first record in the live topic, if all its records are wanted and stand there as in the batch. */
  readonly at: bigint | undefined
  /** Its wanted records in order. */
  records(): Iterable<ComparedRecord>
}

/** What has to be the same. */
export interface Comparison {
  /** Whether it counts who has set the timestamps: a restore cannot bring that back. */
  readonly timestampTypes: boolean
}

/** Whether consumers certainly see the same in both, by their bytes. If not, they may still. */
export function haveSameBytes(one: ComparedBatch, other: ComparedBatch): boolean {
  const [a, b] = [one.batch, other.batch]
  return (
    one.at !== undefined &&
    one.at === other.at &&
    one.committed === other.committed &&
    a.bytes.length === b.bytes.length &&
    a.lastOffsetDelta === b.lastOffsetDelta &&
    a.recordCount === b.recordCount &&
    a.compression === b.compression &&
    a.timestampType === b.timestampType &&
    a.baseTimestampMs === b.baseTimestampMs &&
    a.maxTimestampMs === b.maxTimestampMs &&
    a.bytes.compare(b.bytes, HEADER_BYTES, undefined, HEADER_BYTES) === 0
  )
}

/** Whether a consumer that is shown both records sees the same. */
export function haveSameContent(a: KafkaRecord, b: KafkaRecord, { timestampTypes }: Comparison): boolean {
  return (
    a.timestampMs === b.timestampMs &&
    (!timestampTypes || a.timestampType === b.timestampType) &&
    areSame(a.key, b.key) &&
    areSame(a.value, b.value) &&
    a.headers.length === b.headers.length &&
    a.headers.every(({ key, value }, index) => {
      const other = b.headers[index]
      return other !== undefined && key === other.key && areSame(value, other.value)
    })
  )
}

function areSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0
}

import { crc32c } from '@node-rs/crc32'
import {
  ATTRIBUTE,
  batchBytesAt,
  COMPRESSION_TYPES,
  type CompressionType,
  FIELD,
  InvalidBatchError,
  type TimestampType,
} from './batch-header.js'
import { type KafkaRecord, type RecordPlace, readRecords } from './read-records.js'
import type { TopicPartition } from './topic-partition.js'

/** A view on the bytes of one batch (magic 2); decoding happens only in `records()`. */
export interface RecordBatch {
  /** The whole batch as Kafka stores it, header included. */
  readonly bytes: Uint8Array
  /** Offset of the first record that the batch was written with, even if compaction has removed it. */
  readonly baseOffset: bigint
  /** Offset after the batch's range. */
  readonly nextOffset: bigint
  /** Epoch of the leader that appended the batch. */
  readonly leaderEpoch: number
  /** How the records are compressed. */
  readonly compression: CompressionType
  /** Who set the timestamps. */
  readonly timestampType: TimestampType
  /** Epoch milliseconds; -1 where unknown. */
  readonly maxTimestampMs: bigint
  /** Whether the batch belongs to a transaction. */
  readonly transactional: boolean
  /** Whether the batch holds the marker that ends a transaction instead of records. */
  readonly control: boolean
  /** -1 where the producer was not idempotent. */
  readonly producerId: bigint
  /** Records in the batch; less than its range of offsets after compaction, possibly 0. */
  readonly recordCount: number
  /** Decodes the records in order. */
  records(): Iterable<KafkaRecord>
}

const NOWHERE: TopicPartition = { topic: '', partition: -1 }

/** A {@link RecordBatch} that reads each field from the bytes when it is asked for. */
export class RecordBatchView implements RecordBatch, TopicPartition {
  readonly bytes: Buffer
  readonly #place: RecordPlace

  /** `bytes` is exactly one batch; `place` is where its records will say they are from. */
  constructor(bytes: Buffer, place: RecordPlace = NOWHERE) {
    this.bytes = bytes
    this.#place = place
  }

  get baseOffset(): bigint {
    return this.bytes.readBigInt64BE(FIELD.baseOffset)
  }

  get nextOffset(): bigint {
    return this.baseOffset + BigInt(this.lastOffsetDelta) + 1n
  }

  get lastOffsetDelta(): number {
    return this.bytes.readInt32BE(FIELD.lastOffsetDelta)
  }

  get leaderEpoch(): number {
    return this.bytes.readInt32BE(FIELD.partitionLeaderEpoch)
  }

  get attributes(): number {
    return this.bytes.readInt16BE(FIELD.attributes)
  }

  get compression(): CompressionType {
    const compression = COMPRESSION_TYPES[this.attributes & ATTRIBUTE.compression]
    if (compression === undefined) throw new InvalidBatchError('a batch has an unknown compression')
    return compression
  }

  get timestampType(): TimestampType {
    return this.attributes & ATTRIBUTE.logAppendTime ? 'log-append' : 'create'
  }

  get baseTimestampMs(): bigint {
    return this.bytes.readBigInt64BE(FIELD.baseTimestamp)
  }

  get maxTimestampMs(): bigint {
    return this.bytes.readBigInt64BE(FIELD.maxTimestamp)
  }

  get transactional(): boolean {
    return (this.attributes & ATTRIBUTE.transactional) !== 0
  }

  get control(): boolean {
    return (this.attributes & ATTRIBUTE.control) !== 0
  }

  get producerId(): bigint {
    return this.bytes.readBigInt64BE(FIELD.producerId)
  }

  get producerEpoch(): number {
    return this.bytes.readInt16BE(FIELD.producerEpoch)
  }

  get recordCount(): number {
    return this.bytes.readInt32BE(FIELD.recordCount)
  }

  /** Whether the checksum in the header is that of the bytes behind it. */
  get intact(): boolean {
    return crc32c(this.bytes.subarray(FIELD.attributes)) === this.bytes.readUInt32BE(FIELD.crc)
  }

  get topic(): string {
    return this.#place.topic
  }

  get partition(): number {
    return this.#place.partition
  }

  records(): Iterable<KafkaRecord> {
    return readRecords(this.bytes, this.#place)
  }

  /**
   * Which marker a control batch holds: its record's key is a version (int16) and a type (int16: 0 abort, 1 commit).
   * `undefined` in batches that compaction has left empty.
   */
  get marker(): 'abort' | 'commit' | undefined {
    for (const { key } of this.records()) {
      if (key === null || key.length < 4) break
      return Buffer.from(key).readInt16BE(2) === 0 ? 'abort' : 'commit'
    }
    return undefined
  }
}

/** The batch as a {@link RecordBatchView} whose records say they are from `place`; the bytes are shared. */
export function viewOf(batch: Pick<RecordBatch, 'bytes'>, place: RecordPlace): RecordBatchView {
  const { buffer, byteOffset, byteLength } = batch.bytes
  return new RecordBatchView(Buffer.from(buffer, byteOffset, byteLength), place)
}

/** The whole batches in `bytes` from `start` on; what is left at the end is less than one batch. */
export function* batchesIn(bytes: Buffer, place: RecordPlace = NOWHERE): Generator<RecordBatchView, number, void> {
  let position = 0
  for (;;) {
    const length = batchBytesAt(bytes, position)
    if (length === undefined || position + length > bytes.length) return position
    yield new RecordBatchView(bytes.subarray(position, position + length), place)
    position += length
  }
}

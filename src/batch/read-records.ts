import { ATTRIBUTE, FIELD, InvalidBatchError, type TimestampType } from './batch-header.js'
import { expectEnd, openRecords } from './stored-records.js'
import type { TopicPartition } from './topic-partition.js'
import type { VarintReader } from './varint.js'

/** A header of a record. Keys may repeat; their order is kept. */
export interface RecordHeader {
  /** The header's name. */
  readonly key: string
  /** The header's value. */
  readonly value: Uint8Array | null
}

/** One record with where it stands. */
export interface KafkaRecord {
  /** The topic the record is in. */
  readonly topic: string
  /** The partition the record is in. */
  readonly partition: number
  /** The record's offset in its partition. */
  readonly offset: bigint
  /**
   * Set where the offset was counted from that of another record, because the archive is of a tool that keeps few of
   * them: there may have been holes in between.
   */
  readonly offsetDerived?: true
  /** Epoch milliseconds; -1 where unknown. */
  readonly timestampMs: bigint
  /** Who set the timestamp. */
  readonly timestampType: TimestampType
  /** `null` and empty are different keys. */
  readonly key: Uint8Array | null
  /** `null` is a tombstone. */
  readonly value: Uint8Array | null
  /** In the producer's order, duplicates included. */
  readonly headers: readonly RecordHeader[]
}

/** What records are to say of where they are from. */
export interface RecordPlace extends TopicPartition {
  /** The last offset that is known; all after it are derived. All are known where this is left out. */
  readonly knownOffset?: bigint | undefined
}

/** Decodes the records of one whole batch in order. */
export function* readRecords(
  batch: Buffer,
  { topic, partition, knownOffset }: RecordPlace,
): Generator<KafkaRecord, void, void> {
  const { reader, count } = openRecords(batch)
  const attributes = batch.readInt16BE(FIELD.attributes)
  const timestampType = attributes & ATTRIBUTE.logAppendTime ? 'log-append' : 'create'
  const baseOffset = batch.readBigInt64BE(FIELD.baseOffset)
  const baseTimestamp = batch.readBigInt64BE(FIELD.baseTimestamp)
  const maxTimestamp = batch.readBigInt64BE(FIELD.maxTimestamp)
  for (let index = 0; index < count; index++) {
    const end = reader.varint() + reader.position
    reader.byte()
    // Kafka adds in 64 bits, which wrap.
    const createdMs = BigInt.asIntN(64, baseTimestamp + reader.varlong())
    const timestampMs = timestampType === 'log-append' ? maxTimestamp : createdMs
    const offset = baseOffset + BigInt(reader.varint())
    const key = reader.nullableSlice()
    const value = reader.nullableSlice()
    const headers = readHeaders(reader)
    if (reader.position !== end) throw new InvalidBatchError(`the record at offset ${offset} has a wrong length`)
    const record: KafkaRecord = { topic, partition, offset, timestampMs, timestampType, key, value, headers }
    yield knownOffset !== undefined && offset > knownOffset ? { ...record, offsetDerived: true } : record
  }
  expectEnd(reader)
}

function readHeaders(reader: VarintReader): readonly RecordHeader[] {
  const count = reader.varint()
  if (count === 0) return NO_HEADERS
  if (count < 0) throw new InvalidBatchError(`a record has ${count} headers`)
  const headers: RecordHeader[] = []
  for (let index = 0; index < count; index++) {
    headers.push({ key: reader.text(reader.varint()), value: reader.nullableSlice() })
  }
  return headers
}

const NO_HEADERS: readonly RecordHeader[] = []

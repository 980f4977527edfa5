import { gzipSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { RecordBatchView } from '../../src/batch/record-batch.js'
import type { TopicPartition } from '../../src/batch/topic-partition.js'

/** What a record of a built batch holds; what is left out is as plain as it can be. */
export interface BuiltRecord {
  /** Distance from the batch's base offset; the record's place in the list when left out. */
  readonly offsetDelta?: number | undefined
  readonly timestampMs?: bigint | undefined
  readonly key?: Uint8Array | null | undefined
  readonly value?: Uint8Array | null | undefined
  readonly headers?: readonly { readonly key: string; readonly value: Uint8Array | null }[] | undefined
}

/** What a built batch says of itself, true or not. */
export interface BuiltBatch {
  readonly baseOffset?: bigint | undefined
  readonly records?: readonly BuiltRecord[] | undefined
  readonly lastOffsetDelta?: number | undefined
  readonly recordCount?: number | undefined
  readonly leaderEpoch?: number | undefined
  readonly compression?: 'none' | 'gzip' | undefined
  readonly attributes?: number | undefined
  readonly baseTimestampMs?: bigint | undefined
  readonly maxTimestampMs?: bigint | undefined
  readonly producerId?: bigint | undefined
  readonly producerEpoch?: number | undefined
  readonly baseSequence?: number | undefined
}

/** Bits of a batch's attributes, as Kafka's documentation numbers them. */
export const BIT = { gzip: 1, logAppendTime: 8, transactional: 16, control: 32, deleteHorizon: 64 } as const

/**
 * The bytes of a record batch, magic 2, written field by field from Kafka's documentation and without any code of
 * kafkeep's, so that a mistake there cannot hide here.
 */
export function batchBytes(batch: BuiltBatch = {}): Buffer {
  const records = batch.records ?? [{}]
  const baseTimestampMs = batch.baseTimestampMs ?? records[0]?.timestampMs ?? 0n
  const times = records.map(({ timestampMs }) => timestampMs ?? baseTimestampMs)
  const body = Buffer.concat(records.map((record, index) => recordBytes(record, index, baseTimestampMs)))
  const gzip = batch.compression === 'gzip'
  const lastDelta = records.at(-1)?.offsetDelta ?? records.length - 1
  const covered = Buffer.concat([
    int(2, (batch.attributes ?? 0) | (gzip ? BIT.gzip : 0)),
    int(4, batch.lastOffsetDelta ?? lastDelta),
    int64(baseTimestampMs),
    int64(batch.maxTimestampMs ?? times.reduce((max, time) => (time > max ? time : max), times[0] ?? -1n)),
    int64(batch.producerId ?? -1n),
    int(2, batch.producerEpoch ?? -1),
    int(4, batch.baseSequence ?? -1),
    int(4, batch.recordCount ?? records.length),
    gzip ? gzipSync(body) : body,
  ])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32c(covered))
  const rest = Buffer.concat([int(4, batch.leaderEpoch ?? 0), int(1, 2), checksum, covered])
  return Buffer.concat([int64(batch.baseOffset ?? 0n), int(4, rest.length), rest])
}

/** {@link batchBytes} as a view. */
export function batchView(batch: BuiltBatch = {}, partition?: TopicPartition): RecordBatchView {
  return new RecordBatchView(batchBytes(batch), partition)
}

/** `count` records, each with a value that no other record has. */
export function numberedRecords(count: number, prefix = 'v'): BuiltRecord[] {
  return Array.from({ length: count }, (_, index) => ({ value: Buffer.from(`${prefix}${index}`) }))
}

/** The control batch that ends a transaction. */
export function markerBytes(type: 'abort' | 'commit', batch: BuiltBatch = {}): Buffer {
  const key = Buffer.concat([int(2, 0), int(2, type === 'abort' ? 0 : 1)])
  const records = [{ key, value: Buffer.alloc(6) }]
  return batchBytes({ attributes: BIT.transactional | BIT.control, records, ...batch })
}

/** A zigzag varint of up to 64 bits, digit by digit. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = value >= 0n ? value * 2n : -value * 2n - 1n
  while (rest >= 128n) {
    bytes.push(Number(rest % 128n) + 128)
    rest /= 128n
  }
  return Buffer.from([...bytes, Number(rest)])
}

function recordBytes(record: BuiltRecord, index: number, baseTimestampMs: bigint): Buffer {
  const { offsetDelta = index, timestampMs = baseTimestampMs, key = null, value = null, headers = [] } = record
  const content = Buffer.concat([
    Buffer.of(0),
    // Brokers and clients count in 64 bits, which wrap.
    varint(BigInt.asIntN(64, timestampMs - baseTimestampMs)),
    varint(BigInt(offsetDelta)),
    field(key),
    field(value),
    varint(BigInt(headers.length)),
    ...headers.flatMap((header) => [field(Buffer.from(header.key)), field(header.value)]),
  ])
  return Buffer.concat([varint(BigInt(content.length)), content])
}

function field(bytes: Uint8Array | null): Buffer {
  return bytes === null ? varint(-1n) : Buffer.concat([varint(BigInt(bytes.length)), bytes])
}

function int(size: 1 | 2 | 4, value: number): Buffer {
  const bytes = Buffer.alloc(size)
  bytes.writeIntBE(value, 0, size)
  return bytes
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

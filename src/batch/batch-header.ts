/**
 * The header of a record batch, magic 2: 61 bytes, big-endian. Source: https://kafka.apache.org/documentation/#recordbatch.
 */

/** How the records of a batch are compressed. */
export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Whether a timestamp is the producer's (`create`) or the broker's (`log-append`). */
export type TimestampType = 'create' | 'log-append'

/** Where each field of the header begins. */
export const FIELD = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const

/** Bytes before the records. */
export const HEADER_BYTES = 61
/** Bytes of the two fields before those that `batchLength` counts. */
export const LENGTH_OVERHEAD_BYTES = 12

/** Bits of the attributes. */
export const ATTRIBUTE = {
  compression: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const

/** Compression types in the order of their numbers in the attributes. */
export const COMPRESSION_TYPES: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** The only format that brokers write since Kafka 0.11. */
export const MAGIC = 2

/** Bytes that are not a record batch, or not an intact one. Those who know where they came from say so. */
export class InvalidBatchError extends Error {
  override readonly name = 'InvalidBatchError'
}

/** Length of the batch that begins at `start`, or `undefined` while its length field is not there yet. */
export function batchBytesAt(bytes: Buffer, start: number): number | undefined {
  if (start + FIELD.magic >= bytes.length) return undefined
  const length = bytes.readInt32BE(start + FIELD.batchLength)
  const magic = bytes.readInt8(start + FIELD.magic)
  if (magic !== MAGIC) {
    const offset = bytes.readBigInt64BE(start)
    throw new InvalidBatchError(
      magic === 0 || magic === 1
        ? `the batch at offset ${offset} has message format ${magic}, which Kafka 4 no longer reads; only format 2 is supported`
        : `the batch at offset ${offset} has the unknown message format ${magic}`,
    )
  }
  if (length < HEADER_BYTES - LENGTH_OVERHEAD_BYTES) {
    throw new InvalidBatchError(`a batch of ${length} bytes is shorter than its own header`)
  }
  return LENGTH_OVERHEAD_BYTES + length
}

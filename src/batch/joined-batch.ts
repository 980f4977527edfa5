import { ATTRIBUTE, FIELD, HEADER_BYTES } from './batch-header.js'
import { frameBatch } from './build-batch.js'
import { expectEnd, openRecords } from './stored-records.js'
import { varintBytes, varlongBytes, writeVarint, writeVarlong } from './varint.js'

/** What stands before a record's key takes at most this: its length, attributes, and distances in time and offset. */
const MAX_HEAD_BYTES = 21
const ATTRIBUTES_BYTES = 1

/**
 * One batch in the making, of the records of other batches one after the other, at the offsets from 0 on without holes.
 * Only what stands before a record's key is written anew; the rest of the record is copied unread.
 */
export class JoinedBatch {
  /** Room for the header, and the records so far. */
  #bytes: Buffer
  #length = HEADER_BYTES
  #count = 0
  #compression: number | undefined
  /** Time of the first record, from which those of the others count. */
  #baseTimestampMs = -1n
  #maxTimestampMs = -1n

  /** `expectedBytes` is about how large it becomes. */
  constructor(expectedBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(expectedBytes, HEADER_BYTES))
  }

  /** Adds all records of a batch with the times that readers saw. The batch's bytes are not kept. */
  add(batch: Buffer): void {
    const attributes = batch.readInt16BE(FIELD.attributes)
    this.#compression ??= attributes & ATTRIBUTE.compression
    const baseTimestampMs = batch.readBigInt64BE(FIELD.baseTimestamp)
    const appendedMs = attributes & ATTRIBUTE.logAppendTime ? batch.readBigInt64BE(FIELD.maxTimestamp) : undefined
    const { reader, count } = openRecords(batch)
    this.#makeRoom(reader.left + count * MAX_HEAD_BYTES)
    for (let index = 0; index < count; index++) {
      const end = reader.varint() + reader.position
      const recordAttributes = reader.byte()
      const timestampMs = BigInt.asIntN(64, baseTimestampMs + reader.varlong())
      reader.varint()
      const rest = end - reader.position
      this.#writeHead(recordAttributes, appendedMs ?? timestampMs, rest)
      this.#length = reader.copy(rest, this.#bytes, this.#length)
    }
    expectEnd(reader)
  }

  /** The batch, compressed as the first that was added; `undefined` where there are no records. Nothing can be added after it. */
  finish(): Buffer | undefined {
    if (this.#count === 0 || this.#compression === undefined) return undefined
    const header = {
      ...{ baseOffset: 0n, lastOffsetDelta: this.#count - 1, leaderEpoch: -1, attributes: this.#compression },
      ...{ baseTimestampMs: this.#baseTimestampMs, maxTimestampMs: this.#maxTimestampMs },
      ...{ producerId: -1n, producerEpoch: -1, baseSequence: -1 },
    }
    return frameBatch(header, this.#bytes.subarray(0, this.#length), this.#count)
  }

  #writeHead(attributes: number, timestampMs: bigint, restBytes: number): void {
    if (this.#count === 0) this.#baseTimestampMs = timestampMs
    if (this.#count === 0 || timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
    const timestampDelta = BigInt.asIntN(64, timestampMs - this.#baseTimestampMs)
    const length = ATTRIBUTES_BYTES + varlongBytes(timestampDelta) + varintBytes(this.#count) + restBytes
    let position = writeVarint(this.#bytes, length, this.#length)
    position = this.#bytes.writeUInt8(attributes, position)
    position = writeVarlong(this.#bytes, timestampDelta, position)
    this.#length = writeVarint(this.#bytes, this.#count, position)
    this.#count++
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

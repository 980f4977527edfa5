import { ATTRIBUTE, COMPRESSION_TYPES, type CompressionType, type TimestampType } from '../batch/batch-header.js'
import type { BatchHeader } from '../batch/build-batch.js'
import type { StoredHeader, StoredRecord } from '../batch/stored-records.js'
import { bytesToText, JsonLineFields } from './json-fields.js'

const TIMESTAMP_TYPES: readonly TimestampType[] = ['create', 'log-append']
const KNOWN_ATTRIBUTES = Object.values(ATTRIBUTE).reduce((all, bits) => all | bits, 0)
const MAX_COUNT = 2 ** 31 - 1
const INT32 = { min: -(2n ** 31n), max: 2n ** 31n - 1n }

/** The header of a batch as one line of JSON, without the line's end. `records` lines follow it. */
export function batchToJson(header: BatchHeader, records: number): string {
  const { attributes } = header
  const otherAttributes = attributes & ~KNOWN_ATTRIBUTES
  return JSON.stringify({
    baseOffset: header.baseOffset.toString(),
    lastOffset: plus(header.baseOffset, header.lastOffsetDelta).toString(),
    records,
    leaderEpoch: header.leaderEpoch,
    compression: COMPRESSION_TYPES[attributes & ATTRIBUTE.compression],
    timestampType: attributes & ATTRIBUTE.logAppendTime ? 'log-append' : 'create',
    baseTimestampMs: header.baseTimestampMs.toString(),
    maxTimestampMs: header.maxTimestampMs.toString(),
    transactional: (attributes & ATTRIBUTE.transactional) !== 0,
    control: (attributes & ATTRIBUTE.control) !== 0,
    deleteHorizon: (attributes & ATTRIBUTE.deleteHorizon) !== 0,
    otherAttributes: otherAttributes === 0 ? undefined : otherAttributes,
    producerId: header.producerId.toString(),
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
  })
}

/**
 * The header of one line, and how many records follow it.
 *
 * @throws TypeError that names the field which is missing, unknown or not what it must be.
 */
export function batchFromJson(line: string): { readonly header: BatchHeader; readonly records: number } {
  const fields = new JsonLineFields(JSON.parse(line))
  const baseOffset = fields.int64('baseOffset')
  const header: BatchHeader = {
    baseOffset,
    lastOffsetDelta: offsetDelta(fields, 'lastOffset', baseOffset),
    leaderEpoch: fields.int32('leaderEpoch'),
    attributes: attributesFromJson(fields),
    baseTimestampMs: fields.int64('baseTimestampMs'),
    maxTimestampMs: fields.int64('maxTimestampMs'),
    producerId: fields.int64('producerId'),
    producerEpoch: fields.int16('producerEpoch'),
    baseSequence: fields.int32('baseSequence'),
  }
  const records = fields.integer('records', { min: 0, max: MAX_COUNT })
  fields.end()
  return { header, records }
}

/** A record of a batch as one line of JSON, without the line's end. */
export function recordToJson(record: StoredRecord, { baseOffset, baseTimestampMs }: BatchHeader): string {
  return JSON.stringify({
    offset: plus(baseOffset, record.offsetDelta).toString(),
    timestampMs: plus(baseTimestampMs, record.timestampDelta).toString(),
    attributes: record.attributes === 0 ? undefined : record.attributes,
    ...bytesToJson('key', record.key),
    ...bytesToJson('value', record.value),
    headers: record.headers.map(({ key, value }) => ({ ...bytesToJson('key', key), ...bytesToJson('value', value) })),
  })
}

/**
 * The record of one line, as it stands in the batch that `header` begins.
 *
 * @throws TypeError that names the field which is missing, unknown or not what it must be.
 */
export function recordFromJson(line: string, { baseOffset, baseTimestampMs }: BatchHeader): StoredRecord {
  const fields = new JsonLineFields(JSON.parse(line))
  const record: StoredRecord = {
    offsetDelta: offsetDelta(fields, 'offset', baseOffset),
    timestampDelta: BigInt.asIntN(64, fields.int64('timestampMs') - baseTimestampMs),
    attributes: fields.optional('attributes', () => fields.integer('attributes', { min: 1, max: 0xff })) ?? 0,
    key: nullableBytesFromJson(fields, 'key'),
    value: nullableBytesFromJson(fields, 'value'),
    headers: fields.list('headers', headerFromJson),
  }
  fields.end()
  return record
}

function attributesFromJson(fields: JsonLineFields): number {
  const other = fields.optional('otherAttributes', () => fields.int16('otherAttributes')) ?? 0
  if ((other & KNOWN_ATTRIBUTES) !== 0) throw new TypeError('`otherAttributes` has bits that have a name')
  const compression: CompressionType = fields.oneOf('compression', COMPRESSION_TYPES)
  const logAppendTime = fields.oneOf('timestampType', TIMESTAMP_TYPES) === 'log-append'
  return (
    other |
    COMPRESSION_TYPES.indexOf(compression) |
    (logAppendTime ? ATTRIBUTE.logAppendTime : 0) |
    (fields.boolean('transactional') ? ATTRIBUTE.transactional : 0) |
    (fields.boolean('control') ? ATTRIBUTE.control : 0) |
    (fields.boolean('deleteHorizon') ? ATTRIBUTE.deleteHorizon : 0)
  )
}

function headerFromJson(value: unknown): StoredHeader {
  const fields = new JsonLineFields(value)
  const header = { key: bytesFromJson(fields, 'key'), value: nullableBytesFromJson(fields, 'value') }
  fields.end()
  return header
}

function bytesToJson(name: string, bytes: Uint8Array | null): object {
  if (bytes === null) return { [name]: null }
  const shown = bytesToText(bytes)
  return 'text' in shown ? { [name]: shown.text } : { [base64Name(name)]: shown.base64 }
}

function bytesFromJson(fields: JsonLineFields, name: string): Uint8Array {
  return fields.has(base64Name(name)) ? fields.base64(base64Name(name)) : fields.text(name)
}

function nullableBytesFromJson(fields: JsonLineFields, name: string): Uint8Array | null {
  return fields.isNull(name) ? fields.null(name) : bytesFromJson(fields, name)
}

function base64Name(name: string): string {
  return `${name}Base64`
}

function offsetDelta(fields: JsonLineFields, name: string, baseOffset: bigint): number {
  const delta = BigInt.asIntN(64, fields.int64(name) - baseOffset)
  if (delta >= INT32.min && delta <= INT32.max) return Number(delta)
  throw new TypeError(`\`${name}\` is too far from the offset that its batch begins at`)
}

/** Sums of 64 bits wrap, as they do for Java clients: so each delta has one sum, and gets back from it. */
function plus(base: bigint, delta: bigint | number): bigint {
  return BigInt.asIntN(64, base + BigInt(delta))
}

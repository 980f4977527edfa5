import type { RecordHeader } from '../batch/read-records.js'
import { ArchiveCorruptError } from '../errors.js'

/**
 * Headers as the fork gavinmcnair/kafka-connect-s3 writes them: `[{"key":"h1","value":[102,-1]}]`, each byte a signed
 * number; a header without a value has no field `value`.
 */
export function headersFromJson(json: Buffer | undefined): readonly RecordHeader[] {
  const headers = parsed(json)
  if (!Array.isArray(headers)) throw notHeaders()
  return headers.map(headerFrom)
}

function parsed(json: Buffer | undefined): unknown {
  try {
    return JSON.parse(json?.toString('utf8') ?? '')
  } catch (cause) {
    throw notHeaders(cause)
  }
}

function headerFrom(header: unknown): RecordHeader {
  if (typeof header !== 'object' || header === null) throw notHeaders()
  const { key, value = null } = header as { readonly key?: unknown; readonly value?: unknown }
  if (typeof key !== 'string') throw notHeaders()
  if (value === null) return { key, value }
  if (!Array.isArray(value) || !value.every(isByte)) throw notHeaders()
  return { key, value: Buffer.from(value) }
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= -128 && Number(value) <= 255
}

function notHeaders(cause?: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError('what stands where the headers of a framed record should be is none', { cause })
}

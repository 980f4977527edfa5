import { Buffer } from 'node:buffer'
import { ArchiveCorruptError, UnsupportedFormatError } from '../errors.js'

/**
 * Longest line of JSON that is written or read, in bytes. Far more than a record or a znode has, and less than the
 * longest string that JavaScript can hold.
 */
export const MAX_LINE_BYTES = 256 * 1024 * 1024
/** V8 keeps strings of more than 128 KiB apart, and the memory of those that are gone for long. */
const CHUNK_CHARACTERS = 64 * 1024
/** UTF-8 takes at most this many bytes for each UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3

/** Answers `line`, unless it is one that no reader would take; `subject` says what it is. */
export function boundedLine(line: string, subject: string): string {
  if (line.length * MAX_BYTES_PER_UNIT <= MAX_LINE_BYTES || Buffer.byteLength(line) <= MAX_LINE_BYTES) return line
  throw new UnsupportedFormatError(`${subject} takes more than ${MAX_LINE_BYTES} bytes as a line of JSON`)
}

/** The lines as bytes, gathered to chunks of some size. */
export async function* joinLines(
  lines: AsyncIterable<string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  let chunk = ''
  for await (const line of lines) {
    signal?.throwIfAborted()
    chunk += `${line}\n`
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield Buffer.from(chunk)
    chunk = ''
  }
  if (chunk !== '') yield Buffer.from(chunk)
}

/** What `read` makes of a line; what it cannot read is damage in a known line. */
export function parsedLine<T>(lineNumber: number, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof SyntaxError) throw damagedLine(lineNumber, 'it is not JSON', cause)
    if (cause instanceof TypeError) throw damagedLine(lineNumber, cause.message, cause)
    throw cause
  }
}

/** Damage in a line; the first line has the number 1. */
export function damagedLine(lineNumber: number, why: string, cause?: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError(`line ${lineNumber} is damaged: ${why}`, { cause })
}

import { Buffer } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { ArchiveCorruptError } from '../errors.js'

const LINE_FEED = 0x0a

/**
 * The lines of a UTF-8 text, without their ends. Each ends in a line feed, the last one too.
 *
 * @throws {@link ArchiveCorruptError} when a line is longer than `maxLineBytes`, is not UTF-8, or has no end.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  { maxLineBytes }: { readonly maxLineBytes: number },
): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let begun: Uint8Array[] = []
  let begunBytes = 0
  let lineNumber = 1
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield decoded(utf8, [...begun, chunk.subarray(start, end)], lineNumber)
      begun = []
      begunBytes = 0
      lineNumber += 1
      start = end + 1
    }
    begun.push(chunk.subarray(start))
    begunBytes += chunk.length - start
    if (begunBytes > maxLineBytes) throw corrupt(lineNumber, `is longer than ${maxLineBytes} bytes`)
  }
  if (begunBytes > 0) throw corrupt(lineNumber, 'is cut off')
}

function decoded(utf8: TextDecoder, pieces: readonly Uint8Array[], lineNumber: number): string {
  const [only, ...more] = pieces
  try {
    return utf8.decode(only !== undefined && more.length === 0 ? only : Buffer.concat(pieces))
  } catch (cause) {
    throw corrupt(lineNumber, 'is not UTF-8', cause)
  }
}

function corrupt(lineNumber: number, why: string, cause?: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError(`line ${lineNumber} ${why}`, { cause })
}

import { Buffer } from 'node:buffer'
import { ArchiveCorruptError } from '../errors.js'

const MAGIC = 'kafkeep'
const LINE_FEED = 0x0a
/** More than any name in an archive. */
const MAX_HEADER_BYTES = 4096

/** Puts two lines before `bytes`: a magic word, and what the object is. */
export async function* withSubject(
  bytes: AsyncIterable<Uint8Array>,
  subject: string,
): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(headerOf(subject))
  yield* bytes
}

/**
 * Takes the two lines away.
 *
 * @throws {@link ArchiveCorruptError} when they are not there, or name something else than `subject`, if that is given.
 */
export async function* withoutSubject(
  bytes: AsyncIterable<Uint8Array>,
  subject: string | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  let begun = Buffer.alloc(0)
  let passed = false
  for await (const chunk of bytes) {
    if (passed) {
      yield chunk
      continue
    }
    begun = Buffer.concat([begun, chunk])
    const end = headerEnd(begun)
    if (end === undefined) continue
    checkHeader(begun.toString('utf8', 0, end), subject)
    passed = true
    if (end < begun.length) yield begun.subarray(end)
  }
  if (!passed) throw new ArchiveCorruptError('encrypted content ends before it says what it is')
}

function headerEnd(begun: Buffer): number | undefined {
  const magicEnd = begun.indexOf(LINE_FEED)
  const subjectEnd = magicEnd === -1 ? -1 : begun.indexOf(LINE_FEED, magicEnd + 1)
  if (subjectEnd !== -1) return subjectEnd + 1
  if (begun.length > MAX_HEADER_BYTES) throw notOurs()
  return undefined
}

function checkHeader(header: string, subject: string | undefined): void {
  if (!header.startsWith(`${MAGIC}\n`)) throw notOurs()
  if (subject === undefined || header === headerOf(subject)) return
  const found = header.slice(MAGIC.length + 1, -1)
  throw new ArchiveCorruptError(`encrypted content says that it is "${found}", not "${subject}"`, {
    hint: 'the object was moved or exchanged: bring back the one that belongs there',
  })
}

function headerOf(subject: string): string {
  if (subject.includes('\n')) throw new TypeError('`subject` must be one line')
  return `${MAGIC}\n${subject}\n`
}

function notOurs(): ArchiveCorruptError {
  return new ArchiveCorruptError('encrypted content does not say what it is: kafkeep has not written it')
}

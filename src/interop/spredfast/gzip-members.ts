import { once } from 'node:events'
import { createInflateRaw } from 'node:zlib'
import { crc32 } from '@node-rs/crc32'
import { OUTPUT_CHUNK_BYTES, piped } from '../../codec/zlib-stream.js'
import { ArchiveCorruptError, KafkeepError } from '../../errors.js'
import { itemsOf } from '../../internal/items-of.js'
import { ByteCursor } from './byte-cursor.js'

/** One member of a gzip file. Its checksum and its length were found right before it is given out. */
export interface GzipMember {
  /** Counts from 0. */
  readonly index: number
  /** Where it begins in the file. */
  readonly startByte: number
  /** Size in the file, with header and trailer. */
  readonly sizeBytes: number
  /** Size of what it holds. */
  readonly contentBytes: number
  /** What it holds, in chunks. */
  content(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** What is inflated at a time: what it becomes, at most a thousand times as much, is held for a moment. */
const INPUT_BYTES = 65_536
/** Content up to this size is held; larger content is inflated a second time, so that it never has to be. */
const HELD_BYTES = 16_777_216
const HEADER_BYTES = 10
const TRAILER_BYTES = 8
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16 } as const

/**
 * The members of a gzip file (RFC 1952), one after the other. Held is the compressed form of one member at a time,
 * whatever it becomes. Zeros behind the last one are padding.
 *
 * @throws {@link ArchiveCorruptError} for anything else that is not an intact member.
 */
export async function* gzipMembers(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<GzipMember, void, void> {
  const cursor = new ByteCursor(bytes)
  try {
    for (let index = 0; ; index++) {
      const startByte = cursor.position
      if (!(await skipHeader(cursor, index))) return
      const member = await inflated(cursor, { index, startByte })
      const trailer = await cursor.readExactly(TRAILER_BYTES)
      if (trailer === undefined) throw damaged(index, startByte, 'the file ends inside it')
      if (trailer.readUInt32LE(0) !== member.crc) throw damaged(index, startByte, 'its checksum is wrong')
      if (trailer.readUInt32LE(4) !== member.contentBytes % 2 ** 32) {
        throw damaged(index, startByte, 'its length is wrong')
      }
      const { contentBytes, content } = member
      yield { index, startByte, sizeBytes: cursor.position - startByte, contentBytes, content }
    }
  } finally {
    await cursor.close()
  }
}

/** Answers whether there is a member. */
async function skipHeader(cursor: ByteCursor, index: number): Promise<boolean> {
  const startByte = cursor.position
  const magic = await cursor.read(1)
  if (magic.length === 0) return false
  if (magic[0] === 0 && (await isPadding(cursor))) return false
  cursor.unread(magic)
  const header = await cursor.readExactly(HEADER_BYTES)
  if (header === undefined) throw damaged(index, startByte, 'the file ends inside it')
  if (header.readUInt16BE(0) !== 0x1f8b || header[2] !== 8) throw damaged(index, startByte, 'no gzip header is there')
  const flags = header[3] ?? 0
  const skipped =
    ((flags & FLAG.extra) === 0 || (await skipExtra(cursor))) &&
    ((flags & FLAG.name) === 0 || (await skipText(cursor))) &&
    ((flags & FLAG.comment) === 0 || (await skipText(cursor))) &&
    ((flags & FLAG.headerCrc) === 0 || (await cursor.readExactly(2)) !== undefined)
  if (!skipped) throw damaged(index, startByte, 'the file ends inside it')
  return true
}

async function isPadding(cursor: ByteCursor): Promise<boolean> {
  for (;;) {
    const bytes = await cursor.read(INPUT_BYTES)
    if (bytes.length === 0) return true
    if (bytes.some((byte) => byte !== 0)) {
      cursor.unread(bytes)
      return false
    }
  }
}

async function skipExtra(cursor: ByteCursor): Promise<boolean> {
  const length = await cursor.readExactly(2)
  return length !== undefined && (await cursor.readExactly(length.readUInt16LE())) !== undefined
}

async function skipText(cursor: ByteCursor): Promise<boolean> {
  for (;;) {
    const byte = await cursor.read(1)
    if (byte.length === 0) return false
    if (byte[0] === 0) return true
  }
}

interface Inflated {
  readonly crc: number
  readonly contentBytes: number
  content(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** Inflates a member up to its trailer. */
async function inflated(
  cursor: ByteCursor,
  { index, startByte }: Pick<GzipMember, 'index' | 'startByte'>,
): Promise<Inflated> {
  const deflatedStart = cursor.position
  const input: Uint8Array[] = []
  let output: Uint8Array[] | undefined = []
  let crc = 0
  let contentBytes = 0
  const inflate = createInflateRaw({ chunkSize: OUTPUT_CHUNK_BYTES })
  inflate.on('data', (chunk: Buffer) => {
    crc = crc32(chunk, crc)
    contentBytes += chunk.length
    if (contentBytes > HELD_BYTES) output = undefined
    output?.push(chunk)
  })
  const ended = once(inflate, 'end')
  try {
    // What is not used up is behind the end of the deflated bytes.
    while (inflate.bytesWritten === cursor.position - deflatedStart) {
      const part = await cursor.read(INPUT_BYTES)
      if (part.length === 0) throw damaged(index, startByte, 'the file ends inside it')
      input.push(part)
      await Promise.race([ended, new Promise<void>((resolve) => inflate.write(part, () => resolve()))])
    }
    await ended
  } catch (cause) {
    throw cause instanceof KafkeepError ? cause : damaged(index, startByte, 'it cannot be inflated', cause)
  } finally {
    ended.catch(() => {})
    inflate.destroy()
  }
  giveBack(cursor, input, deflatedStart + inflate.bytesWritten)
  return { crc, contentBytes, content: () => output ?? again(input) }
}

/** Gives back what was read beyond `endByte`. */
function giveBack(cursor: ByteCursor, input: Uint8Array[], endByte: number): void {
  while (cursor.position > endByte) {
    const last = input.pop() ?? new Uint8Array(0)
    const used = Math.max(0, last.length - (cursor.position - endByte))
    cursor.unread(last.subarray(used))
    if (used > 0) input.push(last.subarray(0, used))
  }
}

function again(input: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  return piped(itemsOf(input), createInflateRaw({ chunkSize: OUTPUT_CHUNK_BYTES }))
}

/** A member in words: the connector calls it a chunk. */
export function chunkName({ index, startByte }: Pick<GzipMember, 'index' | 'startByte'>): string {
  return `chunk ${index}, which begins at byte ${startByte}`
}

function damaged(index: number, startByte: number, why: string, cause?: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError(`${chunkName({ index, startByte })}: ${why}`, { cause })
}

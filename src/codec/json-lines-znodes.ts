import { Buffer } from 'node:buffer'
import { ArchiveCorruptError } from '../errors.js'
import type { Znode } from '../zookeeper/znode.js'
import type { Codec, CodecCallOptions } from './codec.js'
import { splitLines } from './split-lines.js'
import { znodeFromJson, znodeToJson } from './znode-json.js'

/** More than any znode: servers refuse packets of more than 1 MiB unless they are configured otherwise. */
const MAX_LINE_BYTES = 256 * 1024 * 1024
const CHUNK_BYTES = 256 * 1024

/**
 * Keeps znodes as JSON, one a line, for people and for other programs: data that is UTF-8 as `text`, other data as
 * `base64`, 64-bit numbers as strings of digits. The last line tells how many nodes there are, so that a cut-off file
 * is never taken for a whole one.
 */
export function jsonLinesZnodes(): Codec<Znode> {
  return { id: 'json-lines-znodes', extension: '.znodes.jsonl', lossless: true, seekable: false, encode, decode }
}

async function* encode(nodes: AsyncIterable<Znode>, { signal }: CodecCallOptions = {}): AsyncGenerator<Uint8Array> {
  let chunk = ''
  let count = 0
  for await (const node of nodes) {
    signal?.throwIfAborted()
    const line = znodeToJson(node)
    if (Buffer.byteLength(line) > MAX_LINE_BYTES) throw new RangeError(`znode ${node.path} is too large for one line`)
    chunk += `${line}\n`
    count += 1
    if (chunk.length < CHUNK_BYTES) continue
    yield Buffer.from(chunk)
    chunk = ''
  }
  yield Buffer.from(`${chunk}${lastLine(count)}\n`)
}

async function* decode(bytes: AsyncIterable<Uint8Array>, { signal }: CodecCallOptions = {}): AsyncGenerator<Znode> {
  let count = 0
  let ended = false
  for await (const line of splitLines(bytes, { maxLineBytes: MAX_LINE_BYTES })) {
    signal?.throwIfAborted()
    if (ended) throw corrupt(count + 2, 'it comes after the last line')
    ended = line === lastLine(count)
    if (ended) continue
    yield parsed(line, count + 1)
    count += 1
  }
  if (!ended) throw corrupt(count + 1, 'the last line is missing: the snapshot is cut off')
}

function lastLine(nodes: number): string {
  return JSON.stringify({ nodes })
}

function parsed(line: string, lineNumber: number): Znode {
  try {
    return znodeFromJson(line)
  } catch (cause) {
    throw corrupt(lineNumber, cause instanceof TypeError ? cause.message : 'it is not JSON', cause)
  }
}

function corrupt(lineNumber: number, why: string, cause?: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError(`line ${lineNumber} of a znode snapshot is damaged: ${why}`, { cause })
}

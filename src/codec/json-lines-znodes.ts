import type { Znode } from '../zookeeper/znode.js'
import type { Codec, CodecCallOptions } from './codec.js'
import { boundedLine, damagedLine, joinLines, MAX_LINE_BYTES, parsedLine } from './json-line.js'
import { splitLines } from './split-lines.js'
import { znodeFromJson, znodeToJson } from './znode-json.js'

/**
 * Keeps znodes as JSON, one a line, for people and for other programs: data that is UTF-8 as `text`, other data as
 * `base64`, 64-bit numbers as strings of digits. The last line tells how many nodes there are, so that a cut-off file
 * is never taken for a whole one.
 */
export function jsonLinesZnodes(): Codec<Znode> {
  return {
    id: 'json-lines-znodes',
    extension: '.znodes.jsonl',
    lossless: true,
    seekable: false,
    encode: (nodes, { signal }: CodecCallOptions = {}) => joinLines(linesOf(nodes), signal),
    decode,
  }
}

async function* linesOf(nodes: AsyncIterable<Znode>): AsyncGenerator<string, void, void> {
  let count = 0
  for await (const node of nodes) {
    yield boundedLine(znodeToJson(node), `znode ${node.path}`)
    count += 1
  }
  yield lastLine(count)
}

async function* decode(bytes: AsyncIterable<Uint8Array>, { signal }: CodecCallOptions = {}): AsyncGenerator<Znode> {
  let count = 0
  let ended = false
  for await (const line of splitLines(bytes, { maxLineBytes: MAX_LINE_BYTES })) {
    signal?.throwIfAborted()
    if (ended) throw damagedLine(count + 2, 'it comes after the last line')
    ended = line === lastLine(count)
    if (ended) continue
    yield parsedLine(count + 1, () => znodeFromJson(line))
    count += 1
  }
  if (!ended) throw damagedLine(count + 1, 'the last line is missing: the snapshot is cut off')
}

function lastLine(nodes: number): string {
  return JSON.stringify({ nodes })
}

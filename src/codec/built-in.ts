import type { RecordBatch } from '../batch/record-batch.js'
import { UnsupportedFormatError } from '../errors.js'
import type { Znode } from '../zookeeper/znode.js'
import { binaryFraming } from './binary-framing.js'
import type { Codec } from './codec.js'
import { compose } from './compose.js'
import { gzip } from './gzip.js'
import { jsonLines } from './json-lines.js'
import { jsonLinesZnodes } from './json-lines-znodes.js'
import { logSegments } from './log-segments.js'
import { zstd } from './zstd.js'

const TOPIC_CODECS = [
  logSegments(),
  binaryFraming({ keys: true }),
  binaryFraming({ keys: false }),
  jsonLines(),
].flatMap(plainAndCompressed)
const ZNODE_CODECS = [jsonLinesZnodes()].flatMap(plainAndCompressed)

function plainAndCompressed<T>(codec: Codec<T>): readonly Codec<T>[] {
  return [codec, compose(codec, gzip()), compose(codec, zstd())]
}

/** Chooses the codec for a segment by its extension, the caller's `own` codecs first. */
export function topicCodecFor(extension: string, own: readonly Codec<RecordBatch>[]): Codec<RecordBatch> {
  return codecFor(extension, [...own, ...TOPIC_CODECS])
}

/** Chooses the codec for a snapshot by its extension, the caller's `own` codecs first. */
export function znodeCodecFor(extension: string, own: readonly Codec<Znode>[]): Codec<Znode> {
  return codecFor(extension, [...own, ...ZNODE_CODECS])
}

function codecFor<T>(extension: string, codecs: readonly Codec<T>[]): Codec<T> {
  const codec = codecs.find((known) => known.extension === extension)
  if (codec !== undefined) return codec
  throw new UnsupportedFormatError(`no codec is known for objects that end in ${extension}`, {
    hint: 'pass the codec that wrote them (with its keys, where it encrypts) in `codecs`',
  })
}

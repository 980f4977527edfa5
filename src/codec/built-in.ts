import type { RecordBatch } from '../batch/record-batch.js'
import { UnsupportedFormatError } from '../errors.js'
import { binaryFraming } from './binary-framing.js'
import type { Codec } from './codec.js'
import { logSegments } from './log-segments.js'

const BUILT_IN: readonly Codec<RecordBatch>[] = [
  logSegments(),
  binaryFraming({ keys: true }),
  binaryFraming({ keys: false }),
]

/** Chooses the codec for an object by its extension, the caller's `own` codecs first. */
export function topicCodecFor(extension: string, own: readonly Codec<RecordBatch>[]): Codec<RecordBatch> {
  const codec = [...own, ...BUILT_IN].find((known) => known.extension === extension)
  if (codec !== undefined) return codec
  throw new UnsupportedFormatError(`no codec is known for objects that end in ${extension}`, {
    hint: 'pass the codec that wrote them (with its keys, where it encrypts) in `codecs`',
  })
}

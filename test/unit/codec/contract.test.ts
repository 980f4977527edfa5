import { isDeepStrictEqual } from 'node:util'
import * as zlib from 'node:zlib'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { type CodecContractOptions, codecContract } from 'kafkeep/testing'
import { describe, test } from 'vitest'
import type { RecordBatch } from '../../../src/batch/record-batch.js'
import { binaryFraming } from '../../../src/codec/binary-framing.js'
import type { BytesCodec } from '../../../src/codec/codec.js'
import { compose } from '../../../src/codec/compose.js'
import { encrypted } from '../../../src/codec/encrypted.js'
import { gzip } from '../../../src/codec/gzip.js'
import { jsonLines } from '../../../src/codec/json-lines.js'
import { jsonLinesZnodes } from '../../../src/codec/json-lines-znodes.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import { zstd } from '../../../src/codec/zstd.js'
import type { Znode } from '../../../src/zookeeper/znode.js'
import { contentOf, incompressible, variousBatches } from '../../support/batch-arbitrary.js'
import { znode } from '../../support/znode-arbitrary.js'

const batches = variousBatches()
const znodes: Znode[] = [
  ...Array.from({ length: 300 }, (_, index) =>
    znode({ path: `/brokers/${index}`, data: new Uint8Array(Buffer.from(`node ${index}`)) }),
  ),
  znode({ path: '/large', data: new Uint8Array(incompressible(50_000)) }),
]
const chunks = [Buffer.from('first'), incompressible(70_000), Buffer.alloc(40_000), Buffer.from('last')]

const identity = await generateIdentity()
const age = encrypted({ recipients: [await identityToRecipient(identity)], identities: [identity] })
const transforms: readonly BytesCodec[] = 'createZstdCompress' in zlib ? [gzip(), zstd(), age] : [gzip(), age]

/** Where only keys and values are kept, and null is empty. */
function keysAndValues(list: readonly RecordBatch[]): unknown {
  return list
    .filter(({ control }) => !control)
    .flatMap((batch) => [...batch.records()])
    .map(({ key, value }) => [key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)])
}

const topicCodecs: readonly CodecContractOptions<RecordBatch>[] = [
  {
    codec: logSegments(),
    items: batches,
    equal: (a, b) =>
      isDeepStrictEqual(
        a.map(({ bytes }) => bytes),
        b.map(({ bytes }) => bytes),
      ),
    noticesCuts: false,
  },
  { codec: jsonLines(), items: batches, equal: (a, b) => isDeepStrictEqual(a.map(contentOf), b.map(contentOf)) },
  {
    codec: binaryFraming({ keys: true }),
    items: batches,
    equal: (a, b) => isDeepStrictEqual(keysAndValues(a), keysAndValues(b)),
    noticesCuts: false,
  },
]

function describeCodec<T>(options: CodecContractOptions<T>): void {
  describe(options.codec.extension, () => codecContract(test, options))
}

for (const options of topicCodecs) {
  describeCodec(options)
  for (const transform of transforms) {
    const codec = compose(options.codec, transform)
    describeCodec({ ...options, codec, noticesCuts: true, noticesFlips: true })
  }
}

describeCodec({ codec: jsonLinesZnodes(), items: znodes })
for (const transform of transforms) {
  describeCodec({ codec: compose(jsonLinesZnodes(), transform), items: znodes, noticesFlips: true })
}

for (const codec of transforms) {
  const equal = (a: readonly Uint8Array[], b: readonly Uint8Array[]) => Buffer.concat(a).equals(Buffer.concat(b))
  describeCodec({ codec, items: chunks, equal, noticesFlips: true })
}

describeCodec({
  codec: compose(jsonLines(), gzip(), age),
  items: batches,
  equal: (a, b) => isDeepStrictEqual(a.map(contentOf), b.map(contentOf)),
  noticesFlips: true,
})

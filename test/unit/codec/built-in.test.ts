import { describe, expect, it } from 'vitest'
import { readSegment } from '../../../src/archive/read-segment.js'
import { OpenSegment } from '../../../src/archiver/open-segment.js'
import { storeSegment } from '../../../src/archiver/store-segment.js'
import { topicCodecFor, znodeCodecFor } from '../../../src/codec/built-in.js'
import { compose } from '../../../src/codec/compose.js'
import { gzip } from '../../../src/codec/gzip.js'
import { jsonLines } from '../../../src/codec/json-lines.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { PARTITION, segmentMemory } from '../../support/segments.js'
import { collected } from '../../support/znode-arbitrary.js'

describe('the codecs that readers know', () => {
  it.each(['.log', '.keyed.bin', '.bin', '.jsonl'].flatMap((plain) => [plain, `${plain}.gz`, `${plain}.zst`]))(
    'include %s for topics',
    (extension) => {
      expect(topicCodecFor(extension, []).extension).toBe(extension)
    },
  )

  it.each(['.znodes.jsonl', '.znodes.jsonl.gz', '.znodes.jsonl.zst'])('include %s for znodes', (extension) => {
    expect(znodeCodecFor(extension, []).extension).toBe(extension)
  })

  it.each([logSegments(), jsonLines()].flatMap((codec) => [codec, compose(codec, gzip())]))(
    'read a segment that was stored as $extension',
    async (codec) => {
      const storage = new MemoryStorage()
      const batches = [batchView({ records: numberedRecords(3) }), batchView({ baseOffset: 3n, attributes: 16 })]
      const open = new OpenSegment(PARTITION, 0n, segmentMemory())
      for (const batch of batches) {
        open.take(batch)
        open.keep(batch.bytes)
      }
      const segment = await storeSegment({ storage, codec }, { ...PARTITION, generation: 1 }, open.close(), {})
      const read = await collected(readSegment({ storage, codecs: [] }, segment, {}))
      expect(read.map(({ bytes }) => bytes)).toEqual(batches.map(({ bytes }) => bytes))
    },
  )

  it('are chosen after the caller’s own', () => {
    const own = { ...logSegments(), id: 'my-own' }
    expect(topicCodecFor('.log', [own]).id).toBe('my-own')
  })

  it.each(['.log.age', '.parquet', '.gz', '.log.gz.gz'])('do not include %s', (extension) => {
    const unknown = expect.objectContaining({ code: 'UNSUPPORTED_FORMAT', message: expect.stringContaining(extension) })
    expect(() => topicCodecFor(extension, [])).toThrow(unknown)
    expect(() => znodeCodecFor(extension, [])).toThrow(unknown)
  })
})

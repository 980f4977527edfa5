import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RecordBatch, RecordBatchView } from '../../../src/batch/record-batch.js'
import { jsonLines } from '../../../src/codec/json-lines.js'
import { batchArbitrary, contentOf } from '../../support/batch-arbitrary.js'
import { BIT, batchView, markerBytes } from '../../support/batches.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

const codec = jsonLines()

async function encoded(batches: readonly RecordBatch[]): Promise<Buffer> {
  return Buffer.concat(await collected(codec.encode(streamOf(batches))))
}

function decode(...chunks: readonly (Uint8Array | string)[]): Promise<RecordBatch[]> {
  return collected(codec.decode(streamOf(chunks.map((chunk) => Buffer.from(chunk)))))
}

const SIMPLE = batchView({
  baseOffset: 100n,
  records: [{ timestampMs: 1_700_000_000_000n, key: Buffer.from('k'), value: Buffer.from('grüße') }],
})

describe('jsonLines', () => {
  it('gives back every batch, wherever the chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batchArbitrary, { maxLength: 4 }), fc.nat(), async (batches, cut) => {
        const bytes = await encoded(batches)
        const at = cut % (bytes.length + 1)
        const decoded = await decode(bytes.subarray(0, at), bytes.subarray(at))
        expect(decoded.map(contentOf)).toEqual(batches.map(contentOf))
      }),
    )
  })

  it('gives back the very bytes of batches that are not compressed', async () => {
    const batches = [
      SIMPLE,
      batchView({ baseOffset: 5n, attributes: BIT.transactional, records: [], lastOffsetDelta: 3, producerId: 1n }),
      batchView({ attributes: BIT.deleteHorizon, baseTimestampMs: 9n, records: [{ offsetDelta: 2, timestampMs: 5n }] }),
      batchView({ attributes: BIT.logAppendTime, maxTimestampMs: 77n, records: [{ timestampMs: 5n }] }),
    ]
    expect((await decode(await encoded(batches))).map(({ bytes }) => bytes)).toEqual(batches.map(({ bytes }) => bytes))
  })

  it('can be read by people: a line for the batch, then one for each record', async () => {
    const records = [
      { key: Buffer.from('k'), value: Buffer.from('grüße'), headers: [{ key: 'trace', value: Buffer.from('1') }] },
      { offsetDelta: 4, key: null, value: Buffer.alloc(0), headers: [{ key: '', value: null }] },
      { offsetDelta: 5, key: Buffer.from([0xff]), value: null },
    ]
    const batch = batchView({ baseOffset: 100n, lastOffsetDelta: 9, baseTimestampMs: 50n, producerId: 7n, records })
    const lines = (await encoded([batch])).toString().split('\n')
    expect(lines.slice(0, -1).map((line) => JSON.parse(line))).toEqual([
      {
        ...{ baseOffset: '100', lastOffset: '109', records: 3, leaderEpoch: 0, compression: 'none' },
        ...{ timestampType: 'create', baseTimestampMs: '50', maxTimestampMs: '50' },
        ...{ transactional: false, control: false, deleteHorizon: false },
        ...{ producerId: '7', producerEpoch: -1, baseSequence: -1 },
      },
      { offset: '100', timestampMs: '50', key: 'k', value: 'grüße', headers: [{ key: 'trace', value: '1' }] },
      { offset: '104', timestampMs: '50', key: null, value: '', headers: [{ key: '', value: null }] },
      { offset: '105', timestampMs: '50', keyBase64: '/w==', value: null, headers: [] },
      { batches: 1 },
    ])
    expect(lines.at(-1)).toBe('')
  })

  it('keeps markers of transactions', async () => {
    for (const type of ['commit', 'abort'] as const) {
      const marker = new RecordBatchView(markerBytes(type))
      expect(await decode(await encoded([marker]))).toMatchObject([
        { control: true, transactional: true, marker: type },
      ])
    }
  })

  it('never takes a cut-off file for a whole one', async () => {
    const bytes = await encoded([SIMPLE, SIMPLE])
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(decode(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    }
  })

  it('does not give a damaged batch a new checksum', async () => {
    const damaged = Buffer.from(SIMPLE.bytes)
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 2) ^ 1, damaged.length - 2)
    await expect(encoded([new RecordBatchView(damaged)])).rejects.toThrow('the batch at offset 100 is not intact')
  })

  it.each([
    ['a field is missing', '"control":false,', ''],
    ['a field is unknown', '"control":false', '"control":false,"x":1'],
    ['a field is there twice under two names', '"key":"k"', '"key":"k","keyBase64":"aw=="'],
    ['a number is a string', '"leaderEpoch":0', '"leaderEpoch":"0"'],
    ['a number has more than 32 bits', '"leaderEpoch":0', '"leaderEpoch":2147483648'],
    ['a number has more than 16 bits', '"producerEpoch":-1', '"producerEpoch":32768'],
    ['a 64-bit number is too large', '"producerId":"-1"', '"producerId":"9223372036854775808"'],
    ['an offset is too far away', '"offset":"100"', '"offset":"2147483748"'],
    ['the compression is unknown', '"compression":"none"', '"compression":"brotli"'],
    ['bits that have names are among the others', '"control":false', '"control":false,"otherAttributes":1'],
    ['half of a character is text', '"grüße"', '"\\ud83d"'],
    ['base64 is not canonical', '"key":"k"', '"keyBase64":"aw"'],
    ['the key of a header is null', '"headers":[]', '"headers":[{"key":null,"value":null}]'],
    ['there are more records than it says', '"records":1', '"records":0'],
    ['there are fewer records than it says', '"records":1', '"records":2'],
    ['the last batch has fewer records', /"records":1(.*)\{"batches":1\}/s, '"records":2$1{"batches":0}'],
    ['the number of records is negative', '"records":1', '"records":-1'],
    ['the number of batches is wrong', '{"batches":1}', '{"batches":2}'],
    ['something follows the end', '{"batches":1}\n', '{"batches":1}\n{"batches":1}\n'],
    ['a line is not JSON', '{"offset"', '{offset'],
  ])('says which line is damaged when %s', async (_, search, replacement) => {
    const text = (await encoded([SIMPLE])).toString()
    const damaged = text.replace(search, replacement)
    expect(damaged).not.toBe(text)
    await expect(decode(damaged)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringMatching(/^line [1-4] /),
    })
  })
})

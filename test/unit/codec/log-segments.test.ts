import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logSegments } from '../../../src/codec/log-segments.js'
import { ArchiveCorruptError } from '../../../src/errors.js'
import { batchBytes, batchView, markerBytes, numberedRecords } from '../../support/batches.js'
import { batchRecords } from '../../support/record-arbitrary.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

const CODEC = logSegments()

/** `bytes` in chunks of the sizes given, again and again; empty chunks may come between them. */
async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array, void, void> {
  let start = 0
  for (let index = 0; start < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    yield new Uint8Array(bytes.subarray(start, start + size))
    start += size
  }
}

async function decoded(bytes: Buffer, sizes: readonly number[] = [bytes.length || 1]): Promise<Buffer[]> {
  const batches = await collected(CODEC.decode(inChunks(bytes, sizes)))
  return batches.map((batch) => Buffer.from(batch.bytes))
}

const segment = fc
  .array(fc.oneof(batchRecords, fc.constant('marker' as const)), { minLength: 1, maxLength: 6 })
  .map((items) => items.map((item) => (item === 'marker' ? markerBytes('abort') : batchBytes({ records: item }))))

describe('logSegments', () => {
  it('is lossless, can be read in part, and says so', () => {
    expect(CODEC).toMatchObject({ id: 'log-segments', extension: '.log', lossless: true, seekable: true })
  })

  it('writes the batches as they are, one after the other', async () => {
    const batches = [batchView({ records: numberedRecords(2) }), batchView({ baseOffset: 9n, compression: 'gzip' })]
    const encoded = Buffer.concat(await collected(CODEC.encode(streamOf(batches))))
    expect(encoded.equals(Buffer.concat(batches.map(({ bytes }) => bytes)))).toBe(true)
  })

  it('gives each batch back byte for byte, whatever the chunks', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 70 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(
        segment,
        sizes.filter((all) => all.some((size) => size > 0)),
        async (batches, chunkSizes) => {
          expect(await decoded(Buffer.concat(batches), chunkSizes)).toEqual(batches)
        },
      ),
    )
  })

  it('never takes an end inside a batch for the end of the segment', async () => {
    const batches = [batchBytes({ records: numberedRecords(2) }), batchBytes({ baseOffset: 2n })]
    const bytes = Buffer.concat(batches)
    for (let end = 1; end < bytes.length; end++) {
      if (end === batches[0]?.length) continue
      await expect(decoded(bytes.subarray(0, end), [7])).rejects.toBeInstanceOf(ArchiveCorruptError)
    }
    expect(await decoded(Buffer.alloc(0))).toEqual([])
  })

  it('gives what comes before bytes that are no batch, and then says what is wrong', async () => {
    const bytes = Buffer.concat([batchBytes(), Buffer.alloc(80)])
    const found: bigint[] = []
    const reading = (async () => {
      for await (const { baseOffset } of CODEC.decode(inChunks(bytes, [bytes.length]))) found.push(baseOffset)
    })()
    await expect(reading).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining('message format 0'),
    })
    expect(found).toEqual([0n])
  })

  it('ends with the signal’s own reason', async () => {
    const reason = new Error('stop')
    const signal = AbortSignal.abort(reason)
    await expect(collected(CODEC.encode(streamOf([batchView()]), { signal }))).rejects.toBe(reason)
    await expect(collected(CODEC.decode(streamOf([batchBytes()]), { signal }))).rejects.toBe(reason)
  })
})

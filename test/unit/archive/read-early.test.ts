import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { chainFor, type SegmentInfo } from '../../../src/archive/partition-log.js'
import { readChain } from '../../../src/archive/read-chain.js'
import { FIELD } from '../../../src/batch/batch-header.js'
import type { RecordBatchView } from '../../../src/batch/record-batch.js'
import { batchView } from '../../support/batches.js'
import { CountingStorage } from '../../support/counting-storage.js'
import { change } from '../../support/damage.js'
import { partitionLog, putSegment } from '../../support/segments.js'

const BATCHES = 40
const VALUE_BYTES = 20_000
/** A storage gives so much at once. */
const CHUNK_BYTES = 65_536

/** Batches of two records; what is special about one is told by its place. */
function batchesWith(
  special: (index: number) => { readonly hole?: bigint; readonly leaderEpoch?: number } = () => ({}),
  valueBytes = VALUE_BYTES,
) {
  const batches: RecordBatchView[] = []
  for (let index = 0; index < BATCHES; index++) {
    const { hole = 0n, leaderEpoch = 3 } = special(index)
    const baseOffset = (batches.at(-1)?.nextOffset ?? 100n) + hole
    const records = [{ value: Buffer.alloc(valueBytes, index) }, { value: null }]
    batches.push(batchView({ baseOffset, leaderEpoch, records }))
  }
  return batches
}

describe('a segment that is read early', () => {
  let storage: CountingStorage
  let batches: RecordBatchView[]

  beforeEach(() => {
    storage = new CountingStorage()
    batches = batchesWith()
  })

  function read(...segments: readonly [SegmentInfo, ...SegmentInfo[]]) {
    const { from, next } = segments[0]
    const chain = chainFor(partitionLog({ segments: segments.slice(0, 1) }), { generation: 1, from, next })
    return readChain({ storage, codecs: [] }, chain, { isolation: 'uncommitted', extent: 'early', spares: segments })
  }

  /** The batches that are given, and the error that ends it. */
  async function outcome(...segments: readonly [SegmentInfo, ...SegmentInfo[]]) {
    const given: string[] = []
    try {
      for await (const { batch } of read(...segments)) given.push(batch.bytes.toString('latin1'))
    } catch (error) {
      return { given, error }
    }
    return { given, error: undefined }
  }

  const bytesOf = (views: readonly RecordBatchView[]) => views.map(({ bytes }) => bytes.toString('latin1'))

  it('is given as it comes, but for the last batch', async () => {
    const segment = await putSegment(storage, batches)
    let givenBytes = 0
    let given = 0
    for await (const { batch } of read(segment)) {
      givenBytes += batch.bytes.length
      given++
      const most = givenBytes + 2 * batch.bytes.length + CHUNK_BYTES
      if (given < BATCHES) expect(storage.readBytes).toBeLessThanOrEqual(most)
      else expect(storage.readBytes).toBe(segment.sizeBytes)
    }
    expect(given).toBe(BATCHES)
  })

  it.each([
    ['an epoch begins', (index: number) => (index > 9 ? { leaderEpoch: 4 } : {})],
    ['offsets have a hole', (index: number) => (index === 9 ? { hole: 5n } : {})],
  ])('is given whole where %s, once the checksum of the object is right', async (_, special) => {
    // More than the memory that is used again has room for.
    batches = batchesWith(special, 10 * VALUE_BYTES)
    const { given, error } = await outcome(await putSegment(storage, batches))
    expect(error).toBeUndefined()
    expect(given.map((bytes, index) => bytes === bytesOf(batches)[index])).toEqual(batches.map(() => true))
  })

  it('gives nothing that is not as it was, and never ends without a word on damage', async () => {
    const segment = await putSegment(storage, batches)
    const covered = fc.nat(segment.sizeBytes - 1)
    const header = fc
      .tuple(fc.nat(BATCHES - 1), fc.nat(FIELD.attributes - 1))
      .map(([index, at]) => batches.slice(0, index).reduce((sum, { bytes }) => sum + bytes.length, at))
    await fc.assert(
      fc.asyncProperty(fc.oneof(covered, header), fc.nat(7), async (position, bit) => {
        const flip = (bytes: Buffer) => {
          bytes[position] = (bytes[position] ?? 0) ^ (1 << bit)
          return bytes
        }
        await change(storage, segment.key, flip)
        const { given, error } = await outcome(segment)
        await change(storage, segment.key, flip)
        expect(error).toMatchObject({ code: 'ARCHIVE_CORRUPT', key: segment.key })
        expect(given).toEqual(bytesOf(batches.slice(0, given.length)))
      }),
      { numRuns: 100 },
    )
  })

  it('is damage where all its batches are sound but it is another object', async () => {
    const segment = await putSegment(storage, batches)
    const others = batches.map(({ baseOffset, leaderEpoch }) =>
      batchView({ baseOffset, leaderEpoch, records: [{ value: Buffer.from('other') }, { value: null }] }),
    )
    await change(storage, segment.key, () => Buffer.concat(others.map(({ bytes }) => bytes)))
    const { error } = await outcome(segment)
    expect(error).toMatchObject({ code: 'ARCHIVE_CORRUPT', key: segment.key })
  })

  it('goes on with an intact segment behind what is certain', async () => {
    const segment = await putSegment(storage, batches)
    const spare = await putSegment(storage, batches.slice(1))
    await change(storage, segment.key, (bytes) => bytes.fill(0, segment.sizeBytes / 2, segment.sizeBytes / 2 + 2))
    expect(await outcome(segment, spare)).toEqual({ given: bytesOf(batches), error: undefined })
  })
})

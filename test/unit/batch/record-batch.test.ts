import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidBatchError } from '../../../src/batch/batch-header.js'
import { batchesIn, viewOf } from '../../../src/batch/record-batch.js'
import { UnsupportedFormatError } from '../../../src/errors.js'
import { BIT, batchBytes, batchView, markerBytes, numberedRecords } from '../../support/batches.js'
import { batchRecords } from '../../support/record-arbitrary.js'

/** Where the magic byte of a batch is. */
const MAGIC_AT = 16
/** The first byte that the checksum covers. */
const COVERED_FROM = 21

describe('the header of a record batch', () => {
  it('says everything about the batch that its fields say', () => {
    const batch = batchView({
      baseOffset: 2n ** 62n,
      lastOffsetDelta: 9,
      leaderEpoch: 7,
      maxTimestampMs: 2n ** 63n - 1n,
      producerId: 2n ** 40n,
      records: numberedRecords(3),
      compression: 'gzip',
    })
    expect(batch).toMatchObject({
      baseOffset: 2n ** 62n,
      nextOffset: 2n ** 62n + 10n,
      lastOffsetDelta: 9,
      leaderEpoch: 7,
      compression: 'gzip',
      timestampType: 'create',
      maxTimestampMs: 2n ** 63n - 1n,
      transactional: false,
      control: false,
      producerId: 2n ** 40n,
      recordCount: 3,
      intact: true,
      marker: undefined,
    })
  })

  it('says what each bit of its attributes means', () => {
    expect(batchView({ attributes: BIT.logAppendTime }).timestampType).toBe('log-append')
    expect(batchView({ attributes: BIT.transactional })).toMatchObject({ transactional: true, control: false })
    expect(batchView({ attributes: BIT.control })).toMatchObject({ transactional: false, control: true })
    expect(batchView({ attributes: BIT.deleteHorizon })).toMatchObject({ compression: 'none', control: false })
    expect(() => batchView({ attributes: 5 }).compression).toThrow(InvalidBatchError)
  })

  it('tells markers of aborted transactions from those of committed ones, and from emptied batches', () => {
    const [abort, commit] = [...batchesIn(Buffer.concat([markerBytes('abort'), markerBytes('commit')]))]
    expect(abort?.marker).toBe('abort')
    expect(commit?.marker).toBe('commit')
    expect(batchView({ attributes: BIT.control, records: [] }).marker).toBeUndefined()
  })
})

describe('bytes of several batches', () => {
  const first = batchBytes({ records: numberedRecords(2) })
  const second = batchBytes({ baseOffset: 2n, records: numberedRecords(1) })

  it('give whole batches, and say where the rest begins, wherever they are cut', () => {
    const bytes = Buffer.concat([first, second])
    for (let end = 0; end <= bytes.length; end++) {
      const generator = batchesIn(bytes.subarray(0, end))
      const found: bigint[] = []
      let step = generator.next()
      for (; step.done !== true; step = generator.next()) found.push(step.value.baseOffset)
      const expected = end < first.length ? [] : end < bytes.length ? [0n] : [0n, 2n]
      expect(found).toEqual(expected)
      expect(step.value).toBe([0, first.length, bytes.length][expected.length])
    }
  })

  it.each([0, 1])('of message format %i are refused with what to know about it', (magic) => {
    const bytes = Buffer.concat([first, second])
    bytes[first.length + MAGIC_AT] = magic
    const generator = batchesIn(bytes)
    expect(generator.next()).toMatchObject({ value: { baseOffset: 0n } })
    expect(() => generator.next()).toThrow(new RegExp(`offset 2 has message format ${magic}.*only format 2`))
  })

  it('are refused when a length cannot be: less than a header, or below zero', () => {
    for (const length of [48, 0, -1, -(2 ** 31)]) {
      const bytes = Buffer.from(first)
      bytes.writeInt32BE(length, 8)
      expect(() => [...batchesIn(bytes)]).toThrow(InvalidBatchError)
    }
  })

  it('are shared with the views on them, not copied', () => {
    const partition = { topic: 't', partition: 3 }
    const view = viewOf({ bytes: new Uint8Array(first.buffer, first.byteOffset, first.length) }, partition)
    expect(view.bytes.buffer).toBe(first.buffer)
    expect([...view.records()][0]).toMatchObject(partition)
  })
})

/** What reading everything of a batch gives, or the error it ends with. */
function readAll(bytes: Buffer): { readonly intact: boolean; readonly text: string } | { readonly error: unknown } {
  try {
    const [batch] = [...batchesIn(bytes)]
    if (batch === undefined) return { error: undefined }
    const records = [...batch.records()].map(({ offset, timestampMs, timestampType, key, value, headers }) => {
      const fields = [offset, timestampMs, timestampType, hex(key), hex(value)]
      return [...fields, ...headers.flatMap((header) => [header.key, hex(header.value)])].join('|')
    })
    return { intact: batch.intact, text: records.join('\n') }
  } catch (error) {
    return { error }
  }
}

function hex(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : Buffer.from(bytes).toString('hex')
}

describe('a damaged batch', () => {
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('cut'), at: fc.nat(), bit: fc.constant(0) }),
    fc.record({ kind: fc.constant('flip'), at: fc.nat(), bit: fc.nat({ max: 7 }) }),
  )

  it('is an error of its own kind or has a wrong checksum: never other records under an intact one', () => {
    fc.assert(
      fc.property(
        batchRecords,
        fc.constantFrom('none' as const, 'gzip' as const),
        damage,
        (records, compression, { kind, at, bit }) => {
          const whole = batchBytes({ records, compression })
          const position = COVERED_FROM + (at % (whole.length - COVERED_FROM))
          const damaged = kind === 'cut' ? whole.subarray(0, position) : Buffer.from(whole)
          if (kind === 'flip') damaged[position] = (damaged[position] ?? 0) ^ (1 << bit)
          const result = readAll(damaged)
          if ('error' in result) {
            const known = result.error instanceof InvalidBatchError || result.error instanceof UnsupportedFormatError
            expect(result.error === undefined || known).toBe(true)
          } else {
            expect(result.intact).toBe(false)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each([
    ['claims more records than it has', { recordCount: 3 }],
    ['claims fewer records than it has', { recordCount: 1 }],
    ['claims billions of records', { recordCount: 2 ** 31 - 1 }],
    ['claims a number of records below zero', { recordCount: -1 }],
    ['has an unknown compression', { attributes: 6 }],
    ['is not what its compression says', { attributes: 1 }],
  ])('that %s is refused although its checksum is right', (_, lie) => {
    const batch = batchView({ records: numberedRecords(2), ...lie })
    expect(batch.intact).toBe(true)
    expect(() => [...batch.records()]).toThrow(InvalidBatchError)
  })
})

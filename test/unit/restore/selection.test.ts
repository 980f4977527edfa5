import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainFor } from '../../../src/archive/partition-log.js'
import type { KafkaRecord } from '../../../src/batch/read-records.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { exactSteps } from '../../../src/restore/exact-steps.js'
import type { OutgoingBatch } from '../../../src/restore/step.js'
import { type RecordSelection, translatedSteps } from '../../../src/restore/translated-steps.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { BIT, batchView } from '../../support/batches.js'
import { bytesOf } from '../../support/restoring.js'
import { PARTITION, partitionLog, putSegment } from '../../support/segments.js'
import { cutAt } from '../../support/transactional-log.js'
import { collected } from '../../support/znode-arbitrary.js'

/** Batches whose times go up and down inside; some set by the broker, some small enough to be put together. */
const anyLog = fc
  .array(
    fc.record({
      timesMs: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 }),
      attributes: fc.constantFrom(0, 0, BIT.logAppendTime),
      compression: fc.constantFrom('none' as const, 'gzip' as const),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((items) => {
    let baseOffset = 0n
    return items.map(({ timesMs, ...rest }) => {
      const records = timesMs.map((timestampMs, offsetDelta) => ({
        ...{ offsetDelta, timestampMs: BigInt(timestampMs), key: Buffer.from('k') },
        value: Buffer.from(`${baseOffset + BigInt(offsetDelta)}`),
      }))
      const batch = batchView({ ...rest, records, baseOffset }, PARTITION)
      baseOffset = batch.nextOffset
      return batch
    })
  })

const anyTimes = fc.record({
  sinceMs: fc.option(fc.bigInt({ min: 0n, max: 22n }), { nil: undefined }),
  untilMs: fc.option(fc.bigInt({ min: 0n, max: 22n }), { nil: undefined }),
})

async function stored(log: readonly RecordBatchView[], cuts: readonly number[]) {
  const storage = new MemoryStorage()
  const segments = await Promise.all(cutAt(log, cuts).map((piece) => putSegment(storage, piece)))
  const next = log.at(-1)?.nextOffset ?? 0n
  const chain = chainFor(partitionLog({ segments }), { generation: 1, from: 0n, next })
  return { source: { storage, codecs: [] }, chain, next }
}

async function translated(log: readonly RecordBatchView[], cuts: readonly number[], selection: RecordSelection) {
  const { source, chain } = await stored(log, cuts)
  return collected(translatedSteps(source, chain, selection))
}

function sent(batches: readonly OutgoingBatch[]): string[] {
  return batches.flatMap((batch) => [...new RecordBatchView(bytesOf(batch)).records()].map(shown))
}

function shown({ timestampMs, value }: KafkaRecord): string {
  return `${timestampMs} ${Buffer.from(value ?? [])}`
}

function wanted(log: readonly RecordBatchView[], { sinceMs = -1n, untilMs = 2n ** 62n }: RecordSelection) {
  const records = log.flatMap((batch) => [...batch.records()])
  return records.filter(({ timestampMs }) => timestampMs >= sinceMs && timestampMs < untilMs)
}

/** Drops some records, keeps some, and makes two of others. */
function byValue(record: KafkaRecord): KafkaRecord | undefined | KafkaRecord[] {
  const number = Number(Buffer.from(record.value ?? []).toString())
  if (number % 3 === 0) return undefined
  const changed = { ...record, value: Buffer.from(`${number}!`) }
  return number % 3 === 1 ? changed : [changed, { ...changed, key: null }]
}

describe('what is chosen for a restore', () => {
  it('are the records of a range of times, each judged by itself', async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, fc.array(fc.nat(), { maxLength: 3 }), anyTimes, async (log, cuts, times) => {
        expect(sent(await translated(log, cuts, times))).toEqual(wanted(log, times).map(shown))
      }),
    )
  })

  it('keeps each record of a range of times at its offset, and begins and ends with the range', async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, fc.array(fc.nat(), { maxLength: 3 }), anyTimes, async (log, cuts, times) => {
        fc.pre(times.sinceMs !== undefined || times.untilMs !== undefined)
        const { source, chain, next } = await stored(log, cuts)
        const state = {
          partition: 3,
          generation: 1,
          from: 0n,
          next,
          chain,
          records: 0n,
          dense: false,
          segments: [],
          holes: [],
        }
        const steps = await collected(exactSteps(source, state, { targetFrom: 0n, ...times }))
        const at: string[] = []
        let end = 0n
        let logStart = 0n
        for (const step of steps) {
          expect(step.position).toBe(end)
          end = step.position + step.offsets
          if (step.type === 'log-start') logStart = step.position
          if (step.type !== 'batch' || step.records === 0) continue
          for (const record of new RecordBatchView(bytesOf(step)).records()) {
            at.push(`${step.position + record.offset} ${shown(record)}`)
          }
        }
        const records = wanted(log, times)
        expect(at).toEqual(records.map((record) => `${record.offset} ${shown(record)}`))
        expect({ logStart, end }).toEqual({
          logStart: records[0]?.offset ?? 0n,
          end: (records.at(-1)?.offset ?? -1n) + 1n,
        })
      }),
    )
  })

  it('is what a transform makes of each record: none, one or several, and groups stand before what they had not read', async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, anyTimes, fc.nat({ max: 30 }), async (log, times, committed) => {
        const batches = await translated(log, [], { ...times, transform: byValue })
        const expected = wanted(log, times).flatMap((record) => [byValue(record) ?? []].flat())
        expect(sent(batches)).toEqual(expected.map(shown))
        const before = expected.filter(({ offset }) => offset < BigInt(committed)).length
        const counted = batches.reduce((sum, batch) => sum + batch.recordsBefore(BigInt(committed)), 0)
        expect(counted).toBe(before)
        let position = 0n
        for (const batch of batches) {
          expect(batch.position).toBe(position)
          position += batch.offsets
        }
      }),
    )
  })

  it('must be whole records, or the restore says for which record they are not', async () => {
    const log = [batchView({ records: [{ value: Buffer.from('1') }] }, PARTITION)]
    const mistakes = [null, 'text', { value: 'text' }, { key: null, value: null, headers: [] }]
    for (const mistake of mistakes) {
      const transform = () => mistake as unknown as KafkaRecord
      await expect(translated(log, [], { transform })).rejects.toThrow(/`transform`.*orders-3 at offset 0/)
    }
  })
})

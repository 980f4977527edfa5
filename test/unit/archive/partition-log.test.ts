import { describe, expect, it } from 'vitest'
import { beginGeneration, readCut } from '../../../src/archive/generation.js'
import { abortedKey, gapKey, generationKey, partitionPrefix } from '../../../src/archive/names.js'
import { listPartition } from '../../../src/archive/partition-log.js'
import { verdictOf } from '../../../src/archive/verdict.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { putEach } from '../../../src/testing/storage-contract/support.js'
import { PARTITION, partitionLog, segmentInfo } from '../../support/segments.js'

const GAP = { ...PARTITION, generation: 1, from: 10n, next: 20n, cause: 'retention' } as const
const START = { generation: 2, cut: 5n, archivedNext: 20n, takenMs: 1 }

describe('the listing of a partition', () => {
  it('tells its segments, gaps and generations, and looks past everything else', async () => {
    const storage = new MemoryStorage()
    const segment = segmentInfo()
    const other = segmentInfo({ partition: 33 })
    await putEach(storage, [segment.key, gapKey(GAP), abortedKey(segment.key), other.key])
    await putEach(storage, [`${partitionPrefix(PARTITION)}notes.txt`, `${segment.key}.tmp~`])
    await beginGeneration(storage, PARTITION, START, {})
    expect(await listPartition(storage, PARTITION, {})).toEqual({
      partition: PARTITION,
      segments: [{ ...segment, sizeBytes: 1 }],
      gaps: [GAP],
      newestGeneration: 2,
      cuts: new Map([[2, 5n]]),
      storedMs: expect.any(Number),
    })
  })

  it('of a partition that nothing is archived of is empty', async () => {
    expect(await listPartition(new MemoryStorage(), PARTITION, {})).toEqual(partitionLog())
  })
})

describe('the beginning of a generation', () => {
  it('is decided by the first of several writers, and all are told', async () => {
    const storage = new MemoryStorage()
    const cuts = await Promise.all(
      [5n, 7n, 2n ** 62n].map((cut) => beginGeneration(storage, PARTITION, { ...START, cut }, {})),
    )
    expect(new Set(cuts).size).toBe(1)
    expect(await readCut(storage, PARTITION, 2, {})).toBe(cuts[0])
  })

  it.each(['{"cut":5}', '{"cut":"-1"}', '{"cut":"x"}', '{}', 'null', '{'])('that reads %s is damage', async (body) => {
    const storage = new MemoryStorage()
    const key = generationKey(PARTITION, 2)
    await storage.put(key, Buffer.from(body))
    await expect(listPartition(storage, PARTITION, {})).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key })
  })
})

describe('the verdict on a partition', () => {
  const whole = [segmentInfo({ from: 0n, next: 10n }), segmentInfo({ from: 10n, next: 20n, records: 7 })]

  it('is complete where segments give everything up to an end that was reached', () => {
    const log = partitionLog({ segments: whole })
    const verdict = { topic: 'orders', partition: 3, from: 0n, next: 20n, records: 17n, gaps: [] }
    expect(verdictOf(log, { next: 20n, reachedEnd: true })).toEqual({ ...verdict, complete: true })
    expect(verdictOf(log, { next: 20n, reachedEnd: false })).toEqual({ ...verdict, complete: false })
  })

  it('tells each gap with its cause, and holes as unknown', () => {
    const segments = [segmentInfo({ from: 0n, next: 10n }), segmentInfo({ from: 25n, next: 30n })]
    expect(verdictOf(partitionLog({ segments, gaps: [GAP] }), { next: 30n, reachedEnd: true })).toMatchObject({
      gaps: [
        { from: 10n, next: 20n, cause: 'retention' },
        { from: 20n, next: 25n, cause: 'unknown' },
      ],
      complete: false,
    })
  })

  it('is complete although an older generation had a gap where the newest one has everything', () => {
    const segments = [segmentInfo({ from: 0n, next: 10n }), segmentInfo({ generation: 2, from: 0n, next: 30n })]
    const log = partitionLog({ segments, gaps: [GAP], newestGeneration: 2, cuts: new Map([[2, 0n]]) })
    expect(verdictOf(log, { next: 30n, reachedEnd: true })).toMatchObject({ gaps: [], complete: true })
  })

  it('begins and ends at the same offset where nothing is archived', () => {
    const verdict = verdictOf(partitionLog(), { next: 5n, reachedEnd: true })
    expect(verdict).toMatchObject({ from: 5n, next: 5n, records: 0n, gaps: [], complete: true })
  })
})

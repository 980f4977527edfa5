import fc from 'fast-check'
import {
  type ArchiveStorage,
  compose,
  gzip,
  logSegments,
  MemoryStorage,
  type MergeOptions,
  TopicArchive,
} from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { ensureArchive } from '../../../src/archive/archive-marker.js'
import { describeTopic } from '../../../src/archive/topic-description.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { inflict } from '../../support/damage.js'
import { FaultyWorld } from '../../support/faulty-world.js'
import { keysOf } from '../../support/keys-of.js'
import { PARTITION, putLog, putSegment } from '../../support/segments.js'
import { transactionalLog } from '../../support/transactional-log.js'
import { findingsOf } from '../../support/verified-archive.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

const { topic, topicId, partition } = PARTITION

async function newArchive(): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  await ensureArchive(storage, {})
  await describeTopic(storage, { topic, topicId, firstSeenMs: 5, clusterId: 'c', partitions: 4 }, {})
  return storage
}

function merged(storage: ArchiveStorage, options: MergeOptions = {}) {
  return collected(new TopicArchive({ storage }).merge(options))
}

async function offsets(
  storage: ArchiveStorage,
  isolation: 'committed' | 'uncommitted' = 'committed',
): Promise<bigint[]> {
  const records = await collected(new TopicArchive({ storage }).records({ topic, partition, isolation }))
  return records.map(({ offset }) => offset)
}

async function ranges(storage: ArchiveStorage): Promise<string[]> {
  const segments = await collected(new TopicArchive({ storage }).segments({ topic, partition }))
  return segments.map(({ from, next }) => `${from}-${next}`)
}

const records = (baseOffset: bigint, count: number) =>
  batchView({ baseOffset, records: numberedRecords(count, `v${baseOffset}-`) })

describe('merging', () => {
  let storage: MemoryStorage

  beforeEach(async () => {
    storage = await newArchive()
  })

  it('keeps every record and transaction, whatever the log and its segments', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, fc.array(fc.nat({ max: 30 }), { maxLength: 8 }), async (log, cuts) => {
        const own = await newArchive()
        await putLog(own, log, cuts)
        const all = await offsets(own, 'uncommitted')
        await merged(own)
        expect((await ranges(own)).length).toBeLessThanOrEqual(2)
        expect(await offsets(own)).toEqual(log.committed)
        expect(await offsets(own, 'uncommitted')).toEqual(all)
        expect(await findingsOf(own, { deep: true })).toEqual([])
        expect(await merged(own)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('puts small neighbours together up to a size, and leaves the last segment and large ones alone', async () => {
    const sizes: number[] = []
    for (let index = 0n; index < 6n; index++)
      sizes.push((await putSegment(storage, [records(index * 2n, 2)])).sizeBytes)
    const done = await merged(storage, { segmentBytes: (sizes[0] ?? 0) * 3 })
    expect(done.map(({ replaced }) => replaced.length)).toEqual([3, 2])
    expect(await ranges(storage)).toEqual(['0-6', '6-10', '10-12'])
    expect(await merged(storage, { segmentBytes: 2 })).toEqual([])
  })

  it('never crosses a gap or a hole', async () => {
    for (const base of [0n, 2n, 10n, 12n, 14n]) await putSegment(storage, [records(base, 2)])
    await merged(storage)
    expect(await ranges(storage)).toEqual(['0-4', '10-14', '14-16'])
  })

  it('lets the chain decide where segments overlap, and removes what it does not need', async () => {
    await putSegment(storage, [records(0n, 2), records(2n, 2)])
    await putSegment(storage, [records(2n, 2), records(4n, 2)])
    await putSegment(storage, [records(2n, 2)])
    await putSegment(storage, [records(6n, 2)])
    const before = await offsets(storage)
    const [done, ...others] = await merged(storage)
    expect(done?.replaced).toHaveLength(3)
    expect(others).toEqual([])
    expect(await ranges(storage)).toEqual(['0-6', '6-8'])
    expect(await offsets(storage)).toEqual(before)
  })

  it('decodes and encodes what is compressed', async () => {
    const codec = compose(logSegments(), gzip())
    for (const base of [0n, 2n, 4n]) {
      const bytes = Buffer.concat(await collected(codec.encode(streamOf([records(base, 2)]))))
      await putSegment(storage, [records(base, 2)], { bytes, extension: codec.extension })
    }
    expect(await merged(storage)).toHaveLength(1)
    expect(await offsets(storage)).toEqual([0n, 1n, 2n, 3n, 4n, 5n])
    expect(await findingsOf(storage, { deep: true })).toEqual([])
  })

  it('leaves what is damaged as it is, merges everything else, and says so', async () => {
    const segments = []
    for (const base of [0n, 2n, 4n]) segments.push(await putSegment(storage, [records(base, 2)]))
    for (const base of [10n, 12n, 14n]) await putSegment(storage, [records(base, 2)])
    const [, damaged] = segments
    if (damaged === undefined) throw new Error('there is no segment')
    await inflict(storage, damaged, 'a flipped bit')
    await expect(merged(storage)).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: damaged.key })
    expect(await ranges(storage)).toEqual(['0-2', '2-4', '4-6', '10-14', '14-16'])
  })

  it('says which codec it lacks', async () => {
    for (const base of [0n, 2n, 4n]) await putSegment(storage, [records(base, 2)], { extension: '.log.age' })
    await expect(merged(storage)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
  })

  it('deletes nothing where the merged segment is not what it must be', async () => {
    for (const base of [0n, 2n, 4n]) await putSegment(storage, [records(base, 2)])
    const before = await keysOf(storage)
    const lying = new Proxy<ArchiveStorage>(storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (name !== 'put') return value.bind(target)
        return (key: string) => storage.put(key, Buffer.from('something else'))
      },
    })
    await expect(merged(lying)).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    expect(await keysOf(storage)).toEqual(expect.arrayContaining(before))
  })

  it('goes unnoticed by one who reads at the same time', async () => {
    for (const base of [0n, 2n, 4n, 6n]) await putSegment(storage, [records(base, 2)])
    const seen: bigint[] = []
    for await (const { offset } of new TopicArchive({ storage }).records({ topic, partition })) {
      seen.push(offset)
      if (offset === 0n) await merged(storage)
    }
    expect(seen).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n])
  })

  it('says to one who reads what is pruned at the same time that it was', async () => {
    for (const base of [0n, 2n]) await putSegment(storage, [records(base, 2)])
    const reading = new TopicArchive({ storage }).records({ topic, partition })
    await reading.next()
    const [, second = ''] = (await keysOf(storage)).filter((key) => key.endsWith('.log'))
    await storage.put(
      `topics/${topic}/${topicId}/3/g1/00000000000000000000-00000000000000000004.pruned.gap`,
      Buffer.alloc(0),
    )
    await storage.delete(second)
    await expect(collected(reading)).rejects.toMatchObject({
      code: 'NOT_IN_ARCHIVE',
      message: expect.stringContaining('pruned'),
    })
  })

  it.each(['before', 'after', 'dead'] as const)(
    'that any call ends (%s) loses nothing, and the next one ends as if nothing had happened',
    async (kind) => {
      const boom = new Error('the machine is gone')
      await fc.assert(
        fc.asyncProperty(
          transactionalLog,
          fc.array(fc.nat({ max: 30 }), { minLength: 3, maxLength: 5 }),
          async (log, cuts) => {
            const whole = await newArchive()
            await putLog(whole, log, cuts)
            await merged(whole)
            const expected = await keysOf(whole)
            for (let failAt = 0; ; failAt++) {
              const own = await newArchive()
              await putLog(own, log, cuts)
              const world = new FaultyWorld({ failAt, kind, error: boom })
              const outcome = await merged(world.around<ArchiveStorage>(own)).catch((error: unknown) => error)
              if (!world.failed) break
              expect(outcome).toBe(boom)
              expect(await offsets(own)).toEqual(log.committed)
              await merged(own)
              expect(await keysOf(own)).toEqual(expected)
              expect(await offsets(own)).toEqual(log.committed)
            }
          },
        ),
        { numRuns: 5 },
      )
    },
  )
})

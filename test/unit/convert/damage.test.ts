import { kafkeepLayout, MemoryStorage, spredfastLayout, TopicArchive } from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { ensureArchive } from '../../../src/archive/archive-marker.js'
import { describeTopic } from '../../../src/archive/topic-description.js'
import { indexKey } from '../../../src/interop/spredfast/file-names.js'
import { indexText } from '../../../src/interop/spredfast/index-file.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { converted, dataFile, kindsOf, nameOf, newBucket, offsetsOf, recordsOf } from '../../support/converting.js'
import { inflict } from '../../support/damage.js'
import { PARTITION, putSegment } from '../../support/segments.js'
import { putFiles, spredfastBucket } from '../../support/spredfast-fixtures.js'
import { collected } from '../../support/znode-arbitrary.js'

describe('a conversion of what is damaged', () => {
  let bucket: MemoryStorage
  let to: MemoryStorage

  beforeEach(async () => {
    bucket = await newBucket()
    to = new MemoryStorage()
  })

  it.each([0, 3])('tells of a damaged file (%d), leaves it out, and puts it in once it is mended', async (first) => {
    const whole = new MemoryStorage()
    await converted(bucket, whole)
    const name = nameOf(first, first === 3 ? { day: '2017-12-20' } : {})
    const intact = Buffer.concat(await collected(bucket.get(name)))
    await bucket.delete(name)
    await bucket.put(name, intact.fill(0xff, 20, 24))
    const { events, summary } = await converted(bucket, to)
    expect(events.find(({ type }) => type === 'damage')).toMatchObject({
      finding: { kind: 'damaged', topic: 'orders', partition: 0, from: BigInt(first), hint: expect.any(String) },
    })
    expect(summary.partitions[0]).toMatchObject({ from: 0n, complete: false })
    expect(summary.partitions[0]?.gaps[0]).toMatchObject({ from: BigInt(first), cause: 'unknown' })
    await bucket.delete(name)
    await bucket.put(name, dataFile(first, first === 0 ? 3 : 4))
    await converted(bucket, to)
    expect(await recordsOf(to)).toEqual(await recordsOf(whole))
  })

  it.each([
    [0, [2n, 3n, 4n], 0n],
    [2, [0n, 1n, 2n], 3n],
  ])('gives what the other one has where one of two overlapping files (%d) is damaged', async (first, intact, lost) => {
    const old = new MemoryStorage()
    for (const start of [0, 2]) {
      const body = dataFile(start, 3)
      const index = indexText(BigInt(start), [{ contentBytes: 0, records: 3, sizeBytes: body.length }])
      if (start === first) body.fill(0xff, body.length - 8)
      await putFiles(old, '', [
        [nameOf(start), body],
        [indexKey(nameOf(start)), Buffer.from(index)],
      ])
    }
    const { events } = await converted(old, to)
    expect(events.find(({ type }) => type === 'damage')).toMatchObject({
      finding: { key: nameOf(first), from: lost, next: lost + 2n },
    })
    expect(await offsetsOf(to)).toEqual(intact)
  })

  it('puts nothing over a hole between what other segments give of a damaged one', async () => {
    const old = new MemoryStorage()
    await ensureArchive(old, {})
    const { topic, topicId, partition } = PARTITION
    await describeTopic(old, { topic, topicId, firstSeenMs: 5, clusterId: 'c', partitions: 4 }, {})
    const batch = (baseOffset: bigint) => batchView({ baseOffset, records: numberedRecords(1) })
    await inflict(old, await putSegment(old, [0n, 1n, 2n, 3n].map(batch)), 'a flipped bit')
    for (const base of [0n, 2n]) await putSegment(old, [batch(base)])
    const { events } = await converted(old, to, { layout: kafkeepLayout() })
    expect(kindsOf(events)).toEqual(['segment', 'damage', 'segment', 'damage'])
    const segments = await collected(new TopicArchive({ storage: to }).segments({ topic, partition }))
    expect(segments.map(({ from, next }) => [from, next])).toEqual([
      [0n, 1n],
      [2n, 3n],
    ])
  })

  it('says what to do where values hold delimiters, so that the index counts other records', async () => {
    const layout = spredfastLayout({ keys: false, format: 'text', prefix: 'text' })
    const { events, summary } = await converted(await spredfastBucket('text'), to, { layout })
    expect(events.find(({ type }) => type === 'damage')).toMatchObject({
      finding: { hint: expect.stringContaining('`useIndex: false`') },
    })
    expect(summary.partitions.map(({ complete }) => complete)).toEqual([false, true])
  })
})

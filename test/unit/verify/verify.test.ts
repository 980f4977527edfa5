import { type ArchiveStorage, encrypted, logSegments, MemoryStorage, type Progress, TopicArchive } from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { abortedBytes } from '../../../src/archive/aborted.js'
import { abortedKey, parseSegmentKey, segmentKey } from '../../../src/archive/names.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { withFaults } from '../../../src/testing/faults.js'
import { BIT, batchView, markerBytes, numberedRecords } from '../../support/batches.js'
import { change } from '../../support/damage.js'
import { putSegment } from '../../support/segments.js'
import { fillArchive, findingsOf, type VerifiedArchive } from '../../support/verified-archive.js'
import { collected } from '../../support/znode-arbitrary.js'

describe('verifying', () => {
  let storage: MemoryStorage
  let archive: VerifiedArchive

  beforeEach(async () => {
    storage = new MemoryStorage()
    archive = await fillArchive(storage)
  })

  it.each([
    ['records', { records: 5 }],
    ['first leader epoch', { firstEpoch: -1 }],
    ['last leader epoch', { lastEpoch: 4 }],
    ['largest timestamp', { maxTimestampMs: 9n }],
  ])('finds that a name tells of other %s than there are', async (what, changes) => {
    const key = archive.places.segment
    const name = parseSegmentKey(key)
    if (name === undefined) throw new Error('there is no segment')
    const bytes = Buffer.concat(await collected(storage.get(key)))
    await storage.delete(key)
    const renamed = segmentKey({ ...name, ...changes })
    await storage.put(renamed, bytes)
    expect(await findingsOf(storage, { deep: true })).toMatchObject([
      { kind: 'mismatch', key: renamed, from: 4n, next: 8n, text: expect.stringContaining(what) },
    ])
  })

  it.each([
    ['names a transaction that was committed', [{ producerId: 7n, firstOffset: 20n }], 'commit'],
    ['names a transaction of another producer', [{ producerId: 9n, firstOffset: 20n }], 'abort'],
    ['lacks the transaction that was aborted', [{ producerId: 9n, firstOffset: 3n }], 'abort'],
    ['is not there, although a transaction was aborted', [], 'abort'],
  ] as const)('finds that a sidecar %s', async (_, aborted, marker) => {
    const batch = batchView({
      baseOffset: 20n,
      producerId: 7n,
      attributes: BIT.transactional,
      records: numberedRecords(2),
    })
    const end = new RecordBatchView(markerBytes(marker, { baseOffset: 22n, producerId: 7n }))
    await putSegment(storage, [batchView({ baseOffset: 18n, records: numberedRecords(2) })], { generation: 2 })
    const segment = await putSegment(storage, [batch, end], { generation: 2, aborted })
    const findings = await findingsOf(storage, { deep: true })
    const key = aborted.length > 0 ? abortedKey(segment.key) : segment.key
    expect(findings).toMatchObject([{ kind: 'mismatch', key, from: 20n, next: 23n }, ...findings.slice(1)])
  })

  it('accepts what a sidecar says of transactions that reach over the segment’s ends', async () => {
    const batch = batchView({
      baseOffset: 18n,
      producerId: 7n,
      attributes: BIT.transactional,
      records: numberedRecords(2),
    })
    const end = new RecordBatchView(markerBytes('abort', { baseOffset: 20n, producerId: 7n }))
    const aborted = [{ producerId: 7n, firstOffset: 18n }]
    await putSegment(storage, [batch], { generation: 2, aborted })
    await putSegment(storage, [end], { generation: 2, aborted })
    expect(await findingsOf(storage, { deep: true })).toEqual([])
  })

  it('finds a sidecar of which its segment knows nothing', async () => {
    const key = abortedKey(archive.places.segment)
    await storage.put(key, abortedBytes(key, []))
    expect(await findingsOf(storage)).toMatchObject([{ kind: 'mismatch', key, from: 4n, next: 8n }])
  })

  it('finds segments that overlap and have other records there, and accepts those that agree', async () => {
    await putSegment(storage, [batchView({ baseOffset: 4n, records: numberedRecords(2, 'v4-') })])
    expect(await findingsOf(storage, { deep: true })).toEqual([])
    const other = await putSegment(storage, [batchView({ baseOffset: 6n, records: numberedRecords(2, 'else') })])
    expect(await findingsOf(storage)).toEqual([])
    expect(await findingsOf(storage, { deep: true })).toMatchObject([
      { kind: 'mismatch', key: other.key, from: 6n, next: 8n },
    ])
  })

  it('finds a gap over offsets that a segment has', async () => {
    const key = archive.places.gap.replace('8-00000000000000000010', '4-00000000000000000010')
    await storage.put(key, Buffer.alloc(0))
    expect(await findingsOf(storage)).toMatchObject([{ kind: 'mismatch', key, from: 4n, next: 10n }])
  })

  it('finds objects that kafkeep has not written, wherever they are', async () => {
    const folder = 'topics/orders/AbCdEfGhIjKlMnOpQrStUv'
    const keys = [
      'README.txt',
      'backup/old.tar',
      'checkpoints/notes.txt',
      'topics/a stray',
      `${folder}/3/g1/notes.txt`,
      `${folder}/x/notes.txt`,
      'topics/orders/notes.txt',
      'topics/zzz',
      'zz/top',
    ]
    for (const key of keys) await storage.put(key, Buffer.of(1))
    expect(await findingsOf(storage)).toMatchObject(keys.map((key) => ({ kind: 'foreign', key })))
    expect((await findingsOf(storage, { topics: ['payments'] })).map(({ key }) => key)).toEqual([
      'checkpoints/notes.txt',
    ])
  })

  it('looks at the topics that are asked for, and refuses a name that is nowhere', async () => {
    await storage.delete(archive.places.segment)
    expect(await findingsOf(storage, { topics: ['payments'] })).toEqual([])
    expect(await findingsOf(storage, { topics: [/^ord/] })).toHaveLength(1)
    await expect(findingsOf(storage, { topics: ['ordres'] })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    await expect(findingsOf(new MemoryStorage())).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
  })

  it('says once that a store has no checksums, and not when everything is read', async () => {
    const silent = withoutChecksums(storage)
    expect(await findingsOf(silent)).toMatchObject([
      { kind: 'unverifiable', text: expect.stringContaining('7 of the 7') },
    ])
    expect(await findingsOf(silent, { deep: true })).toEqual([])
  })

  it('reads a share of the segments, others each time', async () => {
    await change(storage, archive.places.segment, (bytes) => bytes.subarray(1))
    const silent = withoutChecksums(storage)
    const found = async () => (await findingsOf(silent, { sample: 0.5 })).some(({ kind }) => kind === 'damaged')
    const outcomes = new Set<boolean>()
    for (let call = 0; call < 60; call++) outcomes.add(await found())
    expect(outcomes).toEqual(new Set([true, false]))
    expect(await findingsOf(silent, { sample: 0 })).toHaveLength(1)
  })

  it('says once that it knows no codec, and compares the checksums all the same', async () => {
    const codec = encrypted({ passphrase: 'secret' })
    const { extension } = codec
    const bytes = Buffer.from('not to be read')
    const sealed = [18n, 20n].map((baseOffset) => ({ baseOffset, records: numberedRecords(2) }))
    for (const batch of sealed) {
      await putSegment(storage, [batchView(batch)], {
        generation: 2,
        bytes,
        extension: `${logSegments().extension}${extension}`,
      })
    }
    expect(await findingsOf(storage, { deep: true })).toMatchObject([
      { kind: 'unverifiable', hint: expect.stringContaining('codecs') },
    ])
    const [key = ''] = (await collected(storage.list('topics/')))
      .map((info) => info.key)
      .filter((name) => name.endsWith('.age'))
    await change(storage, key, () => Buffer.from('something else'))
    expect(await findingsOf(storage, { deep: true })).toMatchObject([
      { kind: 'damaged', key },
      { kind: 'unverifiable' },
    ])
  })

  it('does not take for lost what is merged between the listing and the reading', async () => {
    const key = archive.places.segment
    const bytes = Buffer.concat(await collected(storage.get(key)))
    const merged = { from: 0n, next: 8n, records: 8 }
    const parts = [archive.places['first segment'], key]
    let moved = false
    const moving = new Proxy<ArchiveStorage>(storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (name !== 'get' || !String(args[0]).endsWith('.log') || moved) return Reflect.apply(value, target, args)
          moved = true
          return (async function* () {
            const all = Buffer.concat([...(await collected(storage.get(parts[0] ?? ''))), bytes])
            await putSegment(storage, [], { ...merged, bytes: all, maxTimestampMs: 0n, firstEpoch: 0, lastEpoch: 0 })
            for (const part of parts) await storage.delete(part)
            yield* storage.get(String(args[0]))
          })()
        }
      },
    })
    expect(await findingsOf(moving, { deep: true })).toEqual([])
    expect(moved).toBe(true)
  })

  it('ends with the storage’s error, with the signal’s reason, and when the loop is left', async () => {
    const { proxy, fail } = withFaults<ArchiveStorage>(storage)
    const boom = new Error('the store is away')
    fail('get', boom, { skip: 9 })
    await expect(findingsOf(proxy, { deep: true })).rejects.toBe(boom)
    const reason = new Error('enough')
    await expect(findingsOf(storage, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await storage.delete(archive.places.segment)
    for await (const { kind } of new TopicArchive({ storage }).verify()) {
      expect(kind).toBe('missing')
      break
    }
  })

  it('reports progress', async () => {
    const reports: Progress[] = []
    await findingsOf(storage, { deep: true, onProgress: (progress) => reports.push(progress) })
    expect(reports.at(-1)).toMatchObject({ doneRecords: 26n })
  })

  it('checks its options at once', () => {
    const topics = new TopicArchive({ storage })
    for (const sample of [-0.1, 1.1, Number.NaN]) expect(() => topics.verify({ sample })).toThrow(RangeError)
    expect(() => topics.verify({ deep: 'yes' as never })).toThrow('`deep`')
    expect(() => topics.verify({ depp: true } as never)).toThrow('depp')
  })
})

/** The same objects in a store that keeps no checksums. */
function withoutChecksums(storage: ArchiveStorage): ArchiveStorage {
  return new Proxy(storage, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'head') return value.bind(target)
      return async (key: string) => {
        const info = await storage.head(key)
        if (info === undefined) return undefined
        const { crc32c: _, ...rest } = info
        return rest
      }
    },
  })
}

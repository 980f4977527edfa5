import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Finding } from '../../../src/archive/finding.js'
import { FIELD } from '../../../src/batch/batch-header.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import type { CompareOptions } from '../../../src/compare/compare-options.js'
import type { RestoreOptions } from '../../../src/restore/restore-options.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { TopicArchive } from '../../../src/topic-archive.js'
import { TopicArchiver } from '../../../src/topic-archiver.js'
import { TopicRestorer } from '../../../src/topic-restorer.js'
import { BIT, batchBytes, markerBytes, numberedRecords } from '../../support/batches.js'
import { beforeFetch } from '../../support/before-fetch.js'
import { ClusterModel } from '../../support/cluster-model.js'
import { change, flipped } from '../../support/damage.js'
import { archiveOf } from '../../support/seen-log.js'
import { plainLog, type TransactionalLog, transactionalLog } from '../../support/transactional-log.js'
import { collected } from '../../support/znode-arbitrary.js'

const TOPIC = 'orders'
const TARGET = 'orders-copy'

type Offset = bigint | undefined

interface Brief {
  readonly kind: Finding['kind']
  readonly from: Offset
  readonly next: Offset
}

function clusterOf(log: TransactionalLog, topic = TOPIC): ClusterModel {
  const cluster = new ClusterModel()
  cluster.add(topic, [log])
  return cluster
}

function compare(cluster: ClusterModel, storage: MemoryStorage, options: Partial<CompareOptions> = {}) {
  return collected(new TopicArchive({ storage }).compare({ kafka: cluster.transport, ...options }))
}

function briefly(findings: readonly Finding[]): Brief[] {
  return findings.map(({ kind, from, next }) => ({ kind, from, next }))
}

async function restored(storage: MemoryStorage, options: RestoreOptions): Promise<ClusterModel> {
  const cluster = new ClusterModel()
  await new TopicRestorer({ kafka: cluster.transport, storage }).run({ rename: () => TARGET, ...options })
  return cluster
}

/** The same log whose batch at `index` is another one. */
function changed(batches: readonly RecordBatchView[], index: number, change: (batch: RecordBatchView) => Buffer[]) {
  return batches.flatMap((batch, at) =>
    at === index ? change(batch).map((bytes) => new RecordBatchView(bytes)) : batch,
  )
}

function withBatches(batches: readonly RecordBatchView[]): TransactionalLog {
  return { ...plainLog([]), batches: [...batches], end: batches.at(-1)?.nextOffset ?? 0n }
}

/** The batch with another first record. */
function withOtherRecord(batch: RecordBatchView): Buffer {
  const { baseOffset, producerId, attributes } = batch
  const records = [...batch.records()].map(({ value }, index) => ({
    value: index === 0 ? Buffer.from('other') : value,
  }))
  return batchBytes({ baseOffset, producerId, attributes, leaderEpoch: 3, records })
}

/** The batch without its first record. */
function withoutRecord(batch: RecordBatchView): Buffer[] {
  const { baseOffset, producerId, attributes, lastOffsetDelta } = batch
  const records = [...batch.records()].map(({ value }, offsetDelta) => ({ value, offsetDelta })).slice(1)
  if (records.length === 0) return []
  return [batchBytes({ baseOffset, producerId, attributes, leaderEpoch: 3, records, lastOffsetDelta })]
}

/** A log, and a batch of records in it that is not the last batch. */
const withPlace = transactionalLog
  .filter(({ batches }) => batches.length > 1)
  .chain((log) => {
    const places = log.batches.flatMap((batch, index) =>
      batch.control || index === log.batches.length - 1 ? [] : [index],
    )
    return fc.record({ log: fc.constant(log), place: fc.constantFrom(...places) })
  })

describe('comparing the source with its archive', () => {
  it('finds nothing where nothing has changed, whatever retention has deleted and whatever is newer', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, fc.nat(), async (log, start) => {
        const cluster = clusterOf(log)
        const storage = await archiveOf(cluster, TOPIC)
        await cluster.transport.deleteRecords({ topic: TOPIC, partition: 0 }, BigInt(start) % (log.end + 1n))
        await cluster.transport.produce({ topic: TOPIC, partition: 0 }, [batchBytes({ records: numberedRecords(3) })])
        expect(await compare(cluster, storage)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('finds a record that is another one, and names its offset', async () => {
    await fc.assert(
      fc.asyncProperty(withPlace, async ({ log, place }) => {
        const storage = await archiveOf(clusterOf(log), TOPIC)
        const other = withBatches(changed(log.batches, place, (batch) => [withOtherRecord(batch)]))
        const from = log.batches[place]?.baseOffset ?? 0n
        expect(briefly(await compare(clusterOf(other), storage))).toEqual([{ kind: 'mismatch', from, next: from + 1n }])
      }),
      { numRuns: 60 },
    )
  })

  it('finds a record that is gone, and names its offset', async () => {
    await fc.assert(
      fc.asyncProperty(withPlace, async ({ log, place }) => {
        const storage = await archiveOf(clusterOf(log), TOPIC)
        const other = withBatches(changed(log.batches, place, withoutRecord))
        const from = log.batches[place]?.baseOffset ?? 0n
        expect(briefly(await compare(clusterOf(other), storage))).toEqual([{ kind: 'missing', from, next: from + 1n }])
      }),
      { numRuns: 60 },
    )
  })

  it('finds a record that the archive does not have, and names its offset', async () => {
    await fc.assert(
      fc.asyncProperty(withPlace, async ({ log, place }) => {
        const lacking = withBatches(changed(log.batches, place, withoutRecord))
        const storage = await archiveOf(clusterOf(lacking), TOPIC)
        const from = log.batches[place]?.baseOffset ?? 0n
        expect(briefly(await compare(clusterOf(log), storage))).toEqual([{ kind: 'mismatch', from, next: from + 1n }])
      }),
      { numRuns: 60 },
    )
  })

  it('finds a transaction that has ended otherwise, by the records that consumers see or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        withPlace.filter(({ log: { batches }, place }) => batches[place]?.transactional === true),
        async ({ log, place }) => {
          const { producerId } = log.batches[place] ?? { producerId: -1n }
          const isOwn = (batch: RecordBatchView) => batch.producerId === producerId
          const marker = log.batches.findIndex((batch, index) => index > place && batch.control && isOwn(batch))
          const outcome = log.batches[marker]?.marker === 'abort' ? 'commit' : 'abort'
          const flip = ({ baseOffset }: RecordBatchView) => [
            markerBytes(outcome, { baseOffset, producerId, leaderEpoch: 3 }),
          ]
          const storage = await archiveOf(clusterOf(log), TOPIC)
          const findings = await compare(clusterOf(withBatches(changed(log.batches, marker, flip))), storage)
          const before = log.batches.findLastIndex((batch, index) => index < marker && batch.control && isOwn(batch))
          const flipped = log.batches
            .slice(before + 1, marker)
            .filter(isOwn)
            .flatMap((batch) => [...batch.records()].map(({ offset }) => offset))
          const others = log.batches
            .filter((batch) => !batch.control && !flipped.includes(batch.baseOffset))
            .flatMap((batch) => [...batch.records()].map(({ offset }) => offset))
          const told = (offset: bigint) =>
            findings.some(({ from = -1n, next = -1n }) => from <= offset && offset < next)
          expect(flipped.filter((offset) => !told(offset))).toEqual([])
          expect(others.filter(told)).toEqual([])
          const text = outcome === 'abort' ? 'are not seen' : 'are seen'
          expect(findings.map((finding) => finding.text.includes(text) && finding.kind)).toEqual(
            findings.map(() => 'mismatch'),
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  it('puts neighbouring records together, also across a marker', async () => {
    const [first, transaction, marker, last] = [
      batchBytes({ records: numberedRecords(2), leaderEpoch: 3 }),
      batchBytes({ baseOffset: 2n, producerId: 9n, attributes: BIT.transactional, records: numberedRecords(2) }),
      markerBytes('commit', { baseOffset: 4n, producerId: 9n }),
      batchBytes({ baseOffset: 5n, records: numberedRecords(2) }),
    ]
    const other = batchBytes({
      baseOffset: 2n,
      producerId: 9n,
      attributes: BIT.transactional,
      records: numberedRecords(2, 'x'),
    })
    const storage = await archiveOf(clusterOf(plainLog([first, transaction, marker, last])), TOPIC)
    const changedLast = batchBytes({
      baseOffset: 5n,
      records: [{ value: Buffer.from('y') }, { value: Buffer.from('v1') }],
    })
    const findings = await compare(clusterOf(plainLog([first, other, marker, changedLast])), storage)
    expect(findings).toMatchObject([{ topic: TOPIC, partition: 0, kind: 'mismatch', from: 2n, next: 6n }])
    expect(findings[0]?.text).toBe('orders-0: offsets 2 to 5 hold other records than the archive')
  })

  it('says which topics and partitions are not there', async () => {
    const log = plainLog([batchBytes({ records: numberedRecords(2) })])
    const cluster = new ClusterModel()
    cluster.add(TOPIC, [log, log])
    const storage = await archiveOf(cluster, TOPIC)
    expect(await compare(new ClusterModel(), storage)).toMatchObject([{ kind: 'missing', topic: TOPIC }])
    expect(await compare(clusterOf(log), storage)).toMatchObject([
      { kind: 'missing', topic: TOPIC, partition: 1, from: 0n, next: 2n },
    ])
  })

  it('says from where on the topic was cut off', async () => {
    const batches = [0n, 2n, 4n].map((baseOffset) => batchBytes({ baseOffset, records: numberedRecords(2) }))
    const storage = await archiveOf(clusterOf(plainLog(batches)), TOPIC)
    const findings = await compare(clusterOf(plainLog(batches.slice(0, 1))), storage)
    expect(briefly(findings)).toEqual([{ kind: 'missing', from: 2n, next: 6n }])
  })

  it.each([
    ['where it is read', 0n, 2n],
    ['before it', 4n, 4n],
  ])('says from where on the topic is cut off while it compares: %s', async (_, start, from) => {
    const batches = [0n, 2n, 4n].map((baseOffset) => batchBytes({ baseOffset, records: numberedRecords(2) }))
    const cluster = clusterOf(plainLog(batches))
    const storage = await archiveOf(cluster, TOPIC)
    await cluster.transport.deleteRecords({ topic: TOPIC, partition: 0 }, start)
    const kafka = beforeFetch(cluster.transport, 1, async () => cluster.add(TOPIC, [plainLog(batches.slice(0, 1))]))
    const findings = await collected(new TopicArchive({ storage }).compare({ kafka }))
    expect(briefly(findings)).toEqual([{ kind: 'missing', from, next: 6n }])
  })

  it('does not call missing what compaction has removed', async () => {
    const batches = [0n, 2n, 4n].map((baseOffset) => batchBytes({ baseOffset, records: numberedRecords(2) }))
    const storage = await archiveOf(clusterOf(plainLog(batches)), TOPIC)
    const cluster = clusterOf(plainLog(batches.slice(1)))
    await cluster.transport.alterTopicConfigs(TOPIC, { 'cleanup.policy': 'compact' })
    expect(await compare(cluster, storage)).toEqual([])
  })

  it('tells damage of the archive, and what it has found before', async () => {
    const [first, second] = [0n, 2n].map((baseOffset) => batchBytes({ baseOffset, records: numberedRecords(2) }))
    const batches = [first, second].map((bytes) => bytes ?? Buffer.alloc(0))
    const cluster = clusterOf(plainLog(batches.slice(0, 1)))
    const storage = await archiveOf(cluster, TOPIC)
    await cluster.transport.produce({ topic: TOPIC, partition: 0 }, [batchBytes({ records: numberedRecords(2) })])
    // Of two checkpoints of one millisecond either may be the newest.
    const { checkpoint } = await new TopicArchiver({ kafka: cluster.transport, storage }).run({ topics: [TOPIC] })
    const segments = (await collected(storage.list('topics/')))
      .map(({ key }) => key)
      .filter((key) => key.endsWith('.log'))
    await change(storage, segments[1] ?? '', flipped)
    const other = batchBytes({ records: [{ value: Buffer.from('v0') }, { value: Buffer.from('other') }] })
    const findings = await compare(clusterOf(plainLog([other, ...batches.slice(1)])), storage, { checkpoint })
    expect(findings).toMatchObject([
      { kind: 'mismatch', from: 1n, next: 2n },
      { kind: 'damaged', topic: TOPIC, partition: 0, key: segments[1], from: 2n, next: 4n },
    ])
  })

  it('never takes damage of the archive for another record', async () => {
    const cluster = clusterOf(
      plainLog([0n, 2n, 4n].map((baseOffset) => batchBytes({ baseOffset, records: numberedRecords(2) }))),
    )
    const storage = await archiveOf(cluster, TOPIC)
    const [segment] = (await collected(storage.list('topics/'))).filter(({ key }) => key.endsWith('.log'))
    const { key = '', sizeBytes = 1 } = segment ?? {}
    await fc.assert(
      fc.asyncProperty(fc.nat(sizeBytes - 1), fc.nat(7), async (at, bit) => {
        const flip = (bytes: Buffer) => {
          bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
          return bytes
        }
        await change(storage, key, flip)
        const findings = await compare(cluster, storage)
        await change(storage, key, flip)
        expect(findings).toMatchObject([{ kind: 'damaged', key, next: 6n }])
      }),
    )
  })
})

describe('comparing a restored topic with the archive', () => {
  it('finds nothing after a restore at exact offsets', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, async (log) => {
        const storage = await archiveOf(clusterOf(log), TOPIC)
        const cluster = await restored(storage, { offsets: 'exact' })
        expect(await compare(cluster, storage, { rename: () => TARGET })).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('finds nothing after a translated restore, also when the archive has gone on since', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, async (log) => {
        const source = clusterOf(log)
        const storage = await archiveOf(source, TOPIC)
        const cluster = await restored(storage, { offsets: 'translate' })
        await source.transport.produce({ topic: TOPIC, partition: 0 }, [batchBytes({ records: numberedRecords(3) })])
        await new TopicArchiver({ kafka: source.transport, storage }).run({ topics: [TOPIC] })
        expect(await compare(cluster, storage, { rename: () => TARGET })).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('finds a record that is another one after a translated restore, and names both offsets', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, fc.nat(), async (log, which) => {
        const storage = await archiveOf(clusterOf(log), TOPIC)
        const cluster = await restored(storage, { offsets: 'translate' })
        const batches = cluster.batchesOf({ topic: TARGET, partition: 0 })
        const place = which % batches.length
        const at = batches[place]?.baseOffset ?? 0n
        // The same batch with other bytes: the restore record stays.
        withOtherRecordInPlace(batches[place])
        const findings = await compare(cluster, storage, { rename: () => TARGET })
        expect(briefly(findings)).toEqual([{ kind: 'mismatch', from: at, next: at + 1n }])
        expect(findings[0]?.text).toContain(`at offsets ${log.committed[Number(at)]} to`)
      }),
      { numRuns: 60 },
    )
  })

  it('looks for what the restore has pinned where the restorer kept it', async () => {
    const producer = { producerId: 9n, attributes: BIT.transactional, records: numberedRecords(2) }
    const log = plainLog([
      batchBytes(producer),
      markerBytes('abort', { baseOffset: 2n, producerId: 9n }),
      batchBytes({ baseOffset: 3n, records: numberedRecords(2, 'w') }),
    ])
    const storage = await archiveOf(clusterOf(log), TOPIC)
    const state = new MemoryStorage()
    const cluster = new ClusterModel()
    const restorer = new TopicRestorer({ kafka: cluster.transport, storage, state })
    await restorer.run({ rename: () => TARGET, offsets: 'translate' })
    expect(await compare(cluster, storage, { rename: () => TARGET, state })).toEqual([])
    expect(await compare(cluster, storage, { rename: () => TARGET })).not.toEqual([])
  })

  it('says that nothing can be said where another state is asked for than was restored by translation', async () => {
    const source = clusterOf(plainLog([batchBytes({ records: numberedRecords(4) })]))
    const storage = await archiveOf(source, TOPIC)
    const cluster = await restored(storage, { offsets: 'translate' })
    await source.transport.produce({ topic: TOPIC, partition: 0 }, [batchBytes({ records: numberedRecords(3) })])
    const { checkpoint } = await new TopicArchiver({ kafka: source.transport, storage }).run({ topics: [TOPIC] })
    const findings = await compare(cluster, storage, { rename: () => TARGET, checkpoint })
    expect(findings).toMatchObject([{ kind: 'unverifiable', topic: TARGET, partition: 0 }])
  })

  it('says that nothing can be said where records were changed or left out on their way', async () => {
    const log = plainLog([batchBytes({ records: numberedRecords(4) })])
    const storage = await archiveOf(clusterOf(log), TOPIC)
    const cluster = await restored(storage, { transform: (record) => ({ ...record, key: Buffer.from('k') }) })
    expect(await compare(cluster, storage, { rename: () => TARGET })).toMatchObject([{ kind: 'unverifiable' }])
  })

  it('compares what is there where a range was restored at exact offsets', async () => {
    const log = plainLog([batchBytes({ records: numberedRecords(4) })])
    const storage = await archiveOf(clusterOf(log), TOPIC)
    const ranges = [{ topic: TOPIC, partition: 0, from: 1n, to: 3n }]
    const cluster = await restored(storage, { offsets: 'exact', ranges })
    expect(await compare(cluster, storage, { rename: () => TARGET })).toMatchObject([{ kind: 'unverifiable' }])
  })
})

describe('options of a comparison', () => {
  const archive = new TopicArchive({ storage: new MemoryStorage() })
  const kafka = new ClusterModel().transport

  it('are checked at once', () => {
    expect(() => archive.compare({ kafka, depth: 1 } as CompareOptions)).toThrow(/depth/)
    expect(() => archive.compare({} as CompareOptions)).toThrow(/kafka/)
    expect(() => archive.compare({ kafka, rename: 1 } as unknown as CompareOptions)).toThrow(/rename/)
  })

  it('end it with the reason of their signal', async () => {
    const log = plainLog([batchBytes({ records: numberedRecords(2) })])
    const storage = await archiveOf(clusterOf(log), TOPIC)
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(compare(clusterOf(log), storage, { signal })).rejects.toBe(reason)
  })
})

/** Changes the first byte of the first record's value, and the checksum with it. */
function withOtherRecordInPlace(batch: RecordBatchView | undefined): void {
  if (batch === undefined) return
  const [first] = batch.records()
  const value = first?.value
  if (value !== null && value !== undefined) value[0] = 0x21
  batch.bytes.writeUInt32BE(crc32c(batch.bytes.subarray(FIELD.attributes)), FIELD.crc)
}

import { crc32c } from '@node-rs/crc32'
import { binaryFraming, MemoryStorage, type Progress, type RecordsOptions, TopicArchive } from 'kafkeep'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ensureArchive } from '../../src/archive/archive-marker.js'
import { checkpointKey, writeCheckpoint } from '../../src/archive/checkpoint.js'
import { segmentKey } from '../../src/archive/names.js'
import { describeTopic } from '../../src/archive/topic-description.js'
import { RecordBatchView } from '../../src/batch/record-batch.js'
import { BIT, batchView, markerBytes, numberedRecords } from '../support/batches.js'
import { inflict } from '../support/damage.js'
import { PARTITION, putSegment } from '../support/segments.js'
import { collected } from '../support/znode-arbitrary.js'

const { topic, topicId, partition } = PARTITION
const SECOND_MS = 1_000n

describe('TopicArchive', () => {
  let storage: MemoryStorage
  let archive: TopicArchive
  let checkpoint: string

  /** Three segments: records at 0-3 and 4-7, one a second, then an aborted transaction with its marker at 8-10. */
  beforeEach(async () => {
    storage = new MemoryStorage()
    archive = new TopicArchive({ storage })
    await ensureArchive(storage, {})
    await describeTopic(storage, { topic, topicId, firstSeenMs: 5, clusterId: 'c', partitions: 4 }, {})
    for (const baseOffset of [0n, 4n]) {
      const records = numberedRecords(4).map((record, index) => ({
        ...record,
        timestampMs: (baseOffset + BigInt(index)) * SECOND_MS,
      }))
      const maxTimestampMs = (baseOffset + 3n) * SECOND_MS
      await putSegment(storage, [batchView({ baseOffset, records })], { maxTimestampMs })
    }
    const state = { partition, generation: 1, from: 0n, next: 8n }
    const topics = [{ topic, topicId, replicationFactor: 1, configs: [], partitions: [state] }]
    checkpoint = await writeCheckpoint(storage, { takenMs: 7, clusterId: 'c', topics, groups: [] }, {})
    const aborted = batchView({
      baseOffset: 8n,
      producerId: 3n,
      attributes: BIT.transactional,
      records: numberedRecords(2).map((record) => ({ ...record, timestampMs: 9n * SECOND_MS })),
    })
    const marker = new RecordBatchView(markerBytes('abort', { baseOffset: 10n, producerId: 3n }))
    const transaction = { producerId: 3n, firstOffset: 8n }
    await putSegment(storage, [aborted, marker], { maxTimestampMs: 9n * SECOND_MS, aborted: [transaction] })
  })

  async function offsets(options: Partial<RecordsOptions> = {}): Promise<bigint[]> {
    const found: bigint[] = []
    for await (const { offset } of archive.records({ topic, partition, ...options })) found.push(offset)
    return found
  }

  it('gives the records that a read_committed consumer sees, or all of them', async () => {
    expect(await offsets()).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n])
    expect(await offsets({ isolation: 'uncommitted' })).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n])
  })

  it('gives a range of offsets, the last one excluded', async () => {
    expect(await offsets({ from: 3n, to: 6n })).toEqual([3n, 4n, 5n])
    expect(await offsets({ from: 100n })).toEqual([])
  })

  it('gives a range of times, the last instant excluded, and does not read what is older', async () => {
    expect(await offsets({ since: new Date(5_000), until: new Date(7_000) })).toEqual([5n, 6n])
    for await (const { key } of storage.list(`topics/${topic}/${topicId}/${partition}/g1/00000000000000000000-`)) {
      await storage.delete(key)
      await storage.put(key, Buffer.from('damaged'))
    }
    expect(await offsets({ since: new Date(5_000) })).toEqual([5n, 6n, 7n])
    await expect(offsets({ since: new Date(3_000) })).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      from: 0n,
      next: 4n,
    })
  })

  it('gives records of a damaged segment from intact ones that overlap it, and says what none of them has', async () => {
    const [first] = await collected(archive.segments({ topic, partition }))
    if (first === undefined) throw new Error('there is no segment')
    await inflict(storage, first, 'a flipped bit')
    await putSegment(storage, [batchView({ records: numberedRecords(2) })])
    const lost = { code: 'ARCHIVE_CORRUPT', key: first.key, from: 2n, next: 4n, hint: expect.any(String) }
    for (const choice of [{}, { checkpoint }]) await expect(offsets(choice)).rejects.toMatchObject(lost)
    expect(await offsets({ to: 2n })).toEqual([0n, 1n])
    await putSegment(storage, [batchView({ baseOffset: 2n, records: numberedRecords(2) })])
    for (const choice of [{}, { checkpoint }]) {
      expect(await offsets(choice)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n])
    }
  })

  it('does not read all of a large segment for a small part of it', async () => {
    const records = [{ value: Buffer.alloc(100_000) }]
    const batches = Array.from({ length: 20 }, (_, index) => batchView({ baseOffset: 11n + BigInt(index), records }))
    const { key } = await putSegment(storage, batches)
    const asked: unknown[] = []
    const get = storage.get.bind(storage)
    storage.get = (of, options) => {
      if (of === key) asked.push(options?.endByte)
      return get(of, options)
    }
    expect(await offsets({ from: 11n, to: 13n })).toEqual([11n, 12n])
    expect(asked).toEqual([262_144])
    expect(await offsets({ from: 11n })).toHaveLength(20)
    expect(asked).toEqual([262_144, undefined])
  })

  it('gives the state of a checkpoint, whatever was archived since', async () => {
    expect(await offsets({ checkpoint, isolation: 'uncommitted' })).toHaveLength(8)
    await expect(offsets({ checkpoint, partition: 0 })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
  })

  it('gives whole batches and segments, markers included', async () => {
    const controls: boolean[] = []
    for await (const batch of archive.batches({ topic, partition, from: 5n })) controls.push(batch.control)
    expect(controls).toEqual([false, false, true])
    const ranges: bigint[][] = []
    for await (const { from, next } of archive.segments({ topic, partition, to: 8n })) ranges.push([from, next])
    expect(ranges).toEqual([
      [0n, 4n],
      [4n, 8n],
    ])
  })

  it('lists topics, partitions and checkpoints', async () => {
    const topics: object[] = []
    for await (const known of archive.topics()) topics.push(known)
    expect(topics).toEqual([{ topic, topicId, firstSeenMs: 5, clusterId: 'c', partitions: 4 }])
    const verdicts = await archive.partitions(topic)
    expect(verdicts).toHaveLength(4)
    expect(verdicts[partition]).toMatchObject({ from: 0n, next: 11n, records: 10n, gaps: [], complete: true })
    const checkpoints: object[] = []
    for await (const known of archive.checkpoints()) checkpoints.push(known)
    expect(checkpoints).toEqual([{ id: checkpoint, takenMs: 7, clusterId: 'c', topics: 1 }])
  })

  it('passes over a checkpoint that is pruned after it was listed, and lists them once', async () => {
    const pruned = new MemoryStorage()
    await ensureArchive(pruned, {})
    const states = [1, 2, 3].map((takenMs) => ({ takenMs, clusterId: 'c', topics: [], groups: [] }))
    const ids: string[] = []
    for (const state of states) ids.push(await writeCheckpoint(pruned, state, {}))
    const list = vi.spyOn(pruned, 'list')
    const seen: string[] = []
    for await (const { id } of new TopicArchive({ storage: pruned }).checkpoints()) {
      seen.push(id)
      await pruned.delete(checkpointKey(ids[1] ?? ''))
    }
    expect(seen).toEqual([ids[0], ids[2]])
    expect(list).toHaveBeenCalledTimes(1)
  })

  it('says what is not in it', async () => {
    await expect(offsets({ topic: 'payments' })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    await expect(offsets({ topicId: 'another' })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    const empty = new TopicArchive({ storage: new MemoryStorage() })
    await expect(empty.topics().next()).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
  })

  it('reports progress, and stops with the reason of the signal', async () => {
    const reports: Progress[] = []
    await offsets({ onProgress: (progress) => reports.push(progress) })
    expect(reports.at(-1)).toMatchObject({ doneRecords: 8n, totalRecords: 10n })
    const reason = new Error('enough')
    await expect(offsets({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('refuses to guess offsets that a codec has not kept', async () => {
    const other = { ...PARTITION, partition: 0 }
    const frames = Buffer.concat([Buffer.from([0, 0, 0, 1, 65]), Buffer.from([0, 0, 0, 1, 66])])
    const name = { ...other, generation: 1, from: 0n, next: 5n, firstEpoch: 0, lastEpoch: 0, records: 2 }
    const { extension } = binaryFraming({ keys: false })
    const key = segmentKey({ ...name, maxTimestampMs: -1n, abortedTransactions: 0, crc32c: crc32c(frames), extension })
    await storage.put(key, frames)
    await expect(offsets({ partition: 0 })).rejects.toMatchObject({ code: 'LOSSY_CODEC' })
  })
})

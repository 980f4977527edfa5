import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c } from '@node-rs/crc32'
import { binaryFraming, type ExportedLog, MemoryStorage, type Progress } from 'kafkeep'
import { withFaults } from 'kafkeep/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { beginGeneration } from '../../../src/archive/generation.js'
import { gapKey, segmentKey } from '../../../src/archive/names.js'
import type { RecordBatchView } from '../../../src/batch/record-batch.js'
import { type BuiltBatch, batchBytes, batchView, numberedRecords } from '../../support/batches.js'
import { batchesOf, exportTo, firstOffsets, putCheckpoint } from '../../support/exported-log.js'
import { PARTITION, putSegment } from '../../support/segments.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { offsetsOf } from '../../support/transactional-log.js'

const newFolder = temporaryFolders()
const TEMPORARY = '.kafkeep-temporary'
const MIB = 1_048_576
let storage: MemoryStorage
let directory: string

beforeEach(async () => {
  storage = new MemoryStorage()
  directory = await newFolder()
})

/** A batch of so many records; those of different `prefix` hold other bytes. */
function batch(baseOffset: bigint, records: number, prefix = 'v', rest: BuiltBatch = {}): RecordBatchView {
  return batchView({ baseOffset, records: numberedRecords(records, prefix), leaderEpoch: 5, ...rest })
}

async function recordsIn(log: ExportedLog): Promise<string[]> {
  const batches = await batchesOf(log)
  for (const exported of batches) expect(exported).toMatchObject({ leaderEpoch: 0, intact: true })
  return batches.flatMap((exported) => [...exported.records()].map(({ offset, value }) => `${offset} ${value}`))
}

describe('an exported log', () => {
  it('is the archived bytes, but for the epoch and the producer, in a file named after the first offset', async () => {
    const plain = { baseOffset: 7n, records: numberedRecords(3), compression: 'gzip' } as const
    const byProducer = { baseOffset: 10n, records: numberedRecords(2), producerEpoch: 3, baseSequence: 4 }
    const [first, second] = [batchView({ ...plain, leaderEpoch: 5 }), batchView({ ...byProducer, producerId: 6n })]
    await putSegment(storage, [first, second])
    await putCheckpoint(storage, { from: 7n, next: 12n })
    const exported = await exportTo(join(directory, 'orders-3'), storage)
    const file = join(directory, 'orders-3', '00000000000000000007.log')
    expect(exported).toEqual({ files: [file], from: 7n, next: 12n })
    const expected = [batchBytes(plain), batchBytes({ ...byProducer, producerId: 2n ** 62n + 6n })]
    expect(await readFile(file)).toEqual(Buffer.concat(expected))
    expect(await readdir(join(directory, 'orders-3'))).toEqual(['00000000000000000007.log'])
  })

  it('begins where the log began, inside a batch or before the first record', async () => {
    await putSegment(storage, [batch(10n, 10)], { from: 13n })
    await putCheckpoint(storage, { from: 13n, next: 20n })
    const cut = await exportTo(directory, storage)
    expect(firstOffsets(cut)).toEqual([13n])
    expect((await recordsIn(cut))[0]).toBe('13 v3')
    expect(offsetsOf(await batchesOf(cut))).toEqual([13n, 14n, 15n, 16n, 17n, 18n, 19n])

    const compacted = new MemoryStorage()
    await putSegment(compacted, [batch(40n, 2)], { from: 30n, next: 42n })
    await putCheckpoint(compacted, { from: 30n, next: 42n })
    const early = await exportTo(await newFolder(), compacted)
    expect({ ...early, files: firstOffsets(early) }).toEqual({ files: [30n], from: 30n, next: 42n })
  })

  it('has each offset once where segments overlap, even inside a batch', async () => {
    await putSegment(storage, [batch(0n, 10), batch(10n, 10)])
    await putSegment(storage, [batch(10n, 10), batch(20n, 5)])
    await putSegment(storage, [batch(22n, 8)])
    await putCheckpoint(storage, { next: 30n })
    const offsets = offsetsOf(await batchesOf(await exportTo(directory, storage)))
    expect(offsets).toEqual(Array.from({ length: 30 }, (_, index) => BigInt(index)))
  })

  it('is that of its generation: of older ones only what lies before the cut', async () => {
    const first = await putCheckpoint(storage, { next: 20n, takenMs: 1 })
    await putSegment(storage, [batch(0n, 10, 'old'), batch(10n, 10, 'lost')])
    await beginGeneration(storage, PARTITION, { generation: 2, cut: 13n, archivedNext: 20n, takenMs: 1 }, {})
    await putSegment(storage, [batch(13n, 8, 'new')], { generation: 2 })
    await putCheckpoint(storage, { next: 21n, generation: 2, takenMs: 2 })
    const records = await recordsIn(await exportTo(directory, storage))
    const expected = [...numberedRecords(10, 'old'), ...numberedRecords(3, 'lost'), ...numberedRecords(8, 'new')]
    expect(records).toEqual(expected.map(({ value }, offset) => `${offset} ${value}`))
    const before = await recordsIn(await exportTo(await newFolder(), storage, { checkpoint: first }))
    expect(before.slice(10)).toEqual(numberedRecords(10, 'lost').map(({ value }, index) => `${10 + index} ${value}`))
  })

  it('is divided where a file would be too large, or an offset too far from its name', async () => {
    const far = 2n ** 32n
    const big = { records: [{ value: Buffer.alloc(MIB / 2) }] }
    const batches = [0n, 1n, 2n].map((baseOffset) => batchView({ baseOffset, ...big }))
    await putSegment(storage, [...batches, batchView({ baseOffset: far + 1n }), batchView({ baseOffset: far + 2n })])
    await putCheckpoint(storage, { next: far + 3n })
    expect(firstOffsets(await exportTo(directory, storage))).toEqual([0n, far + 1n])
    const divided = await exportTo(await newFolder(), storage, { segmentBytes: MIB })
    expect(firstOffsets(divided)).toEqual([0n, 1n, 2n, far + 1n])
    expect(offsetsOf(await batchesOf(divided))).toEqual([0n, 1n, 2n, far + 1n, far + 2n])
  })

  it('holds a record at the last offset that a file can hold', async () => {
    await putSegment(storage, [batchView({ baseOffset: 0n }), batchView({ baseOffset: 2n ** 31n - 1n })])
    await putCheckpoint(storage, { next: 2n ** 31n })
    expect(firstOffsets(await exportTo(directory, storage))).toEqual([0n])
  })

  it('has no file where the partition was empty, and an empty one where only its offsets are left', async () => {
    await putCheckpoint(storage, { next: 0n })
    expect(await exportTo(directory, storage)).toEqual({ files: [], from: 0n, next: 0n })
    expect(await readdir(directory)).toEqual([])

    const emptied = new MemoryStorage()
    await putCheckpoint(emptied, { from: 100n, next: 100n })
    const exported = await exportTo(directory, emptied)
    expect({ ...exported, files: firstOffsets(exported) }).toEqual({ files: [100n], from: 100n, next: 100n })
    expect(await readFile(exported.files[0] ?? '')).toHaveLength(0)

    const cutOff = new MemoryStorage()
    await putSegment(cutOff, [batch(0n, 10)])
    await cutOff.put(gapKey({ ...PARTITION, generation: 1, from: 10n, next: 15n, cause: 'deleted' }), Buffer.alloc(0))
    await putCheckpoint(cutOff, { next: 15n })
    const withGap = await exportTo(await newFolder(), cutOff)
    expect({ ...withGap, files: firstOffsets(withGap) }).toEqual({ files: [0n, 15n], from: 0n, next: 15n })
  })
})

describe('an export', () => {
  it('refuses a folder that holds a log, and changes nothing in it', async () => {
    await putSegment(storage, [batch(0n, 10)])
    await putCheckpoint(storage, { next: 10n })
    const zero = '0'.repeat(20)
    const files = ['.log', '.index', '.timeindex', '.txnindex', '.snapshot'].map((ending) => `${zero}${ending}`)
    for (const name of [...files, `${zero}.log.deleted`, 'leader-epoch-checkpoint']) {
      const folder = await newFolder()
      await writeFile(join(folder, name), 'precious')
      const refused = exportTo(folder, storage)
      await expect(refused).rejects.toMatchObject({ code: 'TARGET_CONFLICT', message: expect.stringContaining(name) })
      expect(await readdir(folder)).toEqual([name])
    }
    await writeFile(join(directory, 'partition.metadata'), 'version: 0')
    await exportTo(directory, storage)
    expect(await readdir(directory)).toEqual([`${zero}.log`, 'partition.metadata'])
    await expect(exportTo(directory, storage)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })
  })

  it('refuses a folder whose broker remembers a later start of the log, which it would cut or delete', async () => {
    await putSegment(storage, [batch(50n, 10)])
    await putCheckpoint(storage, { from: 50n, next: 60n })
    const [remembered, folder] = [join(directory, 'log-start-offset-checkpoint'), join(directory, 'orders-3')]
    await writeFile(remembered, '0\n3\norders 33 70\norders 3 51\nmy-orders 3 70\n')
    await expect(exportTo(folder, storage)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('log of orders-3 begins at offset 51'),
    })
    expect(await readdir(directory)).toEqual(['log-start-offset-checkpoint'])
    await writeFile(remembered, '0\n2\norders 33 70\norders 3 50\n')
    expect(await exportTo(`${folder}/`, storage)).toMatchObject({ from: 50n, next: 60n })
  })

  it('says so when the folder cannot be', async () => {
    await putCheckpoint(storage, { from: 5n, next: 5n })
    await writeFile(join(directory, 'file'), '')
    await expect(exportTo(join(directory, 'file', 'orders-0'), storage)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('ENOTDIR'),
    })
  })

  it('of an archive with damage in the middle leaves nothing, and works once the object is back', async () => {
    await putSegment(storage, [batch(0n, 10)])
    const { key } = await putSegment(storage, [batch(10n, 10)])
    await putSegment(storage, [batch(20n, 10)])
    await putCheckpoint(storage, { next: 30n })
    const { bytes } = batch(10n, 10)
    await storage.delete(key)
    await storage.put(key, Buffer.from(bytes).fill(0, 70, 71))
    const damaged = exportTo(directory, storage, { segmentBytes: MIB })
    await expect(damaged).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key, from: 10n, next: 20n })
    expect(await readdir(directory)).toEqual([])
    await storage.delete(key)
    await expect(exportTo(directory, storage)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining('offsets 10 to 19 are missing'),
    })
    await storage.put(key, bytes)
    expect(offsetsOf(await batchesOf(await exportTo(directory, storage)))).toHaveLength(30)
  })

  it('replaces what a killed one has left, but nothing once a broker has been there', async () => {
    await putSegment(storage, [batch(0n, 10)])
    await putCheckpoint(storage, { next: 10n })
    await mkdir(join(directory, TEMPORARY))
    await writeFile(join(directory, TEMPORARY, 'half'), 'half a file')
    for (const offset of [0, 5]) await writeFile(join(directory, `${String(offset).padStart(20, '0')}.log`), 'old')
    const index = join(directory, '00000000000000000000.index')
    await writeFile(index, '')
    await expect(exportTo(directory, storage)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringMatching(/already: 0{20}\.index$/),
    })
    expect(existsSync(join(directory, '00000000000000000005.log'))).toBe(true)
    await rm(index)
    expect(firstOffsets(await exportTo(directory, storage))).toEqual([0n])
    expect(await readdir(directory)).toEqual(['00000000000000000000.log'])
  })

  it('gives no file its name before all are written', async () => {
    for (const base of [0n, 1n, 2n]) {
      await putSegment(storage, [batchView({ baseOffset: base, records: [{ value: Buffer.alloc(MIB) }] })])
    }
    await putCheckpoint(storage, { next: 3n })
    const { proxy, hang } = withFaults(storage)
    const goOn = hang('get', { skip: 4 }) // the archive's marker, the checkpoint, and two segments
    const exporting = exportTo(directory, proxy, { segmentBytes: MIB })
    await expect.poll(() => readdir(join(directory, TEMPORARY)).catch(() => [])).toHaveLength(2)
    expect(await readdir(directory)).toEqual([TEMPORARY])
    goOn()
    expect(firstOffsets(await exporting)).toEqual([0n, 1n, 2n])
  })

  it('refuses what is not meant: partitions that nobody looked at, and a state with less than an older one', async () => {
    await putCheckpoint(storage, { next: 0n, unseen: true })
    await expect(exportTo(directory, storage)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })

    const emptied = new MemoryStorage()
    const whole = await putCheckpoint(emptied, { next: 10n, takenMs: 1 })
    await putSegment(emptied, [batch(0n, 10)])
    await beginGeneration(emptied, PARTITION, { generation: 2, cut: 0n, archivedNext: 10n, takenMs: 1 }, {})
    const last = await putCheckpoint(emptied, { next: 0n, generation: 2, takenMs: 2 })
    await expect(exportTo(directory, emptied)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('generation 1, which is older, reaches 10'),
    })
    expect(await exportTo(await newFolder(), emptied, { checkpoint: last })).toMatchObject({ files: [] })
    expect(await exportTo(directory, emptied, { checkpoint: whole })).toMatchObject({ from: 0n, next: 10n })
  })

  it('says what is not in the archive', async () => {
    await expect(exportTo(directory, storage)).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    await putCheckpoint(storage, { next: 0n })
    await expect(exportTo(directory, storage, { topic: 'payments' })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    await expect(exportTo(directory, storage, { partition: 4 })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    await expect(exportTo(directory, storage, { checkpoint: 'x' })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
  })

  it('refuses to guess offsets that a codec has not kept', async () => {
    const frames = Buffer.concat([Buffer.from([0, 0, 0, 1, 65]), Buffer.from([0, 0, 0, 1, 66])])
    const name = { ...PARTITION, generation: 1, from: 0n, next: 5n, firstEpoch: 0, lastEpoch: 0, records: 2 }
    const { extension } = binaryFraming({ keys: false })
    const key = segmentKey({ ...name, maxTimestampMs: -1n, abortedTransactions: 0, crc32c: crc32c(frames), extension })
    await storage.put(key, frames)
    await putCheckpoint(storage, { next: 5n })
    await expect(exportTo(directory, storage)).rejects.toMatchObject({ code: 'LOSSY_CODEC' })
    expect(await readdir(directory)).toEqual([])
  })

  it('reports progress, and stops with the reason of the signal', async () => {
    await putSegment(storage, [batch(0n, 10), batch(10n, 10)])
    await putCheckpoint(storage, { next: 20n })
    const reason = new Error('enough')
    const controller = new AbortController()
    const onProgress = () => controller.abort(reason)
    await expect(exportTo(directory, storage, { signal: controller.signal, onProgress })).rejects.toBe(reason)
    expect(await readdir(directory)).toEqual([])
    const reports: Progress[] = []
    await exportTo(directory, storage, { onProgress: (progress) => reports.push(progress) })
    expect(reports.at(-1)).toMatchObject({ doneRecords: 20n, totalRecords: 20n })
  })
})

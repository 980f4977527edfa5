import { crc32c } from '@node-rs/crc32'
import { abortedBytes } from '../../src/archive/aborted.js'
import { abortedKey, type PartitionIdentity, type SegmentName, segmentKey } from '../../src/archive/names.js'
import type { PartitionLog, SegmentInfo } from '../../src/archive/partition-log.js'
import { SegmentMemory } from '../../src/archiver/segment-memory.js'
import type { RecordBatchView } from '../../src/batch/record-batch.js'
import { larger } from '../../src/internal/bigint.js'
import type { AbortedTransaction } from '../../src/kafka/transport.js'
import type { ArchiveStorage } from '../../src/storage/storage.js'
import { cutAt, rangeOf, type TransactionalLog } from './transactional-log.js'

/** The partition that tests archive. */
export const PARTITION: PartitionIdentity = { topic: 'orders', topicId: 'AbCdEfGhIjKlMnOpQrStUv', partition: 3 }

/** A segment's name and size, with what a test is about replaced. */
export function segmentInfo(changes: Partial<SegmentName> = {}): SegmentInfo {
  const name: SegmentName = {
    ...PARTITION,
    ...{ generation: 1, from: 0n, next: 10n, firstEpoch: 0, lastEpoch: 0, records: 10, maxTimestampMs: 0n },
    ...{ abortedTransactions: 0, crc32c: 0, extension: '.log' },
    ...changes,
  }
  return { ...name, key: segmentKey(name), sizeBytes: 100 }
}

/** What a listing would tell, with what a test is about replaced. */
export function partitionLog(changes: Partial<PartitionLog> = {}): PartitionLog {
  return { partition: PARTITION, segments: [], gaps: [], newestGeneration: 1, cuts: new Map(), storedMs: 0, ...changes }
}

/** What a stored segment has besides what its batches say. */
export interface PutSegmentOptions extends Partial<SegmentName> {
  readonly aborted?: readonly AbortedTransaction[]
  /** Its content; that of a log segment when left out. */
  readonly bytes?: Buffer
}

/** Stores batches as a segment, by the format's description and without the archiver. */
export async function putSegment(
  storage: ArchiveStorage,
  batches: readonly RecordBatchView[],
  { aborted = [], bytes = Buffer.concat(batches.map((batch) => batch.bytes)), ...changes }: PutSegmentOptions = {},
): Promise<SegmentInfo> {
  const info = segmentInfo({
    ...rangeOf(batches),
    firstEpoch: batches[0]?.leaderEpoch ?? -1,
    lastEpoch: batches.at(-1)?.leaderEpoch ?? -1,
    records: batches.reduce((sum, { control, recordCount }) => sum + (control ? 0 : recordCount), 0),
    maxTimestampMs: batches.map(({ maxTimestampMs }) => maxTimestampMs).reduce(larger, -1n),
    abortedTransactions: aborted.length,
    crc32c: crc32c(bytes),
    ...changes,
  })
  if (aborted.length > 0) await storage.put(abortedKey(info.key), abortedBytes(abortedKey(info.key), aborted))
  await storage.put(info.key, bytes)
  return { ...info, sizeBytes: bytes.length }
}

/** Stores a log in segments that end at some places, each with the sidecar that the broker's answers give. */
export async function putLog(
  storage: ArchiveStorage,
  log: TransactionalLog,
  cuts: readonly number[],
): Promise<SegmentInfo[]> {
  const segments: SegmentInfo[] = []
  for (const piece of cutAt(log.batches, cuts)) {
    const { from, next } = rangeOf(piece)
    segments.push(await putSegment(storage, piece, { aborted: log.abortedIn(from, next) }))
  }
  return segments
}

/** Memory that is never full. */
export function segmentMemory(): SegmentMemory {
  return new SegmentMemory({ memoryBytes: 2 ** 40, segmentBytes: 67_108_864, reuses: true })
}

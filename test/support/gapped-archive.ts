import { MemoryStorage } from 'kafkeep'
import { gapKey, type OffsetRange } from '../../src/archive/names.js'
import { describeTopic } from '../../src/archive/topic-description.js'
import { putCheckpoint } from './exported-log.js'
import { PARTITION, putSegment } from './segments.js'
import { rangeOf, type TransactionalLog } from './transactional-log.js'

/** Which batches of a log were archived: `[0, first)` and `[second, end)`. */
export interface Archived {
  readonly first: number
  readonly second: number
  readonly end: number
}

/** An archive that lacks some of a log's batches. */
export interface GappedArchive {
  readonly storage: MemoryStorage
  /** Empty where nothing is missing between two segments. */
  readonly gap: OffsetRange
  /** Offsets of the archived records that a read_committed consumer sees. */
  readonly committed: readonly bigint[]
}

/** The archive of a log that retention has overtaken once; it may also end before the log does. */
export async function gappedArchive(log: TransactionalLog, { first, second, end }: Archived): Promise<GappedArchive> {
  const storage = new MemoryStorage()
  const { topic, topicId, partition } = PARTITION
  await describeTopic(storage, { topic, topicId, firstSeenMs: 7, clusterId: 'c', partitions: partition + 1 }, {})
  const pieces = [log.batches.slice(0, first), log.batches.slice(second, end)].filter((piece) => piece.length > 0)
  for (const piece of pieces) {
    const { from, next } = rangeOf(piece)
    await putSegment(storage, piece, { aborted: log.abortedIn(from, next) })
  }
  const gap = rangeOf(pieces.length === 2 ? log.batches.slice(first, second) : [])
  if (gap.from < gap.next) {
    await storage.put(gapKey({ ...PARTITION, generation: 1, ...gap, cause: 'retention' }), Buffer.alloc(0))
  }
  await putCheckpoint(storage, rangeOf(pieces.flat()))
  const archived = pieces.map(rangeOf)
  const committed = log.committed.filter((offset) => archived.some((one) => offset >= one.from && offset < one.next))
  return { storage, gap, committed }
}

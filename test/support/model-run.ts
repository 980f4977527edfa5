import { type ArchiveJob, type ArchiveWiring, archiveRun } from '../../src/archiver/archive-run.js'
import type { ArchiveEvent } from '../../src/archiver/events.js'
import type { ArchiveSummary } from '../../src/archiver/tally.js'
import { logSegments } from '../../src/codec/log-segments.js'
import { drain } from '../../src/internal/drain.js'
import type { ArchiveStorage } from '../../src/storage/storage.js'
import { batchBytes } from './batches.js'
import { plainLog, type TransactionalLog } from './transactional-log.js'

/** The topic that runs archive, if a test says nothing else. */
export const TOPIC = 'orders'

/** An archive run in small steps; what a test is about is replaced. */
export function stream(
  kafka: ArchiveWiring['kafka'],
  storage: ArchiveStorage,
  changes: Partial<ArchiveJob & ArchiveWiring> = {},
): AsyncGenerator<ArchiveEvent, ArchiveSummary, void> {
  const wiring = { kafka, storage, codec: logSegments(), groupId: 'kafkeep', maxSegmentAgeMs: 60_000, ...changes }
  const job = { topics: [TOPIC], follow: false, share: false, stop: undefined, groups: true, ...changes }
  return archiveRun(
    // Far smaller than a caller may choose, so that a run stores many segments.
    { segmentBytes: 300, memoryBytes: 16_384, ...wiring },
    { checkpointIntervalMs: 60_000, onGap: 'continue', onDivergence: 'continue', ...job },
  )
}

/** {@link stream} without the loop. */
export function run(...args: Parameters<typeof stream>): Promise<ArchiveSummary> {
  return drain(stream(...args))
}

/** A log of one record a batch; each has the epoch that is given for it. The first records are the same in all logs. */
export function recordsOf(epochs: readonly number[], name = 'v'): TransactionalLog {
  return plainLog(
    epochs.map((leaderEpoch, offset) => {
      const value = Buffer.from(`${name === 'other' && leaderEpoch === 0 ? 'v' : name}${offset}`)
      return batchBytes({ baseOffset: BigInt(offset), leaderEpoch, records: [{ value }] })
    }),
  )
}

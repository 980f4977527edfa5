import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ArchiveJob, type ArchiveWiring, archiveRun } from '../../../src/archiver/archive-run.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import { TransportError } from '../../../src/errors.js'
import { drain } from '../../../src/internal/drain.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import type { ArchiveStorage } from '../../../src/storage/storage.js'
import { TopicArchive } from '../../../src/topic-archive.js'
import { ClusterModel } from '../../support/cluster-model.js'
import { FaultyWorld } from '../../support/faulty-world.js'
import { type TransactionalLog, transactionalLog } from '../../support/transactional-log.js'

const TOPIC = 'orders'

function run(
  kafka: ArchiveWiring['kafka'],
  storage: ArchiveStorage,
  changes: Partial<ArchiveJob & ArchiveWiring> = {},
) {
  const wiring = { kafka, storage, codec: logSegments(), groupId: 'kafkeep', maxSegmentAgeMs: 60_000, ...changes }
  const job = { topics: [TOPIC], follow: false, share: false, stop: undefined, groups: true, ...changes }
  return drain(
    archiveRun(
      // Far smaller than a caller may choose, so that a run stores many segments.
      { segmentBytes: 300, memoryBytes: 16_384, ...wiring },
      { checkpointIntervalMs: 60_000, onGap: 'continue', onDivergence: 'continue', ...job },
    ),
  )
}

/** Offsets as an archive's reader sees them. */
async function offsetsIn(storage: ArchiveStorage, partition: number, isolation: 'committed' | 'uncommitted') {
  const offsets: bigint[] = []
  for await (const { offset } of new TopicArchive({ storage }).records({ topic: TOPIC, partition, isolation })) {
    offsets.push(offset)
  }
  return offsets
}

async function expectArchived(storage: ArchiveStorage, logs: readonly TransactionalLog[]): Promise<void> {
  for (const [partition, log] of logs.entries()) {
    expect(await offsetsIn(storage, partition, 'committed')).toEqual(log.committed)
    const written = log.batches.filter(({ control }) => !control).flatMap((batch) => [...batch.records()])
    expect(await offsetsIn(storage, partition, 'uncommitted')).toEqual(written.map(({ offset }) => offset))
  }
}

describe('a run', () => {
  it('archives every record once, whatever the sizes of answers and segments', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(transactionalLog, { minLength: 1, maxLength: 3 }), async (logs) => {
        const cluster = new ClusterModel()
        cluster.add(TOPIC, logs)
        const storage = new MemoryStorage()
        const summary = await run(cluster.transport, storage)
        expect(summary.complete).toBe(true)
        await expectArchived(storage, logs)
        for (const [partition, { end }] of logs.entries()) {
          expect(cluster.committed.get(`${TOPIC}-${partition}`)).toBe(end)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('that any call to the outside world ends leaves an archive that the next run completes, as if nothing had happened', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(transactionalLog, { minLength: 1, maxLength: 2 }),
        fc.constantFrom('before', 'after', 'dead' as const),
        async (logs, kind) => {
          const cluster = new ClusterModel()
          cluster.add(TOPIC, logs)
          const boom = new Error('the machine is gone')
          for (let call = 0; ; call++) {
            const storage = new MemoryStorage()
            const world = new FaultyWorld({ failAt: call, kind: kind as 'before', error: boom })
            const first = await run(world.around(cluster.transport), world.around<ArchiveStorage>(storage)).then(
              () => undefined,
              (error: unknown) => error,
            )
            if (!world.failed) break
            expect(first).toBe(boom)
            expect((await run(cluster.transport, storage)).complete).toBe(true)
            await expectArchived(storage, logs)
          }
        },
      ),
      { numRuns: 12 },
    )
  })

  it('goes on by itself when a call to Kafka fails for a passing reason', async () => {
    await fc.assert(
      fc.asyncProperty(transactionalLog, fc.nat({ max: 5 }), async (log, failAt) => {
        const cluster = new ClusterModel()
        cluster.add(TOPIC, [log])
        const error = new TransportError('the broker is busy', { system: 'kafka', retryable: true })
        const world = new FaultyWorld({ failAt, kind: 'before', error, only: ['fetch', 'listOffsets'] })
        const storage = new MemoryStorage()
        expect((await run(world.around(cluster.transport), storage)).complete).toBe(true)
        await expectArchived(storage, [log])
      }),
      { numRuns: 10 },
    )
  })
})

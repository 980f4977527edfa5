import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RecordBatchView } from '../../../src/batch/record-batch.js'
import { TransportError } from '../../../src/errors.js'
import type { KafkaTransport } from '../../../src/kafka/transport.js'
import type { RestoreOptions } from '../../../src/restore/restore-options.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import type { ArchiveStorage } from '../../../src/storage/storage.js'
import { TopicRestorer } from '../../../src/topic-restorer.js'
import { ClusterModel } from '../../support/cluster-model.js'
import { FaultyWorld } from '../../support/faulty-world.js'
import { archiveOf, seenInArchive, seenInCluster } from '../../support/seen-log.js'
import { type TransactionalLog, transactionalLog } from '../../support/transactional-log.js'

const TOPIC = 'orders'
const TARGET = 'orders-restored'

// The waits before a repetition are random up to a limit; here they are none.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** A log from which compaction has taken some batches, and retention those before a start. */
const worn = fc
  .record({ log: transactionalLog, taken: fc.array(fc.nat({ max: 30 }), { maxLength: 3 }), start: fc.nat({ max: 12 }) })
  .map(({ log, taken, start }) => ({ log: without(log, taken), start: BigInt(start) % log.end }))

/** The last batch stays, so that the log ends where it did. */
function without(log: TransactionalLog, taken: readonly number[]): TransactionalLog {
  const last = log.batches.length - 1
  return { ...log, batches: log.batches.filter((batch, index) => index === last || !isTaken(batch, index, taken)) }
}

function isTaken({ control }: RecordBatchView, index: number, taken: readonly number[]): boolean {
  return !control && taken.includes(index)
}

async function archived(log: TransactionalLog, start = 0n): Promise<MemoryStorage> {
  const cluster = new ClusterModel()
  cluster.add(TOPIC, [log])
  await cluster.transport.deleteRecords({ topic: TOPIC, partition: 0 }, start)
  return archiveOf(cluster, TOPIC)
}

function restore(kafka: KafkaTransport, storage: ArchiveStorage, options: RestoreOptions = {}) {
  return new TopicRestorer({ kafka, storage }).run({ rename: () => TARGET, offsets: 'exact', ...options })
}

async function expectSame(cluster: ClusterModel, storage: ArchiveStorage): Promise<void> {
  const target = await seenInCluster(cluster, { topic: TARGET, partition: 0 })
  expect(target).toEqual(await seenInArchive(storage, { topic: TOPIC, partition: 0 }))
}

describe('a restore at exact offsets', () => {
  it('makes a log in which every reader sees at each offset what the source had there', async () => {
    await fc.assert(
      fc.asyncProperty(worn, fc.nat({ max: 3 }), async ({ log, start }, markersAfterCalls) => {
        const storage = await archived(log, start)
        const cluster = new ClusterModel({ markersAfterCalls })
        const summary = await restore(cluster.transport, storage)
        expect(summary).toMatchObject({ complete: true })
        expect(summary.partitions).toMatchObject([{ targetFrom: start, targetNext: log.end }])
        await expectSame(cluster, storage)
      }),
      { numRuns: 80 },
    )
  }, 60_000)

  it('that any call to the outside world ends is completed by the next run, as if nothing had happened', async () => {
    await fc.assert(
      fc.asyncProperty(
        worn,
        fc.constantFrom('before', 'after', 'dead' as const),
        fc.nat({ max: 3 }),
        async ({ log, start }, kind, markersAfterCalls) => {
          const storage = await archived(log, start)
          const boom = new Error('the machine is gone')
          for (let call = 0; ; call++) {
            const cluster = new ClusterModel({ markersAfterCalls })
            const state = new MemoryStorage()
            const world = new FaultyWorld({ failAt: call, kind, error: boom })
            const first = restorerIn(world.around(cluster.transport), storage, world.around<ArchiveStorage>(state))
            const error = await first.run({ rename: () => TARGET, offsets: 'exact' }).then(
              () => undefined,
              (reason: unknown) => reason,
            )
            if (!world.failed) break
            expect(error).toBe(boom)
            await restorerIn(cluster.transport, storage, state).run({ rename: () => TARGET, offsets: 'exact' })
            await expectSame(cluster, storage)
          }
        },
      ),
      { numRuns: 8 },
    )
  }, 120_000)

  it('goes on by itself when a call fails for a passing reason, whether it had its effect or not', async () => {
    const only = ['produce', 'addToTransaction', 'endTransaction', 'listOffsets', 'deleteRecords', 'initProducerId']
    const error = new TransportError('the broker is busy', { system: 'kafka', retryable: true })
    await fc.assert(
      fc.asyncProperty(
        worn,
        fc.constantFrom('before', 'after' as const),
        fc.nat({ max: 40 }),
        async ({ log, start }, kind, failAt) => {
          const storage = await archived(log, start)
          const cluster = new ClusterModel({ markersAfterCalls: 2 })
          await cluster.transport.createTopic({ topic: TARGET, partitions: 1, replicationFactor: 1, configs: {} })
          // What is asked before the first byte may fail; the rest is what the restore itself repeats.
          const world = new FaultyWorld({ failAt: failAt + 5, kind, error, only })
          await restore(world.around(cluster.transport), storage)
          await expectSame(cluster, storage)
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)
})

function restorerIn(kafka: KafkaTransport, storage: ArchiveStorage, state: ArchiveStorage): TopicRestorer {
  return new TopicRestorer({ kafka, storage, state })
}

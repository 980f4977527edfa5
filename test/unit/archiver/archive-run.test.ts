import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KafkaRecord } from '../../../src/batch/read-records.js'
import { TransportError } from '../../../src/errors.js'
import type { KafkaTransport } from '../../../src/kafka/transport.js'
import type { Progress } from '../../../src/progress.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import type { ArchiveStorage } from '../../../src/storage/storage.js'
import { TopicArchive } from '../../../src/topic-archive.js'
import { ClusterModel } from '../../support/cluster-model.js'
import { FaultyWorld } from '../../support/faulty-world.js'
import { recordsOf, run, TOPIC } from '../../support/model-run.js'
import { type TransactionalLog, transactionalLog } from '../../support/transactional-log.js'
import { collected } from '../../support/znode-arbitrary.js'

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

  it('outlives a cluster that is away for a while, if it follows', { timeout: 60_000 }, async () => {
    const cluster = new ClusterModel()
    cluster.add(TOPIC, [recordsOf([0, 0])])
    const { transport } = cluster
    let away = false
    let refused = 0
    const kafka = new Proxy(transport, {
      get(_, name) {
        const call: unknown = Reflect.get(transport, name)
        return (...args: unknown[]) => {
          if (!away) return Reflect.apply(call as () => unknown, transport, args)
          refused++
          return Promise.reject(new TransportError('nobody answers', { system: 'kafka', retryable: true }))
        }
      },
    })
    const stop = new AbortController()
    const onProgress = ({ doneRecords, lagRecords }: Progress) => {
      if (doneRecords === 2n && refused === 0) away = true
      // Long enough for every kind of call to be refused, looks and commits among them.
      if (away && refused > 8) {
        away = false
        cluster.add(TOPIC, [recordsOf([0, 0, 0, 0])])
      }
      if (doneRecords === 4n && lagRecords === 0n) stop.abort()
    }
    const storage = new MemoryStorage()
    const job = { follow: true, stop: stop.signal, maxSegmentAgeMs: 1, checkpointIntervalMs: 50, onProgress }
    expect(await run(kafka, storage, job)).toMatchObject({ complete: true, records: 4n })
    expect(cluster.committed.get(`${TOPIC}-0`)).toBe(4n)
  })

  it('ends with an error when it is stopped while the cluster is away, and has stored what it held', async () => {
    const cluster = new ClusterModel()
    cluster.add(TOPIC, [recordsOf([0, 0])])
    const { transport } = cluster
    const error = new TransportError('nobody answers', { system: 'kafka', retryable: true })
    let away = false
    const kafka = new Proxy(transport, {
      get(_, name) {
        const call: unknown = Reflect.get(transport, name)
        return (...args: unknown[]) =>
          away ? Promise.reject(error) : Reflect.apply(call as () => unknown, transport, args)
      },
    })
    const stop = new AbortController()
    const onProgress = () => {
      if (cluster.requests < 2) return
      away = true
      stop.abort()
    }
    const storage = new MemoryStorage()
    const running = run(kafka, storage, { follow: true, stop: stop.signal, maxSegmentAgeMs: 3_600_000, onProgress })
    await expect(running).rejects.toBe(error)
    expect(await recordsIn(storage)).toHaveLength(2)
  })

  it('keeps topics apart where brokers have no ids for them', async () => {
    const cluster = new ClusterModel({ brokers: 'old' })
    const storage = new MemoryStorage()
    for (const topic of ['one', 'other']) {
      cluster.add(topic, [recordsOf([0, 0, 0])])
      expect((await run(cluster.transport, storage, { topics: [topic] })).records).toBe(3n)
    }
  })

  it.each([1, 3, 5])(
    'begins a new generation for a topic without id that was created again with %i records',
    async (count) => {
      const cluster = new ClusterModel({ brokers: 'old' })
      const storage = new MemoryStorage()
      cluster.add(TOPIC, [recordsOf([0, 0, 0], 'old')])
      const before = await run(cluster.transport, storage)
      expect((await run(cluster.transport, storage)).segments).toBe(0)
      cluster.add(TOPIC, [recordsOf(new Array<number>(count).fill(0), 'new')])
      expect(await run(cluster.transport, storage)).toMatchObject({ complete: true, records: BigInt(count) })
      const values = async (checkpoint?: string) =>
        (await recordsIn(storage, checkpoint)).map(({ value }) => Buffer.from(value ?? []).toString())
      expect(await values()).toEqual(Array.from({ length: count }, (_, offset) => `new${offset}`))
      expect(await values(before.checkpoint)).toEqual(['old0', 'old1', 'old2'])
    },
  )

  it('asks an old broker at each change of epoch whether its log goes on where the archive ends', async () => {
    const cluster = new ClusterModel({ brokers: 'old' })
    const storage = new MemoryStorage()
    cluster.add(TOPIC, [recordsOf([0, 0, 0, 0])])
    const transport = cluster.transport
    let fetches = 0
    const fetch: KafkaTransport['fetch'] = async (request) => {
      const answers = await transport.fetch(request)
      // While the run goes on, a replica that lacks the last records becomes the leader and writes others.
      if (++fetches === 1) cluster.add(TOPIC, [recordsOf([0, 0, 1, 1, 1, 1], 'other')])
      return answers
    }
    const kafka = new Proxy(transport, { get: (_, name) => (name === 'fetch' ? fetch : Reflect.get(transport, name)) })
    const stop = new AbortController()
    const onProgress = ({ lagRecords }: Progress) => {
      if (fetches > 3 && lagRecords === 0n) stop.abort()
    }
    await run(kafka, storage, { follow: true, stop: stop.signal, onProgress, maxSegmentAgeMs: 1 })
    const values = (await recordsIn(storage)).map(({ value }) => Buffer.from(value ?? []).toString())
    expect(values).toEqual(['v0', 'v1', 'other2', 'other3', 'other4', 'other5'])
  })
})

async function recordsIn(storage: ArchiveStorage, checkpoint?: string): Promise<KafkaRecord[]> {
  const archive = new TopicArchive({ storage })
  return collected(archive.records({ topic: TOPIC, partition: 0, checkpoint }))
}

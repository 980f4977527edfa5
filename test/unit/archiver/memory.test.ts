import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { archiveRun } from '../../../src/archiver/archive-run.js'
import { batchesIn } from '../../../src/batch/record-batch.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import type { KafkaTransport } from '../../../src/kafka/transport.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchBytes } from '../../support/batches.js'
import { ClusterModel } from '../../support/cluster-model.js'
import { plainLog, type TransactionalLog } from '../../support/transactional-log.js'

const TOPIC = 'orders'
const SEGMENT_BYTES = 64_000
const MEMORY_BYTES = 256_000

/** Counts what came from Kafka and is not stored yet. */
class Held {
  mostBytes = 0
  readonly read = new Set<string>()
  #bytes = 0

  from(kafka: KafkaTransport): KafkaTransport {
    const fetch: KafkaTransport['fetch'] = async (request) => {
      const answers = await kafka.fetch(request)
      // A batch that is cut off at the end of an answer is not kept.
      for (const { partition, bytes } of answers) {
        for (const batch of batchesIn(bytes)) {
          this.#bytes += batch.bytes.length
          this.read.add(`${partition}@${batch.baseOffset}`)
        }
      }
      this.mostBytes = Math.max(this.mostBytes, this.#bytes)
      return answers
    }
    return new Proxy(kafka, { get: (_, name) => (name === 'fetch' ? fetch : Reflect.get(kafka, name)) })
  }

  to(storage: MemoryStorage): MemoryStorage {
    const put = storage.put.bind(storage)
    storage.put = async (key, body, options) => {
      // Storing takes longer than reading.
      for (let turn = 0; turn < 20; turn++) await nextTurn()
      const result = await put(key, body, options)
      if (key.endsWith('.log')) this.#bytes -= result.info.sizeBytes
      return result
    }
    return storage
  }
}

async function mostHeldBytes(logs: readonly TransactionalLog[]): Promise<number> {
  const cluster = new ClusterModel()
  cluster.add(TOPIC, logs)
  const held = new Held()
  const stop = new AbortController()
  const total = logs.reduce((sum, { batches }) => sum + batches.length, 0)
  const run = archiveRun(
    {
      ...{ kafka: held.from(cluster.transport), storage: held.to(new MemoryStorage()), codec: logSegments() },
      ...{ groupId: 'kafkeep', segmentBytes: SEGMENT_BYTES, memoryBytes: MEMORY_BYTES, maxSegmentAgeMs: 60_000 },
    },
    {
      // Following, so that a partition is not stored just because its end is reached.
      ...{ topics: [TOPIC], follow: true, share: false, stop: stop.signal, groups: false },
      ...{ checkpointIntervalMs: 60_000, onGap: 'continue', onDivergence: 'continue' },
      onProgress: () => {
        if (held.read.size === total) stop.abort()
      },
    },
  )
  let next = await run.next()
  while (next.done !== true) next = await run.next()
  expect(next.value.partitions.reduce((sum, { next: end }) => sum + end, 0n)).toBe(BigInt(total))
  return held.mostBytes
}

const BATCH_BYTES = 5_000

/** So many batches with one record each. */
function logOf(batches: number, batchSize = BATCH_BYTES): TransactionalLog {
  const value = Buffer.alloc(batchSize)
  return plainLog(
    Array.from({ length: batches }, (_, offset) => batchBytes({ baseOffset: BigInt(offset), records: [{ value }] })),
  )
}

describe('the memory of a run', { timeout: 60_000 }, () => {
  it('is bounded however many partitions hold something', async () => {
    const most = await mostHeldBytes(Array.from({ length: 500 }, () => logOf(4)))
    expect(most).toBeLessThanOrEqual(MEMORY_BYTES)
    // It is made use of, too.
    expect(most).toBeGreaterThan(MEMORY_BYTES / 2)
  })

  it('is bounded while few partitions catch up with much', async () => {
    expect(await mostHeldBytes(Array.from({ length: 6 }, () => logOf(200)))).toBeLessThanOrEqual(MEMORY_BYTES)
  })

  it('takes one batch more than that where batches are larger than all of it', async () => {
    const most = await mostHeldBytes(Array.from({ length: 4 }, () => logOf(5, 2 * MEMORY_BYTES)))
    expect(most).toBeLessThan(3 * 2 * MEMORY_BYTES)
  })
})

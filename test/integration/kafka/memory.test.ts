import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Message } from 'kafkajs'
import { beforeAll, describe, expect, it } from 'vitest'
import { KafkaBench } from '../../support/kafka.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const repository = join(import.meta.dirname, '../../..')
const MIB = 1_048_576
const MEMORY_BYTES = 16 * MIB
/** What Node takes for garbage that it has not collected yet, and for code that only a run with records needs. */
const OVERHEAD_BYTES = 120 * MIB
const LIMIT_MS = 60_000
/** Goes on longer than a broker takes to lead that many partitions. */
const PATIENT = { initialRetryTime: 100, maxRetryTime: 500, retries: 60 }

/** What the program tells of its run. */
interface Measured {
  readonly complete: boolean
  readonly bytes: number
  readonly peakBytes: number
}

describe('what an archiver holds in memory', () => {
  const temporaryFolder = temporaryFolders()
  const bench = new KafkaBench('kafka4', undefined, PATIENT)
  let idleBytes: number

  beforeAll(async () => {
    idleBytes = (await archive(await bench.createTopic())).peakBytes
  })

  /** Archives in a process of its own. */
  async function archive(topic: string): Promise<Measured> {
    const program = join(repository, 'test/support/memory-program.ts')
    const args = [bench.brokers.join(','), await temporaryFolder(), topic, String(MEMORY_BYTES)]
    const options = { cwd: repository, timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...args], options)
    return JSON.parse(stdout)
  }

  /** A producer that comes too early sends again, and not only what was refused. */
  async function untilLed(topic: string, partitions: number): Promise<void> {
    await using kafka = bench.transport()
    await kafka.listOffsets(
      'earliest',
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
    )
  }

  it('does not grow with the number of partitions', async () => {
    const [partitions, partitionBytes, atOnce] = [500, 400_000, 25]
    const topic = await bench.createTopic(partitions)
    await untilLed(topic, partitions)
    const one = (partition: number): Message => ({ partition, value: Buffer.alloc(partitionBytes, `${partition} `) })
    const sends = Array.from({ length: partitions / atOnce }, (_, send) =>
      Array.from({ length: atOnce }, (_, index) => one(send * atOnce + index)),
    )
    await bench.produce(topic, sends)
    const { complete, bytes, peakBytes } = await archive(topic)
    expect({ complete, enough: bytes > partitions * partitionBytes }).toEqual({ complete: true, enough: true })
    expect(peakBytes - idleBytes).toBeLessThan(MEMORY_BYTES + OVERHEAD_BYTES)
  })

  it('grows with the size of a batch that is larger than all of it, but not with their number or that of their partitions', async () => {
    const [batches, partitions, batchBytes] = [12, 4, 50 * MIB]
    const topic = await bench.createTopic(partitions, { 'max.message.bytes': String(batchBytes + MIB) })
    await untilLed(topic, partitions)
    const value = Buffer.alloc(batchBytes, 'large ')
    await bench.produce(
      topic,
      Array.from({ length: batches }, (_, batch) => [{ value, partition: batch % partitions }]),
    )
    const { complete, bytes, peakBytes } = await archive(topic)
    expect({ complete, enough: bytes > batches * batchBytes }).toEqual({ complete: true, enough: true })
    expect(peakBytes - idleBytes).toBeLessThan(MEMORY_BYTES + OVERHEAD_BYTES + 3 * batchBytes)
  })
})

import { connect, type Socket } from 'node:net'
import { type ISocketFactory, Kafka, logLevel } from 'kafkajs'
import type { FetchedPartition } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { describe, expect, it } from 'vitest'
import { batchesIn } from '../../../src/batch/record-batch.js'
import { KafkaBench, messages } from '../../support/kafka.js'

const MIB = 1_048_576

/** Reads a topic of one partition from its start, with memory for the answer. */
async function fetchInto(kafka: Kafka, topic: string, into: Buffer): Promise<FetchedPartition | undefined> {
  await using transport = new KafkaJsTransport(kafka)
  const { topics } = await transport.metadata([topic])
  const [found] = topics
  const nodeId = found?.partitions[0]?.leaderId ?? -1
  const position = { partition: 0, leaderEpoch: -1, lastFetchedEpoch: -1, offset: 0n, maxBytes: 8 * MIB }
  const asked = [{ topic, topicId: found?.topicId, partitions: [position] }]
  const request = { nodeId, topics: asked, maxWaitMs: 100, maxBytes: 8 * MIB, isolation: 'uncommitted', into } as const
  const [answer] = await transport.fetch(request)
  return answer
}

function offsetsIn(answer: FetchedPartition | undefined): readonly bigint[] {
  return [...batchesIn(answer?.bytes ?? Buffer.alloc(0))].map(({ intact, nextOffset }) => (intact ? nextOffset : -1n))
}

describe.each(['kafka39', 'kafka4'] as const)('sockets for reading from %s', (version) => {
  const bench = new KafkaBench(version)

  it('read an answer straight into the memory that was lent for it, where it fits', async () => {
    const topic = await bench.createTopic()
    const value = Buffer.alloc(600_000, 'x')
    await bench.produce(topic, [[{ value }], [{ value }], [{ value }]])
    const kafka = bench.client()
    const large = Buffer.alloc(2 * MIB)
    const inPlace = await fetchInto(kafka, topic, large)
    expect(offsetsIn(inPlace)).toEqual([1n, 2n, 3n])
    expect(inPlace?.bytes.buffer).toBe(large.buffer)
    const small = Buffer.alloc(MIB)
    const elsewhere = await fetchInto(kafka, topic, small)
    expect(offsetsIn(elsewhere)).toEqual([1n, 2n, 3n])
    expect(elsewhere?.bytes.buffer).not.toBe(small.buffer)
    expect(small.every((byte) => byte === 0)).toBe(true)
  })

  it('are those of the host where it opens its own', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 3)])
    const opened: Socket[] = []
    const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
      const socket = connect({ host, port }, onConnect)
      opened.push(socket)
      return socket
    }
    const memory = Buffer.alloc(MIB)
    const kafka = new Kafka({ brokers: bench.brokers, logLevel: logLevel.NOTHING, socketFactory })
    const answer = await fetchInto(kafka, topic, memory)
    expect(offsetsIn(answer)).toEqual([3n])
    expect(opened.length).toBeGreaterThan(1)
    expect(memory.every((byte) => byte === 0)).toBe(true)
  })
})

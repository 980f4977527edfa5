import { connect, type Socket } from 'node:net'
import { type ISocketFactory, Kafka, logLevel } from 'kafkajs'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { describe, expect, it } from 'vitest'
import { fetchPartition } from '../../../src/kafka/fetch-partition.js'
import { leaderOf } from '../../../src/restore/target-log.js'
import { fetchInto, offsetsIn } from '../../support/fetch-into.js'
import { KafkaBench, messages } from '../../support/kafka.js'

const MIB = 1_048_576

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
    // A comparison that fails would print all of both buffers.
    expect(inPlace?.bytes.buffer === large.buffer).toBe(true)
    const small = Buffer.alloc(MIB)
    const elsewhere = await fetchInto(kafka, topic, small)
    expect(offsetsIn(elsewhere)).toEqual([1n, 2n, 3n])
    expect(elsewhere?.bytes.buffer === small.buffer).toBe(false)
    expect(small.every((byte) => byte === 0)).toBe(true)
  })

  it('are two for each broker, so that what is there does not wait for what is not', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, [messages(0, 3)])
    await using kafka = new KafkaJsTransport(bench.client())
    const log = { kafka, partition: { topic, partition: 0 }, signal: undefined }
    const place = { ...(await leaderOf(log)), topic }
    const read = (offset: bigint, maxWaitMs: number) => fetchPartition(log, place, { offset, maxWaitMs, maxBytes: MIB })
    const answers: (readonly bigint[])[] = []
    await Promise.all([
      read(3n, 2_000).then((answer) => answers.push(offsetsIn(answer))),
      read(0n, 0).then((answer) => answers.push(offsetsIn(answer))),
    ])
    expect(answers).toEqual([[3n], []])
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

import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { describe, expect, it } from 'vitest'
import { byTopic, type TopicPartition } from '../../../src/batch/topic-partition.js'
import { WireWriter } from '../../../src/kafka/protocol/wire.js'
import { FakeKafkaJs, type FakeRequest } from '../../support/fake-kafkajs.js'

const MAX_REQUEST_BYTES = 8_388_608
const NOT_LEADER = 6

/** What one Produce request holds. */
interface Produced {
  readonly nodeId: number
  readonly transactionalId: string | null
  readonly batches: readonly (TopicPartition & { readonly text: string })[]
}

/** Six partitions of two topics; those of an odd number are led by broker 1, the others by broker 2. */
const PLACES = ['a', 'b'].flatMap((topic) => [0, 1, 2].map((partition) => ({ topic, partition })))
const [A0, A1, A2, B0, B1] = PLACES as [TopicPartition, TopicPartition, TopicPartition, TopicPartition, TopicPartition]
const leaderOf = ({ partition }: TopicPartition) => (partition === 1 ? 1 : 2)

/**
 * A transport that knows who leads what, and the requests that it sends. A batch is some text; the answer to it is the
 * number of its request, from 0.
 */
async function open(errorOf: (partition: TopicPartition) => number = () => 0) {
  const produced: Produced[] = []
  const answer = ({ nodeId, body }: FakeRequest) => {
    const transactionalId = body.nullableString()
    body.int16()
    body.int32()
    const topics = body.array(() => {
      const topic = body.string()
      return body.array(() => ({ topic, partition: body.int32(), text: body.bytes().toString().slice(0, 5) }))
    })
    produced.push({ nodeId, transactionalId, batches: topics.flat() })
    const writer = new WireWriter(false)
    writer.array(byTopic(topics.flat().toReversed()), ([topic, batches]) => {
      writer.string(topic).array(batches, (batch) => {
        writer.int32(batch.partition).int16(errorOf(batch))
        writer
          .int64(BigInt(produced.length - 1))
          .int64(-1n)
          .int64(0n)
      })
    })
    return writer.int32(0).toBuffer()
  }
  const transport = new KafkaJsTransport(new FakeKafkaJs({ nodeIds: [1, 2], partitions: PLACES, leaderOf, answer }))
  await transport.metadata(['a', 'b'])
  return { transport, produced, texts: () => produced.map(({ batches }) => batches.map(({ text }) => text)) }
}

describe('batches that are produced at the same instant', () => {
  it('are one request to each broker, and each call is answered for its own', async () => {
    const { transport, produced } = await open((partition) => (partition === B1 ? NOT_LEADER : 0))
    const calls = PLACES.map((place) => transport.produce(place, Buffer.from(`${place.topic}${place.partition}`)))
    const answers = await Promise.all(calls)
    expect(produced).toHaveLength(2)
    for (const { nodeId, transactionalId, batches } of produced) {
      expect(transactionalId).toBe(null)
      expect(batches.map(({ text }) => text)).toEqual(
        PLACES.filter((place) => leaderOf(place) === nodeId).map(({ topic, partition }) => `${topic}${partition}`),
      )
    }
    const requestTo = (nodeId: number) => BigInt(produced.findIndex((request) => request.nodeId === nodeId))
    expect(answers).toEqual(PLACES.map((place) => ({ error: undefined, baseOffset: requestTo(leaderOf(place)) })))
  })

  it('go by themselves when nothing else is to be sent', async () => {
    const { transport, texts } = await open()
    await transport.produce(A0, Buffer.from('first'))
    await transport.produce(A2, Buffer.from('then'))
    expect(texts()).toEqual([['first'], ['then']])
  })

  it('may each be given in pieces', async () => {
    const { transport, texts } = await open()
    await transport.produce(
      A0,
      ['fi', 'r', 'st'].map((piece) => Buffer.from(piece)),
    )
    expect(texts()).toEqual([['first']])
  })

  it('of one partition are in one request each, in the order of the calls', async () => {
    const { transport, texts } = await open()
    const calls = [
      transport.produce(A0, Buffer.from('a0-1')),
      transport.produce(A0, Buffer.from('a0-2')),
      transport.produce(B0, Buffer.from('b0-1')),
      transport.produce(A0, Buffer.from('a0-3')),
      transport.produce(B0, Buffer.from('b0-2')),
    ]
    const answers = await Promise.all(calls)
    expect(texts()).toEqual([['a0-1', 'b0-1'], ['a0-2', 'b0-2'], ['a0-3']])
    expect(answers.map(({ baseOffset }) => baseOffset)).toEqual([0n, 1n, 0n, 2n, 1n])
  })

  it('travel only with those of their own transaction, and keep their order also then', async () => {
    const { transport, produced, texts } = await open()
    const mine = { transactionalId: 'mine' }
    await Promise.all([
      transport.produce(A0, Buffer.from('plain')),
      transport.produce(A0, Buffer.from('mine1'), mine),
      transport.produce(B0, Buffer.from('mine2'), mine),
      transport.produce(A2, Buffer.from('yours'), { transactionalId: 'yours' }),
      transport.produce(A0, Buffer.from('again')),
    ])
    expect(texts()).toEqual([['plain'], ['mine1', 'mine2'], ['yours'], ['again']])
    expect(produced.map(({ transactionalId }) => transactionalId)).toEqual([null, 'mine', 'yours', null])
  })

  it('are no larger together than brokers take', async () => {
    const { transport, texts } = await open()
    const large = (text: string) => Buffer.alloc(MAX_REQUEST_BYTES / 2 + 1, text)
    await Promise.all([
      transport.produce(A0, large('aaaaa')),
      transport.produce(A2, large('bbbbb')),
      transport.produce(B0, Buffer.from('small')),
    ])
    expect(texts()).toEqual([['aaaaa', 'small'], ['bbbbb']])
  })

  it('are left out when their call was given up before they were sent', async () => {
    const { transport, texts } = await open()
    const reason = new Error('enough')
    const stop = new AbortController()
    const given = transport.produce(A0, Buffer.from('no'), { signal: stop.signal })
    const kept = transport.produce(A2, Buffer.from('yes'))
    stop.abort(reason)
    await expect(given).rejects.toBe(reason)
    await kept
    await expect(transport.produce(A1, Buffer.from('no'), { signal: stop.signal })).rejects.toBe(reason)
    expect(texts()).toEqual([['yes']])
  })
})

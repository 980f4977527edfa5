import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { describe, expect, it } from 'vitest'
import type { TopicPartition } from '../../../src/batch/topic-partition.js'
import { WireWriter } from '../../../src/kafka/protocol/wire.js'
import { FakeKafkaJs, type FakeRequest } from '../../support/fake-kafkajs.js'

const NOT_LEADER = 6

/** A cluster of three brokers in which `leaderOf` says who leads what. The last offset of a partition is its number. */
function clusterOf(
  partitions: readonly TopicPartition[],
  leaderOf: (partition: TopicPartition) => number,
): { readonly kafka: FakeKafkaJs; readonly asked: () => string[] } {
  const answer = (request: FakeRequest) => offsets(request, leaderOf)
  const kafka = new FakeKafkaJs({ nodeIds: [1, 2, 3], partitions, leaderOf, answer })
  return { kafka, asked: () => kafka.requests.map(({ apiName, nodeId }) => `${apiName} ${nodeId}`) }
}

function offsets({ body, nodeId }: FakeRequest, leaderOf: (partition: TopicPartition) => number): Buffer {
  body.int32()
  body.int8()
  const asked = body.array(() => {
    const topic = body.string()
    const partitions = body.array(() => {
      const partition = body.int32()
      body.int64()
      return { topic, partition }
    })
    return { topic, partitions }
  })
  const writer = new WireWriter(false).int32(0)
  writer.array(asked.toReversed(), ({ topic, partitions }) => {
    writer.string(topic).array(partitions.toReversed(), (partition) => {
      const error = leaderOf(partition) === nodeId ? 0 : NOT_LEADER
      writer.int32(partition.partition).int16(error).int64(-1n).int64(BigInt(partition.partition))
    })
  })
  return writer.toBuffer()
}

function partitionsOf(topics: number, partitions: number): TopicPartition[] {
  return Array.from({ length: topics * partitions }, (_, index) => ({
    topic: `topic-${index % topics}`,
    partition: Math.floor(index / topics),
  }))
}

describe('a question about many partitions', () => {
  it('is one request to each leader after one look at the cluster, however many they are', async () => {
    const partitions = partitionsOf(1_000, 100)
    const { kafka, asked } = clusterOf(partitions, ({ partition }) => 1 + (partition % 3))
    await using transport = new KafkaJsTransport(kafka)
    const answers = await transport.listOffsets('high-watermark', partitions)
    expect(answers).toEqual(partitions.map(({ partition }) => BigInt(partition)))
    expect(asked()).toEqual(['Metadata 1', 'ListOffsets 1', 'ListOffsets 2', 'ListOffsets 3'])
    await transport.listOffsets('earliest', partitions)
    expect(asked().slice(4)).toEqual(['ListOffsets 1', 'ListOffsets 2', 'ListOffsets 3'])
  })

  it('finds all leaders that have moved with one more look, and asks only about their partitions again', async () => {
    const partitions = partitionsOf(50, 2)
    let moved = 0
    const { kafka, asked } = clusterOf(partitions, ({ partition }) => 1 + partition * moved)
    await using transport = new KafkaJsTransport(kafka)
    await transport.listOffsets('earliest', partitions)
    moved = 1
    const before = asked().length
    const answers = await transport.listOffsets('high-watermark', partitions)
    expect(answers).toEqual(partitions.map(({ partition }) => BigInt(partition)))
    expect(asked().slice(before)).toEqual(['ListOffsets 1', 'Metadata 1', 'ListOffsets 2'])
  })
})

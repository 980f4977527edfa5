import assert from 'node:assert/strict'
import { batchesIn } from '../../batch/record-batch.js'
import type { TopicPartition } from '../../batch/topic-partition.js'
import type { KafkaTransport } from '../../kafka/transport.js'
import { batchOf, eventually, fetchOnce, freshName, freshTopic, type KafkaContract, withTransport } from './support.js'

const BATCHES = [2, 2, 2]

/** Records and topics are deleted. */
export function deletionContract(contract: KafkaContract): void {
  const { test } = contract
  test('deletes the records before an offset, so that the log starts there, also inside a batch', () =>
    withTransport(contract, async (transport) => {
      const partition = await filledPartition(transport)
      await transport.deleteRecords(partition, 3n)
      assert.deepEqual(await endsOf(transport, partition), [3n, 6n])
      assert.equal((await fetchOnce(transport, partition, { offset: 2n })).error, 'OFFSET_OUT_OF_RANGE')
      const answer = await fetchOnce(transport, partition, { offset: 3n })
      assert.equal(answer.logStart, 3n)
      assert.deepEqual(
        [...batchesIn(answer.bytes)].map(({ baseOffset }) => baseOffset),
        [2n, 4n],
      )
      await transport.deleteRecords(partition, 1n)
      assert.deepEqual(await endsOf(transport, partition), [3n, 6n])
    }))

  test('deletes all records of a topic that retention keeps, which then goes on where it was', () =>
    withTransport(contract, async (transport) => {
      const partition = await filledPartition(transport, { 'cleanup.policy': 'delete', 'retention.ms': '-1' })
      await transport.deleteRecords(partition, 6n)
      await transport.deleteRecords(partition, 6n)
      assert.deepEqual(await endsOf(transport, partition), [6n, 6n])
      const batch = batchOf(1, await transport.initProducerId(), 0)
      assert.deepEqual(await transport.produce(partition, batch), { error: undefined, baseOffset: 6n })
    }))

  test('deletes nothing beyond the end of a log, of a compacted topic or of one that does not exist', () =>
    withTransport(contract, async (transport) => {
      const partition = await filledPartition(transport)
      await assert.rejects(transport.deleteRecords(partition, 7n), {
        code: 'TRANSPORT_FAILED',
        reason: 'OFFSET_OUT_OF_RANGE',
      })
      await assert.rejects(transport.deleteRecords(partition, -1n), RangeError)
      assert.deepEqual(await endsOf(transport, partition), [0n, 6n])
      const compacted = { topic: await freshTopic(transport, 1, { 'cleanup.policy': 'compact' }), partition: 0 }
      await assert.rejects(transport.deleteRecords(compacted, 0n), {
        code: 'TRANSPORT_FAILED',
        reason: 'POLICY_VIOLATION',
        retryable: false,
      })
      const topic = freshName()
      await assert.rejects(transport.deleteRecords({ topic, partition: 0 }, 0n), { code: 'TOPIC_NOT_FOUND', topic })
    }))

  test('deletes a topic, which is then unknown, and may be created again as another one', () =>
    withTransport(contract, async (transport) => {
      const partition = await filledPartition(transport)
      const { topic } = partition
      const before = (await transport.metadata([topic])).topics[0]
      await transport.deleteTopic(topic)
      assert.equal((await transport.metadata([topic])).topics[0]?.error, 'UNKNOWN_TOPIC_OR_PARTITION')
      await assert.rejects(transport.listOffsets('earliest', [partition]), { code: 'TOPIC_NOT_FOUND' })
      await assert.rejects(transport.deleteTopic(topic), { code: 'TOPIC_NOT_FOUND', topic })
      await transport.createTopic({ topic, partitions: 1, replicationFactor: 1, configs: {} })
      const after = (await transport.metadata([topic])).topics[0]
      // Brokers without topic ids (before 2.8) tell no difference.
      if (before?.topicId !== undefined) assert.notEqual(after?.topicId, before.topicId)
      assert.deepEqual(await endsOf(transport, partition), [0n, 0n])
    }))
}

/** A partition with three batches of two records. */
async function filledPartition(
  transport: KafkaTransport,
  configs: Readonly<Record<string, string>> = {},
): Promise<TopicPartition> {
  const partition = { topic: await freshTopic(transport, 1, configs), partition: 0 }
  const identity = await transport.initProducerId()
  let sequence = 0
  for (const count of BATCHES) {
    const batch = batchOf(count, identity, sequence)
    await eventually(async () => assert.equal((await transport.produce(partition, batch)).error, undefined))
    sequence += count
  }
  return partition
}

async function endsOf(transport: KafkaTransport, partition: TopicPartition): Promise<readonly bigint[]> {
  return [
    ...(await transport.listOffsets('earliest', [partition])),
    ...(await transport.listOffsets('high-watermark', [partition])),
  ]
}

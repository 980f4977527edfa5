import assert from 'node:assert/strict'
import { freshName, freshTopic, type KafkaContract, withTransport } from './support.js'

/** Topics are described as they are. */
export function topicContract(contract: KafkaContract): void {
  const { test } = contract
  test('describes a topic that it has created, each partition with its leader', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport, 3)
      const { clusterId, brokerIds, topics } = await transport.metadata([topic])
      assert.ok(clusterId !== '' && brokerIds.length > 0)
      const [described] = topics
      assert.equal(described?.topic, topic)
      assert.equal(described?.error, undefined)
      assert.equal(described?.internal, false)
      assert.deepEqual(
        described?.partitions.map(({ partition }) => partition),
        [0, 1, 2],
      )
      assert.ok(described?.partitions.every(({ leaderId }) => brokerIds.includes(leaderId)))
    }))

  test('lists every topic when none is named, and none when none is asked for', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport)
      assert.ok((await transport.metadata()).topics.some((known) => known.topic === topic))
      assert.deepEqual((await transport.metadata([])).topics, [])
    }))

  test('says of an unknown topic that it is unknown', () =>
    withTransport(contract, async (transport) => {
      const topic = freshName()
      const { topics } = await transport.metadata([topic])
      assert.equal(topics[0]?.error, 'UNKNOWN_TOPIC_OR_PARTITION')
      await assert.rejects(transport.listOffsets('earliest', [{ topic, partition: 0 }]), { code: 'TOPIC_NOT_FOUND' })
    }))

  test('only checks whether a topic could be created, where that is asked', () =>
    withTransport(contract, async (transport) => {
      const topic = freshName()
      const fit = { topic, partitions: 1, replicationFactor: 1, configs: {} }
      await transport.createTopic(fit, { validateOnly: true })
      assert.equal((await transport.metadata([topic])).topics[0]?.error, 'UNKNOWN_TOPIC_OR_PARTITION')
      const unfit = { ...fit, configs: { 'retention.ms': 'for ever' } }
      await assert.rejects(transport.createTopic(unfit, { validateOnly: true }), {
        code: 'TRANSPORT_FAILED',
        reason: 'INVALID_CONFIG',
        retryable: false,
      })
    }))

  test('refuses to create a topic that exists', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport)
      const again = transport.createTopic({ topic, partitions: 1, replicationFactor: 1, configs: {} })
      await assert.rejects(again, { code: 'TRANSPORT_FAILED', reason: 'TOPIC_ALREADY_EXISTS' })
    }))
}

import assert from 'node:assert/strict'
import type { KafkaTransport } from '../../kafka/transport.js'
import { eventually, freshName, freshTopic, type KafkaContract, withTransport } from './support.js'

const CONFIG = 'retention.ms'

/** Configs are read and changed one by one. */
export function configContract(contract: KafkaContract): void {
  const { test } = contract
  test('tells every config with its source, sets one, and removes it again', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport)
      const before = await retentionOf(transport, topic)
      assert.notEqual(before?.source, 'topic')
      await transport.alterTopicConfigs(topic, { [CONFIG]: '12345', 'max.message.bytes': '54321' })
      await eventually(async () => {
        const set = await retentionOf(transport, topic)
        assert.deepEqual([set?.value, set?.source], ['12345', 'topic'])
      })
      await transport.alterTopicConfigs(topic, { [CONFIG]: null })
      await eventually(async () => assert.deepEqual(await retentionOf(transport, topic), before))
      const [{ configs = [] } = {}] = await transport.topicConfigs([topic])
      assert.equal(configs.find(({ name }) => name === 'max.message.bytes')?.value, '54321')
    }))

  test('creates a topic with configs of its own, and describes several topics in the order asked', () =>
    withTransport(contract, async (transport) => {
      const [first, second] = [freshName(), freshName()]
      await transport.createTopic({ topic: first, partitions: 1, replicationFactor: 1, configs: {} })
      await transport.createTopic({ topic: second, partitions: 1, replicationFactor: 1, configs: { [CONFIG]: '777' } })
      await eventually(async () => {
        const described = await transport.topicConfigs([second, first])
        assert.deepEqual(
          described.map(({ topic }) => topic),
          [second, first],
        )
        assert.equal(described[0]?.configs.find(({ name }) => name === CONFIG)?.value, '777')
      })
    }))

  test('refuses a config that does not exist or has no such value, and changes nothing', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport)
      for (const changes of [{ [CONFIG]: 'for ever' }, { 'no.such.config': '1' }]) {
        await assert.rejects(transport.alterTopicConfigs(topic, changes), {
          code: 'TRANSPORT_FAILED',
          retryable: false,
        })
      }
      assert.notEqual((await retentionOf(transport, topic))?.source, 'topic')
    }))
}

async function retentionOf(transport: KafkaTransport, topic: string) {
  const [described] = await transport.topicConfigs([topic])
  return described?.configs.find(({ name }) => name === CONFIG)
}

import assert from 'node:assert/strict'
import type { KafkaTransport } from '../../kafka/transport.js'
import { batchOf, type KafkaContract, withTransport } from './support.js'

const PARTITION = { topic: 'a-topic', partition: 0 }
const IDENTITY = { producerId: 1n, producerEpoch: 0 }
const PRODUCER = { ...IDENTITY, transactionalId: 'a-transactional-id' }

/** Every call, as one that asks for little. */
const CALLS: Readonly<Record<string, (transport: KafkaTransport, signal?: AbortSignal) => Promise<unknown>>> = {
  metadata: (transport, signal) => transport.metadata([], { signal }),
  fetch: (transport, signal) =>
    transport.fetch({ nodeId: 0, topics: [], maxWaitMs: 1, maxBytes: 1, isolation: 'committed' }, { signal }),
  listOffsets: (transport, signal) => transport.listOffsets('earliest', [PARTITION], { signal }),
  epochEnds: (transport, signal) => transport.epochEnds([{ ...PARTITION, epoch: 0 }], { signal }),
  topicConfigs: (transport, signal) => transport.topicConfigs([PARTITION.topic], { signal }),
  alterTopicConfigs: (transport, signal) => transport.alterTopicConfigs(PARTITION.topic, {}, { signal }),
  createTopic: (transport, signal) =>
    transport.createTopic(
      { topic: 'b', partitions: 1, replicationFactor: 1, configs: {} },
      { signal, validateOnly: true },
    ),
  deleteTopic: (transport, signal) => transport.deleteTopic(PARTITION.topic, { signal }),
  deleteRecords: (transport, signal) => transport.deleteRecords(PARTITION, 0n, { signal }),
  initProducerId: (transport, signal) => transport.initProducerId({ signal }),
  produce: (transport, signal) => transport.produce(PARTITION, batchOf(1, IDENTITY, 0), { signal }),
  addToTransaction: (transport, signal) => transport.addToTransaction(PRODUCER, PARTITION, { signal }),
  endTransaction: (transport, signal) => transport.endTransaction(PRODUCER, 'abort', { signal }),
  describeTransaction: (transport, signal) => transport.describeTransaction(PRODUCER.transactionalId, { signal }),
  listGroups: (transport, signal) => transport.listGroups({ signal }),
  groupOffsets: (transport, signal) => transport.groupOffsets('a-group', undefined, { signal }),
  commitGroupOffsets: (transport, signal) =>
    transport.commitGroupOffsets('a-group', [{ ...PARTITION, offset: 0n, leaderEpoch: -1, metadata: '' }], { signal }),
  joinGroup: (transport, signal) => transport.joinGroup('a-group', [PARTITION.topic], { signal }),
}

/** A transport is used, and closed. */
export function lifeContract(contract: KafkaContract): void {
  const { test } = contract
  test('rejects every call with the reason of a signal that has fired', () =>
    withTransport(contract, async (transport) => {
      const reason = new Error('enough')
      for (const [name, call] of Object.entries(CALLS)) {
        await assert.rejects(
          call(transport, AbortSignal.abort(reason)),
          (error) => error === reason,
          `${name} must reject with the signal's reason`,
        )
      }
    }))

  test('rejects every call once it is closed, and may be closed twice', () =>
    withTransport(contract, async (transport) => {
      await transport.metadata([])
      await transport.close()
      await transport.close()
      for (const [name, call] of Object.entries(CALLS)) {
        await assert.rejects(call(transport), { code: 'TRANSPORT_FAILED' }, `${name} must fail`)
      }
    }))

  test('answers many calls at once that are made before it is connected', () =>
    withTransport(contract, async (transport) => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => transport.metadata([])))
      assert.equal(new Set(answers.map(({ clusterId }) => clusterId)).size, 1)
    }))
}

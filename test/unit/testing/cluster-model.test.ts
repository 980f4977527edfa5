import { describe, expect, it } from 'vitest'
import { batchesIn } from '../../../src/batch/record-batch.js'
import type { KafkaTransport, TransactionalProducer } from '../../../src/kafka/transport.js'
import {
  batchOf,
  fetchOnce,
  freshTopic,
  transactionalBatchOf,
} from '../../../src/testing/kafka-transport-contract/support.js'
import { ClusterModel, type ClusterModelOptions } from '../../support/cluster-model.js'

// Everything here is what Kafka 3.9 and 4.3 were seen to do.

/** A model, a partition and a transactional id that has an identity. */
async function begin(options: ClusterModelOptions = {}) {
  const cluster = new ClusterModel(options)
  const { transport } = cluster
  const partition = { topic: await freshTopic(transport), partition: 0 }
  return { cluster, transport, partition, producer: await takenOver(transport, 'an-id') }
}

async function takenOver(transport: KafkaTransport, transactionalId: string): Promise<TransactionalProducer> {
  const transaction = { transactionalId, timeoutMs: 60_000 }
  return { transactionalId, ...(await transport.initProducerId({ transaction })) }
}

describe('a cluster model', () => {
  it('refuses batches whose partition is not part of the transaction, or whose identity is another one', async () => {
    const { transport, partition, producer } = await begin()
    const { transactionalId } = producer
    const produce = (batch: Buffer) => transport.produce(partition, batch, { transactionalId })
    const error = 'INVALID_TXN_STATE'
    await expect(produce(transactionalBatchOf(1, producer, 0))).resolves.toMatchObject({ error })
    await transport.addToTransaction(producer, partition)
    await expect(produce(transactionalBatchOf(1, producer, 5))).resolves.toMatchObject({ baseOffset: 0n })
    await expect(transport.produce(partition, transactionalBatchOf(1, producer, 6))).resolves.toMatchObject({
      error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    })
    await expect(produce(batchOf(1, producer, 6))).resolves.toMatchObject({ error })
    await transport.endTransaction(producer, 'commit')
    await expect(produce(transactionalBatchOf(1, producer, 5))).resolves.toMatchObject({ error })
    const strangers = [
      { ...producer, transactionalId: 'another' },
      { ...producer, producerId: 1n },
    ]
    for (const stranger of strangers) {
      await expect(transport.addToTransaction(stranger, partition)).rejects.toMatchObject({
        reason: 'INVALID_PRODUCER_ID_MAPPING',
      })
    }
  })

  it('begins the sequences of a new epoch anew, which is two higher after a transaction was left open', async () => {
    const { transport, partition, producer } = await begin()
    await transport.addToTransaction(producer, partition)
    await transport.produce(partition, transactionalBatchOf(1, producer, 0), producer)
    const next = await takenOver(transport, 'an-id')
    expect(next).toEqual({ ...producer, producerEpoch: 2 })
    await transport.addToTransaction(next, partition)
    await expect(transport.produce(partition, transactionalBatchOf(1, next, 3), next)).resolves.toMatchObject({
      error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    })
    await expect(transport.produce(partition, transactionalBatchOf(1, next, 0), next)).resolves.toMatchObject({
      baseOffset: 2n,
    })
    await transport.endTransaction(next, 'abort')
    expect(await takenOver(transport, 'an-id')).toMatchObject({ producerEpoch: 3 })
  })

  it('aborts a transaction that takes too long, and fences its producer', async () => {
    const { cluster, transport, partition, producer } = await begin()
    await transport.addToTransaction(producer, partition)
    const produce = (sequence: number) =>
      transport.produce(partition, transactionalBatchOf(1, producer, sequence), producer)
    await produce(0)
    cluster.expireTransaction('an-id')
    expect(await transport.describeTransaction('an-id')).toEqual({
      ...{ ...producer, producerEpoch: 1 },
      state: 'complete-abort',
    })
    expect(cluster.batchesOf(partition).map(({ control }) => control)).toEqual([false, true])
    const error = { reason: 'PRODUCER_FENCED' }
    await expect(transport.addToTransaction(producer, partition)).rejects.toMatchObject(error)
    await expect(transport.endTransaction(producer, 'commit')).rejects.toMatchObject(error)
    await expect(transport.endTransaction(producer, 'abort')).rejects.toMatchObject(error)
    await expect(produce(1)).resolves.toMatchObject({ error: 'INVALID_PRODUCER_EPOCH' })
    expect(await takenOver(transport, 'an-id')).toMatchObject({ producerEpoch: 2 })
  })

  it('writes markers later, where that is wanted: what comes before them is still part of the transaction', async () => {
    const { transport, partition, producer } = await begin({ markersAfterCalls: 4 })
    const end = async () => (await transport.listOffsets('high-watermark', [partition]))[0]
    await transport.addToTransaction(producer, partition)
    await transport.produce(partition, transactionalBatchOf(1, producer, 0), producer)
    await transport.endTransaction(producer, 'commit')
    expect(await transport.describeTransaction('an-id')).toMatchObject({ state: 'prepare-commit' })
    expect(await end()).toBe(1n)
    await transport.produce(partition, transactionalBatchOf(1, producer, 1), producer)
    expect(await end()).toBe(3n)
    expect(await transport.describeTransaction('an-id')).toMatchObject({ state: 'complete-commit' })
    const { bytes } = await fetchOnce(transport, partition, { offset: 0n })
    expect([...batchesIn(bytes)].map(({ control }) => control)).toEqual([false, false, true])
  })

  it('takes any sequence of a producer that it has forgotten, which it never does in the middle of a transaction', async () => {
    const { cluster, transport, partition, producer } = await begin()
    const plain = await transport.initProducerId()
    await transport.produce(partition, batchOf(1, plain, 0))
    await transport.addToTransaction(producer, partition)
    await transport.produce(partition, transactionalBatchOf(1, producer, 0), producer)
    cluster.forgetProducers()
    await expect(transport.produce(partition, batchOf(1, plain, 7))).resolves.toMatchObject({ baseOffset: 2n })
    await expect(transport.produce(partition, transactionalBatchOf(1, producer, 7), producer)).resolves.toMatchObject({
      error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    })
  })
})

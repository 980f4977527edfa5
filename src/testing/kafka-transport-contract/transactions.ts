import assert from 'node:assert/strict'
import type { TopicPartition } from '../../batch/topic-partition.js'
import {
  batchOf,
  fetchOnce,
  freshName,
  freshTopic,
  type KafkaContract,
  transactionalBatchOf,
  withTransport,
} from './support.js'
import {
  endsOf,
  freshProducer,
  OUTCOMES,
  openTransaction,
  produceAs,
  shapeOf,
  untilDecided,
} from './transaction-support.js'

/** Transactions hold records back, and show them or not when they end. */
export function transactionContract(contract: KafkaContract): void {
  const { test } = contract
  test('shows the records of a transaction to readers of what is committed once its marker is in the log', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const producer = await openTransaction(transport, partition, 2)
      assert.deepEqual(await endsOf(transport, partition), [0n, 2n])
      assert.equal((await fetchOnce(transport, partition, { offset: 0n })).bytes.length, 0)
      const early = await fetchOnce(transport, partition, { offset: 0n, isolation: 'uncommitted' })
      assert.deepEqual(shapeOf(early.bytes), [[0n, 2n, undefined]])
      await transport.endTransaction(producer, 'commit')
      await untilDecided(transport, partition, 3n)
      const answer = await fetchOnce(transport, partition, { offset: 0n })
      assert.deepEqual(shapeOf(answer.bytes), [
        [0n, 2n, undefined],
        [2n, 3n, 'commit'],
      ])
      assert.deepEqual(answer.aborted, [])
    }))

  test('names a transaction that was aborted to readers of what is committed', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const producer = await openTransaction(transport, partition, 2)
      await transport.endTransaction(producer, 'abort')
      await untilDecided(transport, partition, 3n)
      const { producerId } = producer
      const answer = await fetchOnce(transport, partition, { offset: 0n })
      assert.deepEqual(answer.aborted, [{ producerId, firstOffset: 0n }])
      assert.deepEqual(shapeOf(answer.bytes), [
        [0n, 2n, undefined],
        [2n, 3n, 'abort'],
      ])
      const everything = await fetchOnce(transport, partition, { offset: 0n, isolation: 'uncommitted' })
      assert.deepEqual([everything.aborted, everything.bytes], [[], answer.bytes])
    }))

  test('ends a transaction in all its partitions, also in those without records, however often that is said', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport, 3)
      const [first, empty, other] = [0, 1, 2].map((partition) => ({ topic, partition })) as [
        TopicPartition,
        TopicPartition,
        TopicPartition,
      ]
      for (const outcome of OUTCOMES) {
        const [before = 0n] = await transport.listOffsets('high-watermark', [empty])
        const producer = await openTransaction(transport, first, 1)
        await transport.addToTransaction(producer, empty)
        await transport.addToTransaction(producer, empty)
        await transport.addToTransaction(producer, first)
        await transport.endTransaction(producer, outcome)
        await transport.endTransaction(producer, outcome)
        await untilDecided(transport, empty, before + 1n)
        await untilDecided(transport, first, 2n * (before + 1n))
        const { bytes } = await fetchOnce(transport, empty, { offset: before })
        assert.deepEqual(shapeOf(bytes), [[before, before + 1n, outcome]])
      }
      assert.deepEqual(await endsOf(transport, other), [0n, 0n])
    }))
}

/** Transactions follow each other, and end once. */
export function transactionOrderContract(contract: KafkaContract): void {
  const { test } = contract
  test('begins the next transaction right after the last one, at the next sequence', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const producer = await openTransaction(transport, partition, 1)
      await transport.endTransaction(producer, 'commit')
      for (let sequence = 1; sequence < 20; sequence++) {
        await transport.addToTransaction(producer, partition)
        const batch = transactionalBatchOf(1, producer, sequence)
        // The marker before it is in the log when the next transaction begins.
        assert.deepEqual(await produceAs(transport, producer, partition, batch), {
          error: undefined,
          baseOffset: 2n * BigInt(sequence),
        })
        await transport.endTransaction(producer, sequence % 2 === 0 ? 'commit' : 'abort')
      }
      await untilDecided(transport, partition, 40n)
    }))

  test('refuses to end a transaction the other way, or where none is open', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const refusal = { code: 'TRANSPORT_FAILED', reason: 'INVALID_TXN_STATE', retryable: false }
      await assert.rejects(transport.endTransaction(await freshProducer(transport), 'commit'), refusal)
      const producer = await openTransaction(transport, partition, 1)
      await transport.endTransaction(producer, 'abort')
      await untilDecided(transport, partition, 2n)
      await assert.rejects(transport.endTransaction(producer, 'commit'), refusal)
      assert.deepEqual(await endsOf(transport, partition), [2n, 2n])
    }))

  test('makes no partition of a topic that does not exist part of a transaction', () =>
    withTransport(contract, async (transport) => {
      const topic = freshName()
      const producer = await freshProducer(transport)
      await assert.rejects(transport.addToTransaction(producer, { topic, partition: 0 }), {
        code: 'TOPIC_NOT_FOUND',
        topic,
      })
    }))

  test('refuses a batch of a transaction that is not said to be one, and one that is out of order', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const producer = await openTransaction(transport, partition, 1)
      const next = transactionalBatchOf(1, producer, 1)
      assert.notEqual((await transport.produce(partition, next)).error, undefined)
      const gap = await produceAs(transport, producer, partition, transactionalBatchOf(1, producer, 7))
      assert.equal(gap.error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
      const plain = await produceAs(transport, producer, partition, batchOf(1, producer, 1))
      assert.notEqual(plain.error, undefined)
      assert.deepEqual(await produceAs(transport, producer, partition, next), { error: undefined, baseOffset: 1n })
      await transport.endTransaction(producer, 'commit')
      await untilDecided(transport, partition, 3n)
    }))
}

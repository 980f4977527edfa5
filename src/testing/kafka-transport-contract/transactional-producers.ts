import assert from 'node:assert/strict'
import type { TransactionState } from '../../kafka/transport.js'
import {
  eventually,
  fetchOnce,
  freshName,
  freshTopic,
  type KafkaContract,
  transactionalBatchOf,
  withTransport,
} from './support.js'
import {
  fenced,
  freshProducer,
  OUTCOMES,
  openTransaction,
  produceAs,
  shapeOf,
  untilDecided,
} from './transaction-support.js'

/** Transactional ids have identities, and states. */
export function transactionalProducerContract(contract: KafkaContract): void {
  const { test } = contract
  test('tells the state of a transactional id, and nothing of one that it does not know', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      assert.equal(await transport.describeTransaction(freshName()), undefined)
      const producer = await freshProducer(transport)
      const state = async () => transport.describeTransaction(producer.transactionalId)
      assert.deepEqual(await state(), { ...producer, state: 'empty' })
      for (const outcome of OUTCOMES) {
        await transport.addToTransaction(producer, partition)
        assert.deepEqual(await state(), { ...producer, state: 'ongoing' })
        await transport.endTransaction(producer, outcome)
        const ending: readonly (TransactionState | undefined)[] = [`prepare-${outcome}`, `complete-${outcome}`]
        assert.ok(ending.includes((await state())?.state))
        await eventually(async () => assert.deepEqual(await state(), { ...producer, state: `complete-${outcome}` }))
      }
    }))

  test('refuses transactions that may take longer than the brokers allow', () =>
    withTransport(contract, async (transport) => {
      const transaction = { transactionalId: freshName(), timeoutMs: 2_147_483_647 }
      await assert.rejects(transport.initProducerId({ transaction }), {
        code: 'TRANSPORT_FAILED',
        reason: 'INVALID_TRANSACTION_TIMEOUT',
        retryable: false,
      })
      assert.equal(await transport.describeTransaction(transaction.transactionalId), undefined)
    }))
}

/** A transactional id is taken over by whoever asks for its identity. */
export function takeOverContract(contract: KafkaContract): void {
  const { test } = contract
  test('gives a transactional id the same producer id each time, with a higher epoch, and fences who had it', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const first = await openTransaction(transport, partition, 1)
      await transport.endTransaction(first, 'commit')
      const second = await freshProducer(transport, first.transactionalId)
      assert.equal(second.producerId, first.producerId)
      assert.ok(second.producerEpoch > first.producerEpoch)
      for (const call of [
        transport.addToTransaction(first, partition),
        transport.endTransaction(first, 'commit'),
        transport.endTransaction(first, 'abort'),
      ]) {
        await assert.rejects(call, fenced)
      }
      assert.deepEqual(await transport.describeTransaction(first.transactionalId), { ...second, state: 'empty' })
      const other = await freshProducer(transport)
      assert.notEqual(other.producerId, first.producerId)
    }))

  test('aborts the transaction that a transactional id has left open when the id is taken over', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const first = await openTransaction(transport, partition, 3)
      const second = await freshProducer(transport, first.transactionalId)
      assert.equal(second.producerId, first.producerId)
      assert.ok(second.producerEpoch > first.producerEpoch)
      await untilDecided(transport, partition, 4n)
      const { aborted, bytes } = await fetchOnce(transport, partition, { offset: 0n })
      assert.deepEqual(aborted, [{ producerId: first.producerId, firstOffset: 0n }])
      assert.deepEqual(shapeOf(bytes), [
        [0n, 3n, undefined],
        [3n, 4n, 'abort'],
      ])
      await assert.rejects(transport.endTransaction(first, 'commit'), fenced)
      const late = await produceAs(transport, first, partition, transactionalBatchOf(1, first, 3))
      assert.notEqual(late.error, undefined)
      await transport.addToTransaction(second, partition)
      const batch = transactionalBatchOf(1, second, 0)
      assert.deepEqual(await produceAs(transport, second, partition, batch), { error: undefined, baseOffset: 4n })
      await transport.endTransaction(second, 'commit')
      await untilDecided(transport, partition, 6n)
    }))
}

import { describe, expect, it } from 'vitest'
import type { ApiRequest } from '../../../../src/kafka/protocol/api.js'
import { deleteRecordsRequest } from '../../../../src/kafka/protocol/delete-records.js'
import { deleteTopicRequest } from '../../../../src/kafka/protocol/delete-topics.js'
import { findCoordinatorRequest } from '../../../../src/kafka/protocol/find-coordinator.js'
import { initProducerIdRequest } from '../../../../src/kafka/protocol/producer-id.js'
import {
  addPartitionToTxnRequest,
  describeTransactionRequest,
  endTxnRequest,
} from '../../../../src/kafka/protocol/transactions.js'

/** Bytes as the protocol's description has them: one field after the other, spaces between. */
function bytes(...fields: readonly string[]): Buffer {
  return Buffer.from(fields.join('').replaceAll(' ', ''), 'hex')
}

function bodyOf(request: ApiRequest<unknown>): Buffer {
  return Buffer.concat([...request.body])
}

const PRODUCER = { transactionalId: 'id', producerId: 2n ** 40n, producerEpoch: 3 }
const PRODUCER_HEX = '0002 6964 0000010000000000 0003'

describe('a producer’s identity', () => {
  it('is asked for with a transactional id and its timeout, or with none', () => {
    const transaction = { transactionalId: 'id', timeoutMs: 900_000 }
    expect(bodyOf(initProducerIdRequest(1, transaction))).toEqual(bytes('0002 6964 000dbba0'))
    expect(bodyOf(initProducerIdRequest(1))).toEqual(bytes('ffff 7fffffff'))
  })

  it('has a coordinator if it is transactional, as groups have', () => {
    expect(bodyOf(findCoordinatorRequest(2, { kind: 'transaction', id: 'id' }))).toEqual(bytes('0002 6964 01'))
    expect(bodyOf(findCoordinatorRequest(2, { kind: 'group', id: 'id' }))).toEqual(bytes('0002 6964 00'))
  })
})

describe('a transaction', () => {
  it('is given partitions', () => {
    const request = addPartitionToTxnRequest(2, PRODUCER, { topic: 't', partition: 5 })
    expect(bodyOf(request)).toEqual(bytes(PRODUCER_HEX, '00000001 0001 74 00000001 00000005'))
    const answer = (error: string) => bytes('00000000 00000001 0001 74 00000001 00000005', error)
    expect(request.decode(answer('0000'))).toEqual({ error: undefined })
    expect(request.decode(answer('0033'))).toEqual({ error: 'CONCURRENT_TRANSACTIONS' })
    expect(() => request.decode(bytes('00000000 00000000'))).toThrow(RangeError)
  })

  it('is committed or aborted', () => {
    expect(bodyOf(endTxnRequest(2, PRODUCER, 'commit'))).toEqual(bytes(PRODUCER_HEX, '01'))
    const request = endTxnRequest(2, PRODUCER, 'abort')
    expect(bodyOf(request)).toEqual(bytes(PRODUCER_HEX, '00'))
    expect(request.decode(bytes('00000000 005a'))).toEqual({ error: 'PRODUCER_FENCED' })
  })

  it('is described with its state, also where that is a new one', () => {
    const request = describeTransactionRequest(0, 'id')
    expect(bodyOf(request)).toEqual(bytes('00 02 03 6964 00'))
    const answer = (error: string, state: string) => {
      const text = Buffer.from(state).toString('hex')
      const topics = '02 02 74 02 00000005 00'
      const head = bytes('00 00000000 02', error, '03 6964', (state.length + 1).toString(16).padStart(2, '0'), text)
      return Buffer.concat([head, bytes('0000ea60 0000000000000001 0000010000000000 0003', topics, '00 00')])
    }
    const described = (state: string) => ({ error: undefined, ...PRODUCER, state })
    expect(request.decode(answer('0000', 'PrepareCommit'))).toEqual(described('prepare-commit'))
    expect(request.decode(answer('0000', 'PrepareEpochFence'))).toEqual(described('prepare-epoch-fence'))
    expect(request.decode(answer('0000', 'Dreaming'))).toEqual(described('unknown'))
    expect(request.decode(answer('0069', 'Dead'))).toMatchObject({ error: 'TRANSACTIONAL_ID_NOT_FOUND' })
  })
})

describe('a deletion', () => {
  it('of records names an offset for each partition', () => {
    const deletions = [
      { topic: 't', partition: 0, before: 2n ** 33n },
      { topic: 't', partition: 1, before: 1n },
    ]
    const request = deleteRecordsRequest(1, deletions, 25_000)
    const [first, second] = ['00000000 0000000200000000', '00000001 0000000000000001']
    expect(bodyOf(request)).toEqual(bytes('00000001 0001 74 00000002', first, second, '000061a8'))
    const answer = bytes('00000000 00000001 0001 74 00000002', `${first} 0000`, '00000001 ffffffffffffffff 002c')
    expect(request.decode(answer)).toEqual([
      { topic: 't', partition: 0, error: undefined },
      { topic: 't', partition: 1, error: 'POLICY_VIOLATION' },
    ])
  })

  it('of a topic names it', () => {
    const request = deleteTopicRequest(3, 't', 25_000)
    expect(bodyOf(request)).toEqual(bytes('00000001 0001 74 000061a8'))
    expect(request.decode(bytes('00000000 00000001 0001 74 0049'))).toEqual([
      { topic: 't', error: 'TOPIC_DELETION_DISABLED', message: null },
    ])
  })
})

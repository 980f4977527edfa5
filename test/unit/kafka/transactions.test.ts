import { performance } from 'node:perf_hooks'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WireWriter } from '../../../src/kafka/protocol/wire.js'
import { FakeKafkaJs, type FakeRequest } from '../../support/fake-kafkajs.js'

const CONCURRENT_TRANSACTIONS = 51
const NOT_COORDINATOR = 16
const COORDINATOR_LOAD_IN_PROGRESS = 14
const PRODUCER_FENCED = 90
const AUTHORIZATION_FAILED = 53
const PRODUCER = { transactionalId: 'an-id', producerId: 7n, producerEpoch: 2 }
const PARTITION = { topic: 'a', partition: 1 }

// The waits before a repetition are random up to a limit; here they are none.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/**
 * A transport to three brokers of which the second one coordinates. `outcomes` become of the requests to the
 * coordinator: an error code, or a connection that is lost. Those after them succeed.
 */
function open(outcomes: (number | 'lost' | (() => number))[] = [], { apis = 70 } = {}) {
  const answer = ({ apiName }: FakeRequest) => {
    const writer = new WireWriter(false)
    if (apiName === 'FindCoordinator') return writer.int32(0).int16(0).string(null).int32(2).toBuffer()
    const next = outcomes.shift() ?? 0
    const outcome = typeof next === 'function' ? next() : next
    if (outcome === 'lost') throw Object.assign(new Error('closed'), { name: 'KafkaJSConnectionClosedError' })
    if (apiName !== 'AddPartitionsToTxn') return writer.int32(0).int16(outcome).int64(7n).int16(2).toBuffer()
    writer.int32(0).array(['a'], (topic) => {
      writer.string(topic).array([1], (partition) => writer.int32(partition).int16(outcome))
    })
    return writer.toBuffer()
  }
  const kafka = new FakeKafkaJs({ nodeIds: [1, 2, 3], partitions: [PARTITION], apis, answer })
  const asked = () => kafka.requests.map(({ apiName, nodeId }) => `${apiName} ${nodeId}`)
  return { transport: new KafkaJsTransport(kafka), asked }
}

const CALLS: Readonly<Record<string, (transport: KafkaJsTransport, signal?: AbortSignal) => Promise<unknown>>> = {
  InitProducerId: (transport, signal) =>
    transport.initProducerId({ signal, transaction: { transactionalId: 'an-id', timeoutMs: 1_000 } }),
  AddPartitionsToTxn: (transport, signal) => transport.addToTransaction(PRODUCER, PARTITION, { signal }),
  EndTxn: (transport, signal) => transport.endTransaction(PRODUCER, 'commit', { signal }),
}

describe('the coordinator of a transactional id', () => {
  it('is asked for once', async () => {
    const { transport, asked } = open()
    const transaction = { transactionalId: 'an-id', timeoutMs: 1_000 }
    expect(await transport.initProducerId({ transaction })).toEqual({ producerId: 7n, producerEpoch: 2 })
    for (let count = 0; count < 2; count++) {
      await transport.addToTransaction(PRODUCER, PARTITION)
      await transport.endTransaction(PRODUCER, 'abort')
    }
    const again = ['AddPartitionsToTxn 2', 'EndTxn 2']
    expect(asked().filter((request) => !request.startsWith('Metadata'))).toEqual([
      ...['FindCoordinator 1', 'InitProducerId 2'],
      ...again,
      ...again,
    ])
    await transport.endTransaction({ ...PRODUCER, transactionalId: 'another' }, 'abort')
    expect(asked().slice(-2)).toEqual(['FindCoordinator 1', 'EndTxn 2'])
  })

  it('is asked for again once it says that it is not the one, or its connection was lost', async () => {
    for (const outcome of [NOT_COORDINATOR, 'lost'] as const) {
      const { transport, asked } = open([0, outcome])
      await transport.addToTransaction(PRODUCER, PARTITION)
      const before = asked().length
      await transport.endTransaction(PRODUCER, 'commit')
      expect(asked().slice(before)).toEqual(['EndTxn 2', 'FindCoordinator 1', 'EndTxn 2'])
    }
  })
})

describe.each(Object.entries(CALLS))('%s', (name, call) => {
  it('is repeated while it fails for a passing reason, also when its answer is lost', async () => {
    const { transport, asked } = open(['lost', COORDINATOR_LOAD_IN_PROGRESS, 'lost', CONCURRENT_TRANSACTIONS])
    await call(transport)
    expect(asked().filter((request) => request === `${name} 2`)).toHaveLength(5)
  })

  it('waits while the last transaction is being ended, but not for ever', async () => {
    const many = Array.from({ length: 20 }, () => CONCURRENT_TRANSACTIONS)
    const patient = open([...many])
    await call(patient.transport)
    expect(patient.asked().filter((request) => request === `${name} 2`)).toHaveLength(21)
    let nowMs = 0
    // Ten seconds pass with every look at the clock.
    vi.spyOn(performance, 'now').mockImplementation(() => {
      nowMs += 10_000
      return nowMs
    })
    await expect(call(open([...many]).transport)).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      reason: 'CONCURRENT_TRANSACTIONS',
      retryable: true,
    })
  })

  it('ends the wait with the reason of a signal', async () => {
    const reason = new Error('enough')
    const stop = new AbortController()
    const { transport, asked } = open([
      CONCURRENT_TRANSACTIONS,
      () => {
        stop.abort(reason)
        return CONCURRENT_TRANSACTIONS
      },
    ])
    await expect(call(transport, stop.signal)).rejects.toBe(reason)
    expect(asked().filter((request) => request === `${name} 2`)).toHaveLength(2)
  })

  it('fails at once for good reasons', async () => {
    await expect(call(open([PRODUCER_FENCED]).transport)).rejects.toMatchObject({
      reason: 'PRODUCER_FENCED',
      retryable: false,
    })
    await expect(call(open([AUTHORIZATION_FAILED]).transport)).rejects.toMatchObject({
      reason: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      retryable: false,
      hint: expect.stringContaining('transactional id'),
    })
  })
})

describe('brokers before Kafka 3.0', () => {
  it('cannot describe transactions, which an error says', async () => {
    const { transport } = open([], { apis: 60 })
    await transport.addToTransaction(PRODUCER, PARTITION)
    await expect(transport.describeTransaction('an-id')).rejects.toMatchObject({
      ...{ code: 'TRANSPORT_FAILED', reason: 'UNSUPPORTED_VERSION' },
      message: expect.stringContaining('does not speak DescribeTransactions'),
      hint: expect.stringContaining('3.0'),
      retryable: false,
    })
  })
})

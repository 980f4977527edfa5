import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { describe, expect, it } from 'vitest'
import {
  decodeAssignment,
  decodeSubscription,
  encodeSubscription,
} from '../../../src/kafka/protocol/consumer-protocol.js'
import type { GroupMembership } from '../../../src/kafka/transport.js'
import { type FakeConsumer, FakeKafkaJs } from '../../support/fake-kafkajs.js'

const P0 = { topic: 't', partition: 0 }
const P1 = { topic: 't', partition: 1 }

const GIVE_UP = { restart: false }
const COMMIT = { offset: 1n, leaderEpoch: -1, metadata: '' }

interface Joined {
  readonly transport: KafkaJsTransport
  readonly membership: GroupMembership
  readonly consumer: FakeConsumer
}

async function joined(topics: readonly string[] = ['t']): Promise<Joined> {
  const kafka = new FakeKafkaJs()
  const transport = new KafkaJsTransport(kafka)
  const membership = await transport.joinGroup('g', topics)
  const consumer = consumerOf(kafka)
  return { transport, membership, consumer }
}

function consumerOf(kafka: FakeKafkaJs): FakeConsumer {
  const consumer = kafka.consumers.at(-1)
  if (consumer === undefined) throw new Error('no consumer was opened')
  return consumer
}

/** An error as kafkajs makes one of what a broker answered. */
function protocolError(type: string, code: number): Error {
  return Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type, code })
}

function wrapped(name: string, cause: Error): Error {
  return Object.assign(new Error(cause.message, { cause }), { name })
}

function coordinatorNotFound(): Error {
  return Object.assign(new Error('no coordinator'), { name: 'KafkaJSGroupCoordinatorNotFound' })
}

function topicsOf(subscription: Buffer | undefined): string[] {
  return decodeSubscription(subscription ?? Buffer.alloc(0))
}

describe('a membership', () => {
  it('tells the newest division only, and then waits for the next', async () => {
    const { membership, consumer } = await joined()
    await consumer.divide(1, [P0, P1], { leader: true })
    await consumer.divide(2, [P1])
    expect(await membership.nextAssignment()).toEqual({ partitions: [P1], leader: false })
    const next = membership.nextAssignment()
    await consumer.divide(3, [], { leader: true })
    expect(await next).toEqual({ partitions: [], leader: true })
  })

  it('tells an assignment to the next call where a signal has ended one', async () => {
    const { membership, consumer } = await joined()
    const controller = new AbortController()
    const reason = new Error('enough')
    const next = expect(membership.nextAssignment({ signal: controller.signal })).rejects.toBe(reason)
    const dividing = consumer.divide(1, [P0])
    controller.abort(reason)
    await next
    await dividing
    await expect(membership.nextAssignment({ signal: controller.signal })).rejects.toBe(reason)
    expect(await membership.nextAssignment()).toEqual({ partitions: [P0], leader: false })
  })

  it('goes on where kafkajs starts its consumer again after a crash', async () => {
    const { membership, consumer } = await joined()
    const next = membership.nextAssignment()
    consumer.crash(new Error('the connection broke'), { restart: true })
    await consumer.divide(1, [P0])
    expect(await next).toEqual({ partitions: [P0], leader: false })
  })

  it('has ended where kafkajs gives up, and says why to everybody who waits or asks', async () => {
    const { membership, consumer } = await joined()
    await consumer.divide(1, [P0])
    await membership.nextAssignment()
    const told = { code: 'TRANSPORT_FAILED', reason: 'GROUP_AUTHORIZATION_FAILED', retryable: false }
    const waiting = expect(membership.nextAssignment()).rejects.toMatchObject({ ...told, hint: expect.any(String) })
    consumer.crash(wrapped('KafkaJSNonRetriableError', protocolError('GROUP_AUTHORIZATION_FAILED', 30)), GIVE_UP)
    await waiting
    await expect(membership.nextAssignment()).rejects.toMatchObject(told)
    await expect(membership.commit([{ ...P0, ...COMMIT }])).rejects.toMatchObject(told)
    await expect(membership.subscribe(['t'])).rejects.toMatchObject(told)
    await membership.leave()
  })

  it('tells no division any more once it has ended', async () => {
    const { membership, consumer } = await joined()
    await consumer.divide(1, [P0])
    consumer.crash(new Error('enough'), GIVE_UP)
    await expect(membership.nextAssignment()).rejects.toMatchObject({ code: 'TRANSPORT_FAILED' })
  })

  it.each([
    ['no coordinator was found', coordinatorNotFound(), true],
    ['no coordinator was found when it joined again', wrapped('KafkaJSNonRetriableError', coordinatorNotFound()), true],
    ['kafkajs has tried often enough', wrapped('KafkaJSNumberOfRetriesExceeded', coordinatorNotFound()), true],
    ['the group is of another kind', protocolError('INCONSISTENT_GROUP_PROTOCOL', 23), false],
  ])('says whether joining once more may help: %s', async (_, error, retryable) => {
    const { membership, consumer } = await joined()
    consumer.crash(error, GIVE_UP)
    await expect(membership.nextAssignment()).rejects.toMatchObject({ retryable, hint: expect.any(String) })
  })

  it('joins again when its topics change, and only then', async () => {
    const { membership, consumer } = await joined(['t'])
    expect(topicsOf(await consumer.divide(1, [P0]))).toEqual(['t'])
    consumer.fetch()
    await membership.subscribe(['t', 'u'])
    expect(() => consumer.fetch()).toThrow(expect.objectContaining({ type: 'REBALANCE_IN_PROGRESS' }))
    expect(topicsOf(await consumer.divide(2, [P0]))).toEqual(['t', 'u'])
    consumer.fetch()
  })

  it('joins again for the same topics with other bytes: Kafka would not divide anew otherwise', async () => {
    const { membership, consumer } = await joined(['t'])
    const first = await consumer.divide(1, [P0])
    expect(await consumer.divide(2, [P0])).toEqual(first)
    await membership.subscribe(['t'])
    expect(() => consumer.fetch()).toThrow()
    const second = await consumer.divide(3, [P0, P1])
    expect(topicsOf(second)).toEqual(['t'])
    expect(second).not.toEqual(first)
  })

  it('is not brought back by kafkajs once it has left', async () => {
    const { membership, consumer } = await joined()
    const { restartOnFailure } = consumer.options.retry
    expect(await restartOnFailure(new Error('the connection broke'))).toBe(true)
    await membership.leave()
    expect(consumer.calls).toEqual(['connect', 'run', 'disconnect'])
    expect(await restartOnFailure(new Error('the connection broke'))).toBe(false)
  })

  it('divides what there is of its topics as the leader, also what is led by nobody', async () => {
    const partitions = [P0, P1, { topic: 'u', partition: 0 }, { topic: 'v', partition: 0 }]
    const kafka = new FakeKafkaJs({ partitions, leaderOf: ({ partition }) => (partition === 0 ? -1 : 1) })
    await using transport = new KafkaJsTransport(kafka)
    await transport.joinGroup('g', ['t'])
    const [assigner] = consumerOf(kafka).options.partitionAssigners
    const members = [
      { memberId: 'a', memberMetadata: encodeSubscription(['t', 'deleted'], 1) },
      { memberId: 'b', memberMetadata: encodeSubscription(['t', 'u'], 1) },
    ]
    const parts = (await assigner?.().assign({ members })) ?? []
    expect(parts.map(({ memberId, memberAssignment }) => [memberId, decodeAssignment(memberAssignment)])).toEqual([
      ['a', [P0]],
      ['b', [P1, { topic: 'u', partition: 0 }]],
    ])
  })

  it('is left when its transport is closed', async () => {
    const { transport, membership, consumer } = await joined()
    await transport.close()
    expect(consumer.calls).toEqual(['connect', 'run', 'disconnect'])
    await expect(membership.nextAssignment()).rejects.toMatchObject({ reason: 'UNKNOWN_MEMBER_ID' })
  })
})

describe('joining a group', () => {
  it('ends with the reason of a signal at once, and leaves no connection when that is open at last', async () => {
    const kafka = new FakeKafkaJs()
    let connected = () => {}
    kafka.connecting = new Promise((resolve) => {
      connected = resolve
    })
    const transport = new KafkaJsTransport(kafka)
    const controller = new AbortController()
    const reason = new Error('enough')
    const joining = expect(transport.joinGroup('g', ['t'], { signal: controller.signal })).rejects.toBe(reason)
    controller.abort(reason)
    await joining
    const closing = transport.close()
    expect(consumerOf(kafka).calls).toEqual(['connect'])
    connected()
    await closing
    expect(consumerOf(kafka).calls).toEqual(['connect', 'disconnect'])
  })

  it('fails where the cluster cannot be reached', async () => {
    const kafka = new FakeKafkaJs()
    kafka.connecting = Promise.reject(Object.assign(new Error('refused'), { name: 'KafkaJSConnectionError' }))
    const transport = new KafkaJsTransport(kafka)
    const told = { code: 'TRANSPORT_FAILED', retryable: true, hint: expect.any(String) }
    await expect(transport.joinGroup('g', ['t'])).rejects.toMatchObject(told)
    await transport.close()
    expect(consumerOf(kafka).calls).toEqual(['connect', 'disconnect'])
  })

  it('needs a name, and a client that has consumers', async () => {
    await expect(new KafkaJsTransport(new FakeKafkaJs()).joinGroup('', [])).rejects.toThrow(TypeError)
    const other = Object.assign(new FakeKafkaJs(), { consumer: undefined })
    await expect(new KafkaJsTransport(other).joinGroup('g', [])).rejects.toMatchObject({ code: 'UNSUPPORTED_CLIENT' })
  })
})

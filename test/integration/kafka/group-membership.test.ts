import { createConnection, type Socket } from 'node:net'
import { type Consumer, type ConsumerConfig, Kafka, logLevel } from 'kafkajs'
import type { GroupAssignment, GroupMembership } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { partitionName } from '../../../src/batch/topic-partition.js'
import { freshName, untilTold } from '../../../src/testing/kafka-transport-contract/support.js'
import { kafkaTool } from '../../services/kafka-tool.js'
import { eventually } from '../../support/eventually.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { MemberProcess } from '../../support/member-process.js'

const REFUSED = /^(ILLEGAL_GENERATION|UNKNOWN_MEMBER_ID|REBALANCE_IN_PROGRESS)$/

describe('members of a group', () => {
  let bench: KafkaBench
  let groupId: string
  let transport: KafkaJsTransport

  beforeEach(() => {
    bench = new KafkaBench('kafka4')
    groupId = freshName()
    transport = bench.transport()
  })

  afterEach(async () => {
    await transport.close()
  })

  it('read nothing, through every division', async () => {
    const topics = [await bench.createTopic(2), await bench.createTopic(2)]
    for (const topic of topics) for (const partition of [0, 1]) await bench.produce(topic, [messages(0, 3)], partition)
    const watched = watchedClient(bench.client())
    await using reader = new KafkaJsTransport(watched.kafka)
    const first = await reader.joinGroup(groupId, topics.slice(0, 1))
    await untilTold([first], ([told]) => expect(told?.partitions).toHaveLength(2))
    const second = await reader.joinGroup(groupId, topics)
    await first.subscribe(topics)
    await untilTold([first, second], (told) => expect(told.flatMap(namesOf)).toHaveLength(4))
    await second.leave()
    await untilTold([first], ([told]) => expect(told?.partitions).toHaveLength(4))
    const requests = new Set(watched.requests)
    expect(requests).toContain('JoinGroup')
    expect(requests).toContain('Heartbeat')
    for (const apiName of ['Fetch', 'ListOffsets', 'OffsetFetch', 'OffsetCommit'])
      expect(requests).not.toContain(apiName)
    expect(watched.batches()).toBe(0)
  })

  it('may be many that join at the same time', async () => {
    const topic = await bench.createTopic(10)
    const members = await Promise.all(Array.from({ length: 5 }, () => transport.joinGroup(groupId, [topic])))
    await untilTold(members, (told) => {
      expect(told.map(({ partitions }) => partitions.length)).toEqual([2, 2, 2, 2, 2])
      expect(told.filter(({ leader }) => leader)).toHaveLength(1)
      expect(new Set(told.flatMap(namesOf)).size).toBe(10)
    })
  })

  it('are shown with their partitions by Kafka’s own tools', async () => {
    const topic = await bench.createTopic(3)
    const member = await transport.joinGroup(groupId, [topic])
    await member.nextAssignment()
    const { stdout } = await kafkaTool('kafka4', 'consumer-groups', [
      ...['--bootstrap-server', bench.brokers.join(','), '--describe', '--group', groupId, '--members', '--verbose'],
    ])
    expect(stdout).toMatch(new RegExp(`${topic}.*0,\\s*1,\\s*2`))
  })

  it('take over from a process that is frozen, which is refused to commit when it thaws, and joins again', async () => {
    const topic = await bench.createTopic(2)
    const frozen = new MemberProcess(bench.brokers, groupId, topic)
    try {
      expect((await frozen.next()).partitions).toHaveLength(2)
      const member = await transport.joinGroup(groupId, [topic])
      await untilTold([member], ([told]) => expect(told?.partitions).toHaveLength(1))
      expect((await frozen.next()).partitions).toHaveLength(1)
      expect(await frozen.commit()).toBe('committed')
      frozen.freeze()
      await untilTold([member], ([told]) => expect(told?.partitions).toHaveLength(2))
      frozen.thaw()
      expect(await frozen.commit()).toMatch(REFUSED)
      const [{ partitions: ofFrozen }] = await Promise.all([
        frozen.next(),
        untilTold([member], ([told]) => expect(told?.partitions).toHaveLength(1)),
      ])
      expect(ofFrozen).toHaveLength(1)
      expect(await frozen.commit()).toBe('committed')
      const committed = await transport.groupOffsets(groupId, ofFrozen)
      expect(committed).toMatchObject([{ offset: 5n, metadata: 'frozen' }])
      expect(await frozen.end()).toBe(0)
      await untilTold([member], ([told]) => expect(told?.partitions).toHaveLength(2))
    } finally {
      await frozen.kill()
    }
  })

  it('lose a topic that is deleted with the next division, and nothing else', async () => {
    const [kept, deleted] = [await bench.createTopic(2), await bench.createTopic(2)]
    const first = await transport.joinGroup(groupId, [kept, deleted])
    expect((await first.nextAssignment()).partitions).toHaveLength(4)
    await bench.admin((admin) => admin.deleteTopics({ topics: [deleted] }))
    const second = await transport.joinGroup(groupId, [kept, deleted])
    await untilTold([first, second], (told) => {
      expect(told.flatMap(namesOf).toSorted()).toEqual([`${kept}-0`, `${kept}-1`])
    })
    const { topics } = await transport.metadata([deleted])
    expect(topics[0]?.error).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  it('divide partitions that were added to a topic once any of them subscribes again', async () => {
    const topic = await bench.createTopic(1)
    const members = [await transport.joinGroup(groupId, [topic]), await transport.joinGroup(groupId, [topic])]
    let leader = -1
    await untilTold(members, (told) => {
      expect(told.flatMap(namesOf)).toEqual([`${topic}-0`])
      leader = told.findIndex((one) => one.leader)
    })
    for (const [index, count] of [
      [leader, 4],
      [1 - leader, 8],
    ] as const) {
      await bench.admin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }))
      await members[index]?.subscribe([topic])
      await untilTold(members, (told) => {
        expect(told.map(({ partitions }) => partitions.length)).toEqual([count / 2, count / 2])
      })
    }
  })

  it('end where the group is an application’s, and leave that alone', async () => {
    const topic = await bench.createTopic()
    const application = bench.client().consumer({ groupId })
    try {
      await application.connect()
      await application.subscribe({ topics: [topic] })
      await application.run({ eachBatch: async () => {} })
      const before = await membersOf(bench, groupId)
      const member = await transport.joinGroup(groupId, [topic])
      await expect(member.nextAssignment()).rejects.toMatchObject({
        ...{
          code: 'TRANSPORT_FAILED',
          reason: 'INCONSISTENT_GROUP_PROTOCOL',
          retryable: false,
          hint: expect.any(String),
        },
      })
      expect(await membersOf(bench, groupId)).toEqual(before)
    } finally {
      await application.disconnect()
    }
  })

  it('join again when their connections break, and when nobody answers for so long that kafkajs starts anew', async () => {
    const topic = await bench.createTopic(2)
    const network = new BreakableNetwork()
    const watched = watchedClient(network.client(bench.brokers))
    await using shaky = new KafkaJsTransport(watched.kafka)
    const member = await shaky.joinGroup(groupId, [topic])
    await untilTold([member], ([told]) => expect(told?.partitions).toHaveLength(2))
    const other = await transport.joinGroup(groupId, [topic])
    network.cut()
    await untilEachHasOne([member, other])
    network.down = true
    network.cut()
    await eventually(() => expect(watched.crashes).toContainEqual({ restart: true }), { limitMs: 30_000 })
    await untilTold([other], ([told]) => expect(told?.partitions).toHaveLength(2))
    network.down = false
    await untilEachHasOne([member, other])
  })

  it('are gone from the group as soon as their transport is closed', async () => {
    const topic = await bench.createTopic()
    const closing = bench.transport()
    const member = await closing.joinGroup(groupId, [topic])
    await member.nextAssignment()
    expect(await membersOf(bench, groupId)).toHaveLength(1)
    await closing.close()
    expect(await membersOf(bench, groupId)).toHaveLength(0)
  })
})

function namesOf({ partitions }: GroupAssignment): string[] {
  return partitions.map(partitionName)
}

async function untilEachHasOne(members: readonly GroupMembership[]): Promise<void> {
  await untilTold(members, (told) => {
    expect(told.map(({ partitions }) => partitions.length)).toEqual([1, 1])
    expect(new Set(told.flatMap(namesOf)).size).toBe(2)
  })
}

async function membersOf(bench: KafkaBench, groupId: string): Promise<string[]> {
  const { groups } = await bench.admin((admin) => admin.describeGroups([groupId]))
  return groups.flatMap(({ members }) => members.map(({ memberId }) => memberId))
}

/** A client whose consumers are watched. */
function watchedClient(kafka: Kafka) {
  const requests: string[] = []
  const crashes: { readonly restart: boolean }[] = []
  let batches = 0
  const open = kafka.consumer
  kafka.consumer = function consumer(this: Kafka, config: ConsumerConfig): Consumer {
    const opened = open.call(this, config)
    opened.on(opened.events.REQUEST, ({ payload }) => requests.push(payload.apiName))
    opened.on(opened.events.CRASH, ({ payload: { restart } }) => crashes.push({ restart }))
    opened.on(opened.events.START_BATCH_PROCESS, () => batches++)
    return opened
  }
  return { kafka, requests, crashes, batches: () => batches }
}

/** Connections that a test can cut, and keep from coming about again. */
class BreakableNetwork {
  down = false
  readonly #sockets = new Set<Socket>()

  client(brokers: string[]): Kafka {
    return new Kafka({
      ...{ clientId: 'shaky', brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 5 } },
      socketFactory: ({ host, port, onConnect }) => {
        // Nobody listens on port 1.
        const socket = createConnection({ host, port: this.down ? 1 : port }, onConnect)
        this.#sockets.add(socket)
        socket.once('close', () => this.#sockets.delete(socket))
        return socket
      },
    })
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy(new Error('read ECONNRESET'))
  }
}

import { byTopic, type TopicPartition } from '../../src/batch/topic-partition.js'
import type { PartitionAssigner } from '../../src/kafka/kafkajs-consumer.js'
import { encodeAssignment } from '../../src/kafka/protocol/consumer-protocol.js'
import type { GroupMember } from '../../src/kafka/protocol/groups.js'
import { WireReader, WireWriter } from '../../src/kafka/protocol/wire.js'

const UNKNOWN_TOPIC_OR_PARTITION = 3
const CREATE_CLUSTER = Symbol('private:Kafka:createCluster')

/** A request that a broker of {@link FakeKafkaJs} is sent. */
export interface FakeRequest {
  readonly nodeId: number
  readonly apiName: string
  readonly body: WireReader
}

/** A member's request for its part, with what it is going to be given. */
interface SyncGroupRequest extends GroupMember {
  readonly given: Buffer
}

interface QueuedRequest {
  readonly entry: { readonly apiName: string; resolve(answer: { readonly payload: Buffer }): void }
  sendRequest(): void
}

/** The cluster that a {@link FakeKafkaJs} is a client of. */
export interface FakeCluster {
  /** Brokers listen on `fake`, at the port that is their node id. */
  readonly nodeIds?: readonly number[]
  /** All there are. */
  readonly partitions?: readonly TopicPartition[]
  /** -1 for one without a leader. */
  readonly leaderOf?: (partition: TopicPartition) => number
  /** How many APIs the brokers speak, counted from 0. */
  readonly apis?: number
  /** Answers everything but Metadata. What it throws is why the answer is lost. */
  readonly answer?: (request: FakeRequest) => Buffer
}

/** What a `Kafka` instance of kafkajs is to kafkeep: brokers that answer at once, and consumers that a test directs. */
export class FakeKafkaJs {
  readonly requests: FakeRequest[] = []
  readonly consumers: FakeConsumer[] = []
  /** What consumers wait for when they connect. */
  connecting: Promise<void> = Promise.resolve()
  readonly #cluster: Required<FakeCluster>
  readonly #topics: ReadonlyMap<string, readonly TopicPartition[]>

  constructor({
    nodeIds = [1],
    partitions = [],
    leaderOf = () => 1,
    apis = 70,
    answer = () => Buffer.alloc(0),
  }: FakeCluster = {}) {
    this.#cluster = { nodeIds, partitions, leaderOf, apis, answer }
    this.#topics = new Map(byTopic(partitions))
  }

  readonly [CREATE_CLUSTER] = () => {
    const brokers = Object.fromEntries(this.#cluster.nodeIds.map((nodeId) => [nodeId, this.#broker(nodeId)]))
    const any = Object.values(brokers)[0]
    const brokerPool = {
      ...{ brokers, seedBroker: any, versions: {}, rootLogger: {}, connectionPoolBuilder: { build: async () => ({}) } },
      createBroker: () => this.#broker(this.#cluster.nodeIds[0] ?? 1),
      findBroker: async ({ nodeId }: { readonly nodeId: string }) => brokers[nodeId],
      findConnectedBroker: async () => any,
    }
    return { brokerPool, connect: async () => {}, disconnect: async () => {} }
  }

  consumer(options: FakeConsumerOptions): FakeConsumer {
    const { brokerPool } = this[CREATE_CLUSTER]()
    const consumer = new FakeConsumer(options, brokerPool.createBroker(), this.connecting)
    this.consumers.push(consumer)
    return consumer
  }

  #broker(nodeId: number) {
    const connection = this.#connection(nodeId)
    const { apis } = this.#cluster
    return {
      nodeId: String(nodeId),
      connectionPool: {
        ...{ pool: [connection, connection], host: 'fake', port: nodeId },
        getConnection: async () => connection,
      },
      versions: Object.fromEntries(Array.from({ length: apis }, (_, api) => [api, { minVersion: 0, maxVersion: 8 }])),
      isConnected: () => true,
      connect: async () => {},
      disconnect: async () => {},
      // So kafkajs answers as soon as one partition has no leader.
      metadata: async (_: readonly string[]): Promise<object> => {
        throw new Error('LEADER_NOT_AVAILABLE')
      },
      syncGroup: async ({ given }: SyncGroupRequest) => ({ memberAssignment: given }),
    }
  }

  #describe({ body }: FakeRequest): Buffer {
    const { nodeIds, leaderOf } = this.#cluster
    const asked = body.array(() => body.string())
    const writer = new WireWriter(false).int32(0)
    writer.array(nodeIds, (nodeId) => writer.int32(nodeId).string('fake').int32(nodeId).string(null))
    writer.string('cluster').int32(1)
    writer.array(asked, (topic) => {
      const partitions = this.#topics.get(topic)
      const error = partitions === undefined ? UNKNOWN_TOPIC_OR_PARTITION : 0
      writer.int16(error).string(topic).boolean(false)
      writer.array(partitions ?? [], (partition) => {
        writer.int16(0).int32(partition.partition).int32(leaderOf(partition)).int32(0)
        for (let list = 0; list < 3; list++) writer.array([], () => {})
      })
    })
    return writer.toBuffer()
  }

  #connection(nodeId: number) {
    const sent: Uint8Array[] = []
    let correlationId = 0
    return {
      ...{ clientId: 'fake', sasl: null, isConnected: () => true, isAuthenticated: () => true },
      ...{ authenticate: async () => {}, failIfNotConnected: () => {}, nextCorrelationId: () => correlationId++ },
      socket: { cork: () => {}, uncork: () => {}, write: (bytes: Uint8Array) => sent.push(bytes) },
      requestQueue: {
        push: ({ entry, sendRequest }: QueuedRequest) => {
          sendRequest()
          const [, ...body] = sent.splice(0)
          const request = { nodeId, apiName: entry.apiName, body: new WireReader(Buffer.concat(body), false) }
          this.requests.push(request)
          const answer = entry.apiName === 'Metadata' ? this.#describe(request) : this.#cluster.answer(request)
          entry.resolve({ payload: answer })
        },
      },
    }
  }
}

type FakeBroker = ReturnType<ReturnType<FakeKafkaJs[typeof CREATE_CLUSTER]>['brokerPool']['createBroker']>

interface FakeConsumerOptions {
  readonly retry: { restartOnFailure(error: Error): Promise<boolean> }
  readonly partitionAssigners: readonly (() => PartitionAssigner)[]
}

/** A consumer to which happens what a test says. */
export class FakeConsumer {
  readonly events = { GROUP_JOIN: 'group-join', CRASH: 'crash', FETCH_START: 'fetch-start' }
  readonly calls: string[] = []
  readonly options: FakeConsumerOptions
  readonly #broker: FakeBroker
  readonly #connecting: Promise<void>
  readonly #listeners = new Map<string, (event: object) => void>()

  constructor(options: FakeConsumerOptions, broker: FakeBroker, connecting: Promise<void>) {
    this.options = options
    this.#broker = broker
    this.#connecting = connecting
  }

  async connect(): Promise<void> {
    this.calls.push('connect')
    await this.#connecting
  }

  async run(): Promise<void> {
    this.calls.push('run')
    await this.#broker.metadata([])
  }

  async disconnect(): Promise<void> {
    this.calls.push('disconnect')
  }

  on(event: string, listener: (event: object) => void): () => void {
    this.#listeners.set(event, listener)
    return () => {}
  }

  /** Joins the group: the topics that it joins with are asked for, and it is given `partitions`. */
  async divide(
    generationId: number,
    partitions: readonly TopicPartition[],
    { leader = false, memberId = 'm' } = {},
  ): Promise<Buffer | undefined> {
    const joinedWith = this.options.partitionAssigners[0]?.().protocol().metadata
    await this.#broker.syncGroup({ memberId, generationId, given: encodeAssignment(partitions) })
    this.#emit(this.events.GROUP_JOIN, { isLeader: leader })
    return joinedWith
  }

  crash(error: Error, { restart }: { readonly restart: boolean }): void {
    this.#emit(this.events.CRASH, { error, restart })
  }

  /** A turn of the loop in which kafkajs fetches; throws what makes it join again. */
  fetch(): void {
    this.#emit(this.events.FETCH_START, {})
  }

  #emit(event: string, payload: object): void {
    this.#listeners.get(event)?.({ payload })
  }
}

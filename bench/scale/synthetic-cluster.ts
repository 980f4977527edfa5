import type { GroupOffset, KafkaTransport, TopicMetadata } from 'kafkeep'
import { type PartitionIdentity, type SegmentName, segmentKey, type TopicIdentity } from '../../src/archive/names.js'
import { fakeKafka } from '../../test/support/fake-kafka.js'

/** Group of the archiver, whose commits of the run before are known. */
const GROUP_ID = 'kafkeep'
const NODE_ID = 1
const EPOCH = 0
const RECORDS_PER_SEGMENT = 1_000
const TIMESTAMP_MS = 1_700_000_000_000n

/** A cluster whose topics are archived up to their ends already. */
export class SyntheticCluster {
  readonly clusterId = 'synthetic-cluster'
  readonly topics: readonly TopicIdentity[]
  readonly partitionsPerTopic: number
  readonly segmentsPerPartition: number
  readonly #end: bigint

  constructor({ topics, partitionsPerTopic, segmentsPerPartition }: ClusterSize) {
    this.topics = Array.from({ length: topics }, (_, index) => identityOf(index))
    this.partitionsPerTopic = partitionsPerTopic
    this.segmentsPerPartition = segmentsPerPartition
    this.#end = BigInt(segmentsPerPartition * RECORDS_PER_SEGMENT)
  }

  /** Names of all segments of a topic, as they are in the archive. */
  *segmentKeys(topic: TopicIdentity): Generator<string, void, void> {
    for (let partition = 0; partition < this.partitionsPerTopic; partition++) {
      for (let index = 0; index < this.segmentsPerPartition; index++) yield segmentKeyOf({ ...topic, partition }, index)
    }
  }

  /** What reading the cluster needs; every call is answered at once. */
  transport(): KafkaTransport {
    const ends = { 'last-stable': this.#end, 'high-watermark': this.#end } as Record<string, bigint>
    return fakeKafka({
      metadata: async (names) => {
        const asked = this.topics.filter(({ topic }) => names?.includes(topic) ?? true)
        return { clusterId: this.clusterId, brokerIds: [NODE_ID], topics: asked.map((topic) => this.#describe(topic)) }
      },
      listOffsets: async (position, partitions) => partitions.map(() => ends[position] ?? 0n),
      epochEnds: async (questions) =>
        questions.map(({ topic, partition }) => {
          return { topic, partition, error: undefined, epoch: EPOCH, endOffset: this.#end }
        }),
      topicConfigs: async (topics) => topics.map((topic) => ({ topic, configs: [] })),
      listGroups: async () => [{ groupId: GROUP_ID, protocolType: '' }],
      groupOffsets: async (groupId) => (groupId === GROUP_ID ? this.#committed() : []),
      commitGroupOffsets: async () => {},
      fetch: async () => [],
      close: async () => {},
    })
  }

  #describe({ topic, topicId }: TopicIdentity): TopicMetadata {
    const partitions = Array.from({ length: this.partitionsPerTopic }, (_, partition) => ({
      partition,
      leaderId: NODE_ID,
      leaderEpoch: EPOCH,
      replicas: [NODE_ID],
    }))
    return { topic, topicId, internal: false, partitions, error: undefined }
  }

  #committed(): GroupOffset[] {
    return this.topics.flatMap((topic) =>
      Array.from({ length: this.partitionsPerTopic }, (_, partition) => ({
        topic: topic.topic,
        partition,
        offset: this.#end,
        leaderEpoch: -1,
        metadata: segmentKeyOf({ ...topic, partition }, this.segmentsPerPartition - 1),
      })),
    )
  }
}

/** How much there is. */
export interface ClusterSize {
  readonly topics: number
  readonly partitionsPerTopic: number
  readonly segmentsPerPartition: number
}

function identityOf(index: number): TopicIdentity {
  const id = Buffer.alloc(16)
  id.writeUInt32BE(index, 12)
  return { topic: `orders-of-region-${String(index).padStart(4, '0')}`, topicId: id.toString('base64url') }
}

function segmentKeyOf(partition: PartitionIdentity, index: number): string {
  const name: SegmentName = {
    ...partition,
    generation: 1,
    from: BigInt(index * RECORDS_PER_SEGMENT),
    next: BigInt((index + 1) * RECORDS_PER_SEGMENT),
    firstEpoch: EPOCH,
    lastEpoch: EPOCH,
    records: RECORDS_PER_SEGMENT,
    maxTimestampMs: TIMESTAMP_MS + BigInt(index),
    abortedTransactions: 0,
    crc32c: 0,
    extension: '.log',
  }
  return segmentKey(name)
}

import { MemoryStorage } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import type { CheckpointTopic } from '../../../src/archive/checkpoint.js'
import { TransportError } from '../../../src/errors.js'
import type { KafkaTransport, NewTopic, TopicMetadata } from '../../../src/kafka/transport.js'
import { planTarget, type TargetQuestion } from '../../../src/restore/plan-target.js'
import { fakeKafka } from '../../support/fake-kafka.js'

type Configs = Readonly<Record<string, string>>

/** A cluster with one topic at most. */
interface ClusterSketch {
  readonly brokers?: number
  readonly existing?: Partial<TopicMetadata>
  readonly rights?: TopicMetadata['authorizedOperations']
  /** Why a new topic is refused. */
  readonly refuses?: (newTopic: NewTopic) => { readonly reason: string; readonly words: string } | undefined
  readonly minInsyncReplicas?: string
  /** Of the existing topic's partitions. */
  readonly ends?: readonly bigint[]
  readonly stable?: readonly bigint[]
}

function cluster({ brokers = 1, existing, rights, refuses, minInsyncReplicas = '1', ...log }: ClusterSketch) {
  const unknown = { error: 'UNKNOWN_TOPIC_OR_PARTITION', partitions: [] } as const
  const described = { topicId: 'id', internal: false, error: undefined, ...(existing ?? unknown) }
  const { ends = [], stable = ends } = log
  return fakeKafka({
    metadata: async ([topic = ''] = []) => ({
      clusterId: 'target',
      brokerIds: Array.from({ length: brokers }, (_, id) => id),
      topics: [{ topic, partitions: [], ...described, authorizedOperations: rights }],
    }),
    createTopic: async (newTopic, { validateOnly } = {}) => {
      expect(validateOnly).toBe(true)
      const refusal = refuses?.(newTopic)
      if (refusal === undefined) return
      throw new TransportError(refusal.words, { system: 'kafka', reason: refusal.reason })
    },
    topicConfigs: async ([topic = '']) => [
      {
        topic,
        configs: [{ name: 'min.insync.replicas', value: minInsyncReplicas, source: 'default', sensitive: false }],
      },
    ],
    listOffsets: async (position, places) =>
      places.map(({ partition }) => {
        const offsets = { earliest: [], 'high-watermark': ends, 'last-stable': stable }[position]
        return offsets[partition] ?? 0n
      }),
  })
}

function archived(partitions: number, configs: Configs = {}, replicationFactor = 1): CheckpointTopic {
  return {
    ...{ topic: 'orders', topicId: 'source-id', replicationFactor },
    configs: Object.entries(configs).map(([name, value]) => ({ name, value, source: 'topic' })),
    partitions: Array.from({ length: partitions }, (_, partition) => ({
      partition,
      generation: 1,
      from: 0n,
      next: 9n,
    })),
  }
}

function planned(kafka: KafkaTransport, source: CheckpointTopic, options: Partial<TargetQuestion> = {}) {
  const defaults = { configs: {}, replicationFactor: undefined, partitions: undefined, abandon: false } as const
  const question = { kafka, source, target: 'orders', state: new MemoryStorage(), digest: 'd', signal: undefined }
  return planTarget({ ...question, ...defaults, offsets: 'auto', onDamage: 'error', onExisting: 'error', ...options })
}

function existing(partitions: number, replicas: readonly number[] = [0]): Partial<TopicMetadata> {
  return {
    partitions: Array.from({ length: partitions }, (_, partition) => ({
      ...{ partition, leaderId: 0, leaderEpoch: 0, replicas },
    })),
  }
}

const ALL_RIGHTS = ['read', 'write', 'describe', 'describe-configs', 'alter-configs'] as const

describe('a topic that will be created', () => {
  it('gets what the cluster can hold, with a remark for all that is less', async () => {
    const source = archived(2, { 'min.insync.replicas': '2', 'retention.ms': '5' }, 3)
    const plan = await planned(cluster({ brokers: 1 }), source)
    expect(plan).toMatchObject({ create: true, partitions: 2, replicationFactor: 1, problems: [] })
    expect(plan.configs).toEqual({ 'min.insync.replicas': '1', 'retention.ms': '5' })
    expect(plan.remarks).toEqual([
      expect.stringContaining('replication factor 3 becomes 1'),
      expect.stringContaining('min.insync.replicas=2 becomes 1'),
    ])
    expect((await planned(cluster({ brokers: 3 }), source)).remarks).toEqual([])
  })

  it('does not get fewer replicas than were asked for: that is a problem', async () => {
    const source = archived(1)
    const plan = await planned(cluster({ brokers: 2 }), source, { replicationFactor: 3 })
    expect(plan.problems).toMatchObject([{ code: 'REPLICATION_FACTOR' }])
    expect((await planned(cluster({ brokers: 3 }), source, { replicationFactor: 3 })).problems).toEqual([])
  })

  it('has at least the archived partitions, and a remark where it has more', async () => {
    const few = await planned(cluster({}), archived(3), { partitions: 2 })
    expect(few.problems).toMatchObject([{ code: 'PARTITION_COUNT' }])
    const more = await planned(cluster({}), archived(3), { partitions: 4 })
    expect(more).toMatchObject({ partitions: 4, targetFrom: [0n, 0n, 0n], problems: [] })
    expect(more.remarks).toEqual([expect.stringContaining('4 partitions instead of 3')])
    expect((await planned(cluster({}), archived(3), { partitions: 3 })).remarks).toEqual([])
  })

  it('goes without configs that are unknown, or refused beside the others, and keeps all else', async () => {
    const refuses = ({ configs }: NewTopic) => {
      const { gone, 'min.compaction.lag.ms': min = '0', 'max.compaction.lag.ms': max = '50', size } = configs
      if (gone !== undefined) return { reason: 'INVALID_CONFIG', words: 'Unknown topic config name: gone' }
      if (Number(min) > Number(max)) return { reason: 'INVALID_CONFIG', words: 'min > max' }
      return size === '7' && max === '200' ? { reason: 'INVALID_CONFIG', words: 'size and max' } : undefined
    }
    // The minimum is right only beside the maximum that follows.
    const configs = { gone: '1', 'min.compaction.lag.ms': '100', 'max.compaction.lag.ms': '200', other: 'x', size: '7' }
    const plan = await planned(cluster({ refuses }), archived(1, configs))
    expect(plan.configs).toEqual({ 'min.compaction.lag.ms': '100', 'max.compaction.lag.ms': '200', other: 'x' })
    expect(plan.remarks).toEqual([
      expect.stringMatching(/gone=1.*Unknown topic config name/),
      expect.stringMatching(/size=7.*size and max/),
    ])
    expect(plan.problems).toEqual([])
  })

  it('is not throttled for a reassignment that went on in the source', async () => {
    const plan = await planned(cluster({}), archived(1, { 'leader.replication.throttled.replicas': '0:1', a: 'b' }))
    expect(plan.configs).toEqual({ a: 'b' })
  })

  it.each([
    ['POLICY_VIOLATION', 'CANNOT_CREATE'],
    ['TOPIC_AUTHORIZATION_FAILED', 'NOT_AUTHORIZED'],
    ['INVALID_CONFIG', 'CANNOT_CREATE'],
  ])('is a problem where Kafka refuses it whatever its configs: %s', async (reason, code) => {
    const refuses = () => ({ reason, words: 'these are the words' })
    const plan = await planned(cluster({ refuses }), archived(1, { a: 'b' }))
    expect(plan.problems).toEqual([{ code, text: expect.stringContaining('these are the words') }])
  })
})

describe('rights', () => {
  it.each([{}, { existing: existing(1) }])('that are missing are named: %o', async (sketch) => {
    const missing = await planned(cluster({ ...sketch, rights: ['read', 'describe', 'alter-configs'] }), archived(1))
    expect(missing.problems).toEqual([
      { code: 'NOT_AUTHORIZED', text: 'orders: this principal must be allowed to write, describe-configs' },
    ])
    expect((await planned(cluster({ ...sketch, rights: ALL_RIGHTS }), archived(1))).problems).toEqual([])
  })

  it('are named where not even the topic may be described', async () => {
    const sketch = { existing: { error: 'TOPIC_AUTHORIZATION_FAILED' } } as const
    expect((await planned(cluster(sketch), archived(1))).problems).toMatchObject([{ code: 'NOT_AUTHORIZED' }])
  })

  it.each([undefined, []])('are not taken for missing where a broker does not tell: %o', async (rights) => {
    expect((await planned(cluster({ existing: existing(1), rights }), archived(1))).problems).toEqual([])
  })
})

describe('a topic that exists', () => {
  it.each([
    [2, undefined, ['PARTITION_COUNT']],
    [4, undefined, ['PARTITION_COUNT']],
    [4, 4, []],
    [4, 5, ['PARTITION_COUNT']],
    [2, 2, ['PARTITION_COUNT']],
    [3, 3, []],
  ])('of %d partitions for 3 archived ones, with `partitions: %o`', async (count, partitions, expected) => {
    const plan = await planned(cluster({ existing: existing(count) }), archived(3), { partitions })
    expect(plan.problems.map(({ code }) => code)).toEqual(expected)
    expect(plan.partitions).toBe(count)
  })

  it('holds records where only a partition does that the archive has not, and takes the others behind them', async () => {
    const kafka = cluster({ existing: existing(3), ends: [5n, 0n, 7n] })
    const refused = await planned(kafka, archived(2), { partitions: 3 })
    expect(refused.problems).toMatchObject([{ code: 'TARGET_NOT_EMPTY', text: expect.stringContaining('12 records') }])
    expect(refused.problems[0]?.text).toContain("onExisting: 'append'")
    const plan = await planned(kafka, archived(2), { partitions: 3, onExisting: 'append' })
    expect(plan).toMatchObject({ targetFrom: [5n, 0n], appends: true, problems: [], create: false })
  })

  it('takes nothing while somebody’s transaction is open in it', async () => {
    const kafka = cluster({ existing: existing(1), ends: [5n], stable: [3n] })
    const plan = await planned(kafka, archived(1), { onExisting: 'append' })
    expect(plan.problems).toMatchObject([{ code: 'OPEN_TRANSACTION' }])
  })

  it('takes nothing while it wants more replicas in sync than it has', async () => {
    const plan = (minInsyncReplicas: string) =>
      planned(cluster({ existing: existing(1, [0, 1]), minInsyncReplicas }), archived(1))
    expect((await plan('3')).problems).toMatchObject([{ code: 'MIN_INSYNC_REPLICAS' }])
    expect((await plan('2')).problems).toEqual([])
  })
})

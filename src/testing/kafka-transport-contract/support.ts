import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ATTRIBUTE } from '../../batch/batch-header.js'
import { batchHeaderOf, buildBatch } from '../../batch/build-batch.js'
import { readStoredRecords } from '../../batch/stored-records.js'
import type { TopicPartition } from '../../batch/topic-partition.js'
import { forProducing, writeBatch } from '../../batch/write-batch.js'
import type {
  FetchedPartition,
  FetchRequest,
  GroupAssignment,
  GroupMembership,
  KafkaTransport,
  ProducerIdentity,
} from '../../kafka/transport.js'
import type { TestFunction } from '../test-function.js'

/** What the parts of the contract are given. */
export interface KafkaContract {
  readonly test: TestFunction
  readonly open: () => Promise<KafkaTransport>
}

const FETCH_BYTES = 1_048_576
const PATIENCE_MS = 20_000

/** Runs `body` with a transport that is closed afterwards. */
export async function withTransport(
  { open }: KafkaContract,
  body: (transport: KafkaTransport) => Promise<void>,
): Promise<void> {
  const transport = await open()
  try {
    await body(transport)
  } finally {
    await transport.close()
  }
}

/** A name that nothing else in the cluster has. */
export function freshName(): string {
  return `kafkeep-contract-${randomUUID()}`
}

/** Creates a topic and answers its name. */
export async function freshTopic(
  transport: KafkaTransport,
  partitions = 1,
  configs: Readonly<Record<string, string>> = {},
): Promise<string> {
  const topic = freshName()
  await transport.createTopic({ topic, partitions, replicationFactor: 1, configs })
  return topic
}

/** A batch of `count` records as a producer sends it. */
export function batchOf(count: number, identity: ProducerIdentity, baseSequence: number): Buffer {
  const records = Array.from({ length: count }, (_, index) => ({
    offset: BigInt(index),
    timestampMs: BigInt(Date.now()),
    key: Buffer.from(`key-${index}`),
    value: Buffer.from(`value-${baseSequence + index}`),
    headers: [],
  }))
  return Buffer.concat(forProducing(writeBatch(records), { ...identity, baseSequence }))
}

/** {@link batchOf} as part of a transaction. */
export function transactionalBatchOf(count: number, identity: ProducerIdentity, baseSequence: number): Buffer {
  const batch = batchOf(count, identity, baseSequence)
  return buildBatch({ ...batchHeaderOf(batch), attributes: ATTRIBUTE.transactional }, [...readStoredRecords(batch)])
}

/** What {@link fetchOnce} may be asked for; what is left out is as in a reader's first request. */
export interface FetchOnceOptions {
  readonly offset: bigint
  readonly topicId?: string
  readonly lastFetchedEpoch?: number
  readonly isolation?: FetchRequest['isolation']
}

/** Reads one partition once. */
export async function fetchOnce(
  transport: KafkaTransport,
  { topic, partition }: TopicPartition,
  { isolation = 'committed', ...position }: FetchOnceOptions,
): Promise<FetchedPartition> {
  const { topics } = await transport.metadata([topic])
  const nodeId = topics[0]?.partitions[partition]?.leaderId ?? -1
  const { offset, topicId = topics[0]?.topicId, lastFetchedEpoch = -1 } = position
  const place = { partition, leaderEpoch: -1, offset, lastFetchedEpoch, maxBytes: FETCH_BYTES }
  const [answer] = await transport.fetch({
    nodeId,
    maxWaitMs: 100,
    maxBytes: FETCH_BYTES,
    isolation,
    topics: [{ topic, topicId, partitions: [place] }],
  })
  if (answer === undefined) throw new Error('the answer to a fetch leaves the partition out')
  return answer
}

/** Calls `check` until it no longer throws: clusters make some things known a little later. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() >= deadlineMs) throw error
      await sleep(50)
    }
  }
}

/** Waits until `check` passes on what each member was told last: a group may be divided several times over. */
export async function untilTold(
  members: readonly GroupMembership[],
  check: (told: readonly GroupAssignment[]) => void,
): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  const limit = setTimeout(() => over.abort(new Error('the members were not told in time')), PATIENCE_MS)
  const newest = new Map<GroupMembership, GroupAssignment>()
  const next = async (member: GroupMembership) => {
    newest.set(member, await member.nextAssignment({ signal }))
    return member
  }
  const pending = new Map(members.map((member) => [member, next(member)]))
  let failure: unknown
  try {
    for (;;) {
      const member = await Promise.race(pending.values())
      pending.set(member, next(member))
      const told = members.flatMap((known) => newest.get(known) ?? [])
      if (told.length < members.length) continue
      try {
        return check(told)
      } catch (error) {
        failure = error
      }
    }
  } catch (error) {
    throw failure ?? error
  } finally {
    clearTimeout(limit)
    over.abort()
    await Promise.allSettled(pending.values())
  }
}

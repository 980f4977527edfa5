import { describe, expect, it } from 'vitest'
import type { ArchiveScheduler } from '../../../src/archiver/archive-scheduler.js'
import type { PartitionOpener } from '../../../src/archiver/partition-opener.js'
import { PartitionSharing } from '../../../src/archiver/partition-sharing.js'
import { TopicNotFoundError } from '../../../src/errors.js'
import type { KafkaTransport, TopicMetadata } from '../../../src/kafka/transport.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { fakeKafka } from '../../support/fake-kafka.js'
import { PARTITION } from '../../support/segments.js'

const END = 5n
const FOUND = { identity: PARTITION, kafkaTopicId: PARTITION.topicId, leaderId: 1 }
const DESCRIBED: TopicMetadata = {
  ...{ topic: PARTITION.topic, topicId: PARTITION.topicId, internal: false, partitions: [], error: undefined },
}

/** A run whose own part is nothing: the partition is another process's. */
async function othersAreDone(
  kafka: Partial<KafkaTransport>,
  meanwhile: (sharing: PartitionSharing) => Promise<void> = async () => {},
): Promise<boolean> {
  const membership = { nextAssignment: async () => ({ partitions: [], leader: false }) }
  const sharing = new PartitionSharing({
    kafka: fakeKafka({
      listOffsets: async () => [END],
      groupOffsets: async () => [],
      joinGroup: async () => ({
        ...membership,
        subscribe: async () => {},
        commit: async () => {},
        leave: async () => {},
      }),
      ...kafka,
    }),
    storage: new MemoryStorage(),
    groupId: 'kafkeep',
    scheduler: { cursors: new Set() } as Partial<ArchiveScheduler> as ArchiveScheduler,
    opener: {} as Partial<PartitionOpener> as PartitionOpener,
    signal: undefined,
  })
  await sharing.begin([FOUND])
  await meanwhile(sharing)
  await sharing.askOthers()
  return sharing.othersAreDone
}

function committed(offset: bigint): Pick<KafkaTransport, 'groupOffsets'> {
  return { groupOffsets: async () => [{ ...PARTITION, offset, leaderEpoch: -1, metadata: '' }] }
}

function described(changes: Partial<TopicMetadata>): Pick<KafkaTransport, 'metadata'> {
  return { metadata: async () => ({ clusterId: 'c', brokerIds: [1], topics: [{ ...DESCRIBED, ...changes }] }) }
}

describe('a run that shares the work', () => {
  it('is done once the others have committed what was there when it began', async () => {
    expect(await othersAreDone({ ...committed(END), ...described({}) })).toBe(true)
    expect(await othersAreDone({ ...committed(END - 1n), ...described({}) })).toBe(false)
    expect(await othersAreDone(described({}))).toBe(false)
  })

  it('waits for nobody to archive a topic that was deleted, or is another one by now', async () => {
    expect(await othersAreDone(described({ error: 'UNKNOWN_TOPIC_OR_PARTITION', topicId: undefined }))).toBe(true)
    expect(await othersAreDone(described({ topicId: 'another' }))).toBe(true)
  })

  it('owes nothing any more of a topic that was created again', async () => {
    const another = { topicId: 'another' }
    const again = { ...FOUND, identity: { ...PARTITION, ...another }, kafkaTopicId: another.topicId }
    expect(await othersAreDone(described(another), (sharing) => sharing.extend([again]))).toBe(true)
  })

  it('owes nothing of a topic that is gone when it begins', async () => {
    const listOffsets: KafkaTransport['listOffsets'] = async (_, partitions) => {
      if (partitions.length > 0) throw new TopicNotFoundError(PARTITION.topic)
      return []
    }
    expect(await othersAreDone({ listOffsets })).toBe(true)
  })
})

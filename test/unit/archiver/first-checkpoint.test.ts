import { describe, expect, it } from 'vitest'
import { type Checkpoint, readCheckpoint } from '../../../src/archive/checkpoint.js'
import { TransportError } from '../../../src/errors.js'
import type { GroupMembership, GroupOffset, KafkaTransport } from '../../../src/kafka/transport.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { ClusterModel } from '../../support/cluster-model.js'
import { recordsOf, stream, TOPIC } from '../../support/model-run.js'

/** Where the partitions of the one topic end, by a checkpoint; `unseen` where nobody had looked at one. */
function endsIn({ topics }: Checkpoint): (bigint | 'unseen')[] {
  return topics.flatMap(({ partitions }) =>
    partitions.map(({ next, unseen }) => (unseen === true ? ('unseen' as const) : next)),
  )
}

describe('the first checkpoint of a run that follows', () => {
  it('is written as soon as everything is archived that was there when the run began, and no other one before the interval is over', async () => {
    const cluster = new ClusterModel()
    cluster.add(TOPIC, [recordsOf([0, 0, 0]), recordsOf([0]), recordsOf([])])
    const storage = new MemoryStorage()
    const stop = new AbortController()
    const states: unknown[] = []
    for await (const event of stream(cluster.transport, storage, {
      ...{ follow: true, stop: stop.signal, maxSegmentAgeMs: 1, checkpointIntervalMs: 3_600_000 },
    })) {
      if (event.type === 'checkpoint') {
        states.push(endsIn(await readCheckpoint(storage, event.id, {})))
        cluster.add(TOPIC, [recordsOf([0, 0, 0, 0, 0]), recordsOf([0]), recordsOf([])])
      }
      if (event.type === 'segment' && event.next === 5n) stop.abort()
    }
    // The other one comes when the run is stopped.
    expect(states).toEqual([
      [3n, 1n, 0n],
      [5n, 1n, 0n],
    ])
  })

  it('waits for the other processes that share the work, through failures that pass', async () => {
    const cluster = new ClusterModel()
    cluster.add(TOPIC, [recordsOf([0, 0]), recordsOf([0, 0, 0])])
    const { transport } = cluster
    const committed = new Map<number, bigint>()
    // This process is the leader and has the first partition for as long as it lives.
    const membership: GroupMembership = {
      async nextAssignment({ signal } = {}) {
        if (committed.size === 0) {
          committed.set(0, 0n)
          return { partitions: [{ topic: TOPIC, partition: 0 }], leader: true }
        }
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      },
      subscribe: async () => {},
      async commit(offsets) {
        for (const { partition, offset } of offsets) committed.set(partition, offset)
      },
      leave: async () => {},
    }
    let asked = 0
    const sharing: Partial<KafkaTransport> = {
      joinGroup: async () => membership,
      async groupOffsets() {
        asked++
        if (asked === 1) throw new TransportError('the coordinator moves', { system: 'kafka', retryable: true })
        // The other process has archived its part between the second question and the third.
        if (asked === 3) committed.set(1, 3n)
        return [...committed].map(
          ([partition, offset]): GroupOffset => ({ topic: TOPIC, partition, offset, leaderEpoch: -1, metadata: '' }),
        )
      },
    }
    const kafka = new Proxy(transport, {
      get: (_, name) => Reflect.get(name in sharing ? sharing : transport, name),
    })
    const storage = new MemoryStorage()
    const stop = new AbortController()
    const states: unknown[] = []
    const job = { follow: true, share: true, groups: false, stop: stop.signal, maxSegmentAgeMs: 1 }
    for await (const event of stream(kafka, storage, job)) {
      if (event.type !== 'checkpoint') continue
      states.push(endsIn(await readCheckpoint(storage, event.id, {})))
      stop.abort()
    }
    expect(states[0]).toEqual([2n, 3n])
    expect(states).toHaveLength(2)
  })
})

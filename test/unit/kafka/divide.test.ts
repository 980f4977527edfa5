import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partitionName } from '../../../src/batch/topic-partition.js'
import { divide } from '../../../src/kafka/divide.js'

const NAMES = ['a', 'b', 'c', 'd']
const memberIds = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 })
const cluster = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), fc.nat({ max: 9 })), { selector: ([topic]) => topic })
  .map((topics) => topics.map(([topic, partitions]) => topicOf(topic, partitions)))

function topicOf(topic: string, partitions: number) {
  const numbers = Array.from({ length: partitions }, (_, partition) => partition)
  return {
    topic,
    partitions: numbers.map((partition) => ({ partition, leaderId: 1, leaderEpoch: 0, replicas: [1] })),
  }
}

describe('partitions that are divided among members', () => {
  it('are each given once, to a member that wants their topic, and only those that nobody wants are left', () => {
    const subscribers = memberIds.chain((ids) =>
      fc.tuple(...ids.map((memberId) => fc.record({ memberId: fc.constant(memberId), topics: fc.subarray(NAMES) }))),
    )
    fc.assert(
      fc.property(subscribers, cluster, (members, topics) => {
        const parts = divide(members, topics)
        expect(parts.map(({ memberId }) => memberId)).toEqual(members.map(({ memberId }) => memberId))
        for (const { memberId, partitions } of parts) {
          const wanted = members.find((member) => member.memberId === memberId)?.topics
          for (const { topic } of partitions) expect(wanted).toContain(topic)
        }
        const wanted = topics.filter(({ topic }) => members.some((member) => member.topics.includes(topic)))
        const expected = wanted.flatMap(({ topic, partitions }) => partitions.map((one) => ({ ...one, topic })))
        const given = parts.flatMap(({ partitions }) => partitions.map(partitionName))
        expect(given.toSorted()).toEqual(expected.map(partitionName).toSorted())
      }),
    )
  })

  it('differ by one at most where all members want the same, and do not depend on any order', () => {
    fc.assert(
      fc.property(memberIds, cluster, (ids, topics) => {
        const members = ids.map((memberId) => ({ memberId, topics: NAMES }))
        const parts = divide(members, topics)
        const counts = parts.map(({ partitions }) => partitions.length)
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        expect(divide(members.toReversed(), topics.toReversed()).toReversed()).toEqual(parts)
      }),
    )
  })

  it('may be very many', () => {
    const topics = Array.from({ length: 1_000 }, (_, index) => topicOf(`topic-${index}`, 100))
    const names = topics.map(({ topic }) => topic)
    const members = Array.from({ length: 10 }, (_, index) => ({ memberId: `member-${index}`, topics: names }))
    for (const { partitions } of divide(members, topics)) expect(partitions).toHaveLength(10_000)
  })
})

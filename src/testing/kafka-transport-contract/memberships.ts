import assert from 'node:assert/strict'
import { partitionName } from '../../batch/topic-partition.js'
import type { GroupAssignment, GroupOffset } from '../../kafka/transport.js'
import { freshName, freshTopic, type KafkaContract, untilTold, withTransport } from './support.js'

/** Partitions are divided among the members of a group. */
export function divisionContract(contract: KafkaContract): void {
  const { test } = contract
  test('divides partitions among members, each to one, under one leader, and anew when one leaves', () =>
    withTransport(contract, (one) =>
      withTransport(contract, async (other) => {
        const topic = await freshTopic(one, 4)
        const groupId = freshName()
        const first = await one.joinGroup(groupId, [topic])
        await untilTold([first], ([told]) => {
          assert.deepEqual(names(told), places([topic], 4))
          assert.equal(told?.leader, true)
        })
        const second = await other.joinGroup(groupId, [topic])
        await untilTold([first, second], (told) => {
          assert.deepEqual(namesOfAll(told), places([topic], 4))
          assert.deepEqual(
            told.map(({ partitions }) => partitions.length),
            [2, 2],
          )
          assert.equal(told.filter(({ leader }) => leader).length, 1)
        })
        await first.leave()
        await untilTold([second], ([told]) => {
          assert.equal(told?.partitions.length, 4)
          assert.equal(told?.leader, true)
        })
      }),
    ))

  test('divides the topics that members subscribe to later, also among members of one transport', () =>
    withTransport(contract, async (transport) => {
      const topics = [await freshTopic(transport, 2), await freshTopic(transport, 2)]
      const [early = ''] = topics
      const groupId = freshName()
      const members = [await transport.joinGroup(groupId, [early]), await transport.joinGroup(groupId, [early])]
      await untilTold(members, (told) => assert.deepEqual(namesOfAll(told), places([early], 2)))
      for (const member of members) await member.subscribe(topics)
      await untilTold(members, (told) => assert.deepEqual(namesOfAll(told), places(topics, 2)))
    }))

  test('gives the partitions of a transport that is closed to the others', () =>
    withTransport(contract, async (staying) => {
      const topic = await freshTopic(staying, 2)
      const groupId = freshName()
      const member = await staying.joinGroup(groupId, [topic])
      await withTransport(contract, async (closing) => {
        const other = await closing.joinGroup(groupId, [topic])
        await untilTold([member, other], (told) => assert.deepEqual(namesOfAll(told), places([topic], 2)))
      })
      await untilTold([member], ([told]) => assert.deepEqual(names(told), places([topic], 2)))
    }))
}

/** Members commit offsets. */
export function membershipContract(contract: KafkaContract): void {
  const { test } = contract
  test('commits offsets of a member with their metadata, but only of partitions that are its own', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport, 2)
      const groupId = freshName()
      const member = await transport.joinGroup(groupId, [topic])
      await assert.rejects(member.commit([offsetOf(topic, 0)]), REFUSED)
      await member.nextAssignment()
      await member.commit([])
      await member.commit([offsetOf(topic, 1)])
      assert.deepEqual(await transport.groupOffsets(groupId), [offsetOf(topic, 1)])
      await assert.rejects(member.commit([offsetOf(topic, 0), offsetOf(topic, 2)]), REFUSED)
      assert.deepEqual(await transport.groupOffsets(groupId), [offsetOf(topic, 1)])
    }))

  test('refuses the commit of a member that has not heard of a new division yet, and takes it afterwards', () =>
    withTransport(contract, (one) =>
      withTransport(contract, async (other) => {
        const topic = await freshTopic(one, 2)
        const groupId = freshName()
        const late = await one.joinGroup(groupId, [topic])
        await late.nextAssignment()
        const newcomer = await other.joinGroup(groupId, [topic])
        const told = await newcomer.nextAssignment()
        for (const partition of [0, 1]) await assert.rejects(late.commit([offsetOf(topic, partition)]), REFUSED)
        assert.deepEqual(await one.groupOffsets(groupId), [])
        const { partitions } = await late.nextAssignment()
        assert.equal(partitions.length + told.partitions.length, 2)
        await late.commit(partitions.map(({ partition }) => offsetOf(topic, partition)))
        assert.equal((await one.groupOffsets(groupId)).length, 1)
      }),
    ))
}

/** A member leaves, is interrupted, and asks for what does not exist. */
export function membershipLifeContract(contract: KafkaContract): void {
  const { test } = contract
  test('ends every call of a member that has left, and lets it leave twice', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport)
      const member = await transport.joinGroup(freshName(), [topic])
      await member.nextAssignment()
      const next = assert.rejects(member.nextAssignment(), { code: 'TRANSPORT_FAILED' })
      await member.leave()
      await member.leave()
      await next
      await assert.rejects(member.nextAssignment(), { code: 'TRANSPORT_FAILED' })
      await assert.rejects(member.commit([offsetOf(topic, 0)]), {
        code: 'TRANSPORT_FAILED',
        reason: 'UNKNOWN_MEMBER_ID',
      })
      await assert.rejects(member.subscribe([topic]), { code: 'TRANSPORT_FAILED' })
    }))

  test('ends the calls of a member with the reason of a signal, and loses no assignment by that', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport)
      const member = await transport.joinGroup(freshName(), [topic])
      const reason = new Error('enough')
      const isReason = (error: unknown) => error === reason
      const controller = new AbortController()
      const next = assert.rejects(member.nextAssignment({ signal: controller.signal }), isReason)
      controller.abort(reason)
      await next
      const signal = AbortSignal.abort(reason)
      await assert.rejects(member.nextAssignment({ signal }), isReason)
      await assert.rejects(member.subscribe([topic], { signal }), isReason)
      assert.equal((await member.nextAssignment()).partitions.length, 1)
      await assert.rejects(member.commit([offsetOf(topic, 0)], { signal }), isReason)
    }))

  test('takes a topic that does not exist for one without partitions', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport)
      const missing = freshName()
      const member = await transport.joinGroup(freshName(), [missing, topic])
      assert.deepEqual(names(await member.nextAssignment()), places([topic], 1))
      await member.subscribe([])
      assert.deepEqual((await member.nextAssignment()).partitions, [])
      const { topics } = await transport.metadata([missing])
      assert.equal(topics[0]?.error, 'UNKNOWN_TOPIC_OR_PARTITION', 'a member must not create topics')
    }))
}

const REFUSED = {
  code: 'TRANSPORT_FAILED',
  reason: /^(ILLEGAL_GENERATION|UNKNOWN_MEMBER_ID|REBALANCE_IN_PROGRESS)$/,
}

function offsetOf(topic: string, partition: number): GroupOffset {
  return { topic, partition, offset: 7n, leaderEpoch: 0, metadata: 'where it stands' }
}

function places(topics: readonly string[], partitions: number): string[] {
  return topics
    .flatMap((topic) => Array.from({ length: partitions }, (_, partition) => partitionName({ topic, partition })))
    .toSorted()
}

function names(told: GroupAssignment | undefined): string[] {
  return (told?.partitions ?? []).map(partitionName).toSorted()
}

function namesOfAll(told: readonly GroupAssignment[]): string[] {
  return told.flatMap(names).toSorted()
}

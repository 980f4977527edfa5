import assert from 'node:assert/strict'
import { freshName, freshTopic, type KafkaContract, withTransport } from './support.js'

/** Offsets of groups without members are committed and read. */
export function groupContract(contract: KafkaContract): void {
  const { test } = contract
  test('commits offsets with their metadata, and reads back those that were committed', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport, 3)
      const groupId = freshName()
      const commits = [
        { topic, partition: 2, offset: 7n, leaderEpoch: -1, metadata: 'where it stands' },
        { topic, partition: 0, offset: 9_007_199_254_740_993n, leaderEpoch: 0, metadata: '' },
      ]
      await transport.commitGroupOffsets(groupId, commits)
      const all = await transport.groupOffsets(groupId)
      assert.deepEqual(
        all.toSorted((a, b) => b.partition - a.partition),
        commits,
      )
      assert.deepEqual(await transport.groupOffsets(groupId, [{ topic, partition: 1 }]), [])
      assert.ok((await transport.listGroups()).some((group) => group.groupId === groupId))
    }))

  test('knows nothing of a group that has committed nothing', () =>
    withTransport(contract, async (transport) => {
      assert.deepEqual(await transport.groupOffsets(freshName()), [])
    }))

  test('leaves a group alone when there is nothing to commit', () =>
    withTransport(contract, async (transport) => {
      const groupId = freshName()
      await transport.commitGroupOffsets(groupId, [])
      assert.ok(!(await transport.listGroups()).some((group) => group.groupId === groupId))
    }))
}

import assert from 'node:assert/strict'
import { FIELD } from '../../batch/batch-header.js'
import { batchesIn } from '../../batch/record-batch.js'
import { batchOf, eventually, fetchOnce, freshName, freshTopic, type KafkaContract, withTransport } from './support.js'

/** Batches are appended and read as they are. */
export function logContract(contract: KafkaContract): void {
  const { test } = contract
  test('appends batches in the order of the calls, whole or in pieces, and reads the same bytes back', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const identity = await transport.initProducerId()
      const batches = [batchOf(2, identity, 0), batchOf(3, identity, 2), batchOf(1, identity, 5)]
      // The first one alone: a topic that is new may refuse it for a moment, which nothing repeats.
      await eventually(async () => {
        assert.equal((await transport.produce(partition, batches[0] ?? Buffer.alloc(0))).error, undefined)
      })
      const answers = await Promise.all(
        batches.slice(1).map((batch) => transport.produce(partition, [batch.subarray(0, 61), batch.subarray(61)])),
      )
      assert.deepEqual(
        answers.map(({ error, baseOffset }) => [error, baseOffset]),
        [
          [undefined, 2n],
          [undefined, 5n],
        ],
      )
      const answer = await fetchOnce(transport, partition, { offset: 0n })
      const read = [...batchesIn(answer.bytes)]
      assert.deepEqual(
        read.map(({ baseOffset, nextOffset }) => [baseOffset, nextOffset]),
        [
          [0n, 2n],
          [2n, 5n],
          [5n, 6n],
        ],
      )
      // Base offset and leader epoch are the broker's; everything from the checksum on is the producer's.
      read.forEach(({ bytes, intact }, index) => {
        assert.ok(intact)
        assert.deepEqual(bytes.subarray(FIELD.crc), batches[index]?.subarray(FIELD.crc))
      })
      assert.deepEqual([answer.highWatermark, answer.lastStableOffset, answer.logStart], [6n, 6n, 0n])
      assert.deepEqual(answer.aborted, [])
    }))

  test('answers a batch that is sent again with the offset that it has', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const batch = batchOf(2, await transport.initProducerId(), 0)
      await eventually(async () => assert.equal((await transport.produce(partition, batch)).error, undefined))
      assert.deepEqual(await transport.produce(partition, batch), { error: undefined, baseOffset: 0n })
      assert.deepEqual(await transport.listOffsets('high-watermark', [partition]), [2n])
    }))

  test('reads from the batch that holds the offset, and tells when there is none', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const identity = await transport.initProducerId()
      for (const [count, sequence] of [
        [2, 0],
        [2, 2],
      ] as const) {
        const batch = batchOf(count, identity, sequence)
        await eventually(async () => assert.equal((await transport.produce(partition, batch)).error, undefined))
      }
      const middle = await fetchOnce(transport, partition, { offset: 3n })
      assert.deepEqual(
        [...batchesIn(middle.bytes)].map(({ baseOffset }) => baseOffset),
        [2n],
      )
      const end = await fetchOnce(transport, partition, { offset: 4n })
      assert.deepEqual([end.error, end.bytes.length], [undefined, 0])
      assert.equal((await fetchOnce(transport, partition, { offset: 5n })).error, 'OFFSET_OUT_OF_RANGE')
    }))
}

/** The ends of logs and of leader epochs are told. */
export function logEndContract(contract: KafkaContract): void {
  const { test } = contract
  test('lists the ends of partitions in the order asked, empty ones too', () =>
    withTransport(contract, async (transport) => {
      const topic = await freshTopic(transport, 2)
      const batch = batchOf(4, await transport.initProducerId(), 0)
      await eventually(async () => {
        assert.equal((await transport.produce({ topic, partition: 1 }, batch)).error, undefined)
      })
      const both = [1, 0].map((partition) => ({ topic, partition }))
      assert.deepEqual(await transport.listOffsets('earliest', both), [0n, 0n])
      assert.deepEqual(await transport.listOffsets('high-watermark', both), [4n, 0n])
      assert.deepEqual(await transport.listOffsets('last-stable', both), [4n, 0n])
    }))

  test('tells where a leader epoch ends, and that it does not know one', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const batch = batchOf(3, await transport.initProducerId(), 0)
      await eventually(async () => assert.equal((await transport.produce(partition, batch)).error, undefined))
      const leaderEpoch = (await transport.metadata([partition.topic])).topics[0]?.partitions[0]?.leaderEpoch ?? -1
      const unknown = await transport.epochEnds([{ ...partition, epoch: leaderEpoch + 1_000 }])
      assert.deepEqual(unknown, [{ epoch: -1, endOffset: -1n }])
      const known = await transport.epochEnds([{ ...partition, epoch: leaderEpoch }])
      assert.deepEqual(known, [{ epoch: leaderEpoch, endOffset: 3n }])
    }))

  test('tells where epochs of many partitions end, in the order asked, and which topic it does not know', () =>
    withTransport(contract, async (transport) => {
      const topics = [await freshTopic(transport, 3), await freshTopic(transport, 3)]
      const places = [4, 1, 5, 0, 2, 3].map((place) => ({ topic: topics[place % 2] ?? '', partition: place >> 1 }))
      const ends = places.map((_, index) => BigInt(index + 1))
      const identity = await transport.initProducerId()
      for (const [index, place] of places.entries()) {
        const batch = batchOf(index + 1, identity, 0)
        await eventually(async () => assert.equal((await transport.produce(place, batch)).error, undefined))
      }
      const questions = places.map((place) => ({ ...place, epoch: 0 }))
      const answers = await transport.epochEnds(questions)
      assert.deepEqual(
        answers.map(({ endOffset }) => endOffset),
        ends,
      )
      const missing = { topic: freshName(), partition: 0, epoch: 0 }
      await assert.rejects(transport.epochEnds([...questions, missing]), {
        code: 'TOPIC_NOT_FOUND',
        topic: missing.topic,
      })
      assert.deepEqual(await transport.epochEnds([]), [])
    }))

  test('tells a reader that comes from an epoch or a topic that the leader does not know', () =>
    withTransport(contract, async (transport) => {
      const partition = { topic: await freshTopic(transport), partition: 0 }
      const batch = batchOf(3, await transport.initProducerId(), 0)
      await eventually(async () => assert.equal((await transport.produce(partition, batch)).error, undefined))
      const { topicId } = (await transport.metadata([partition.topic])).topics[0] ?? {}
      const lost = await fetchOnce(transport, partition, { offset: 2n, lastFetchedEpoch: 1_000 })
      if (lost.epochsCompared) assert.ok(lost.error === 'OFFSET_OUT_OF_RANGE' || lost.divergingEpoch !== undefined)
      // Brokers without topic ids (before 2.8) cannot tell a topic from a later one of the same name.
      if (topicId === undefined) return
      const other = Buffer.from(topicId, 'base64url')
      other[3] = (other[3] ?? 0) ^ 1
      const answer = await fetchOnce(transport, partition, { offset: 0n, topicId: other.toString('base64url') })
      assert.equal(answer.error, 'UNKNOWN_TOPIC_ID')
    }))
}

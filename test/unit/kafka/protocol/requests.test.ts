import { describe, expect, it } from 'vitest'
import { type ApiRequest, commonVersion } from '../../../../src/kafka/protocol/api.js'
import { errorName, isRetryable, meansStaleMetadata } from '../../../../src/kafka/protocol/error-codes.js'
import { FETCH, fetchRequest } from '../../../../src/kafka/protocol/fetch.js'
import { offsetCommitRequest, offsetFetchRequest } from '../../../../src/kafka/protocol/groups.js'
import { metadataRequest } from '../../../../src/kafka/protocol/metadata.js'
import { listOffsetsRequest, offsetForLeaderEpochRequest } from '../../../../src/kafka/protocol/offsets.js'
import { produceRequest } from '../../../../src/kafka/protocol/produce.js'
import type { FetchRequest } from '../../../../src/kafka/transport.js'

/** Bytes as the protocol's description has them: one field after the other, spaces between. */
function bytes(...fields: readonly string[]): Buffer {
  return Buffer.from(fields.join('').replaceAll(' ', ''), 'hex')
}

function bodyOf(request: ApiRequest<unknown>): string {
  return Buffer.concat([...request.body]).toString('hex')
}

const ID_HEX = '00112233445566778899aabbccddeeff'
const ID = Buffer.from(ID_HEX, 'hex').toString('base64url')

const FETCH_ONE: FetchRequest = {
  nodeId: 1,
  maxWaitMs: 500,
  maxBytes: 1_048_576,
  isolation: 'committed',
  topics: [
    {
      topic: 't',
      topicId: ID,
      partitions: [{ partition: 2, leaderEpoch: -1, offset: 2n ** 40n, lastFetchedEpoch: 5, maxBytes: 65_536 }],
    },
  ],
}

describe('Produce version 7', () => {
  const batch = Buffer.from('c0ffee', 'hex')
  const plain = { transactionalId: null, timeoutMs: 25_000 }
  const request = produceRequest(7, [{ topic: 't', partition: 2, batch: [batch] }], plain)

  it('is asked as the protocol has it, with the batch itself, not a copy', () => {
    const noTransaction = 'ffff'
    const expected = bytes(noTransaction, 'ffff 000061a8 00000001 0001 74 00000001 00000002 00000003 c0ffee')
    expect(bodyOf(request)).toBe(expected.toString('hex'))
    expect(request).toMatchObject({ apiKey: 0, apiVersion: 7 })
    expect(request.body.at(-1)).toBe(batch)
  })

  it('carries one batch for each of several partitions, by topic, in one piece or in several, for whose transaction they are', () => {
    const places = [
      { topic: 't', partition: 2, batch: [batch.subarray(0, 1), batch.subarray(1)] },
      { topic: 'u', partition: 0, batch: [Buffer.from('aa', 'hex')] },
      { topic: 't', partition: 1, batch: [Buffer.from('bbbb', 'hex')] },
    ]
    const expected = bytes(
      ...['0002 6964 ffff 000061a8 00000002'],
      ...['0001 74 00000002', '00000002 00000003 c0ffee', '00000001 00000002 bbbb'],
      ...['0001 75 00000001', '00000000 00000001 aa'],
    )
    expect(bodyOf(produceRequest(7, places, { ...plain, transactionalId: 'id' }))).toBe(expected.toString('hex'))
  })

  it('is answered with the base offset of each partition, or an error', () => {
    const times = 'ffffffffffffffff 0000000000000000'
    const answer = bytes(
      ...['00000001 0001 74 00000002'],
      ...['00000002 0000 0000000000000064', times, '00000001 002d ffffffffffffffff', times, '00000000'],
    )
    expect(request.decode(answer)).toEqual([
      { topic: 't', partition: 2, error: undefined, baseOffset: 100n },
      { topic: 't', partition: 1, error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', baseOffset: -1n },
    ])
  })
})

describe('Fetch', () => {
  it('of version 13 names topics by id, and the last epoch that was read', () => {
    const request = fetchRequest(13, FETCH_ONE)
    const head = '00 ffffffff 000001f4 00000001 00100000 01 00000000 ffffffff'
    const partition = '00000002 ffffffff 0000010000000000 00000005 ffffffffffffffff 00010000 00'
    expect(bodyOf(request)).toBe(bytes(head, '02', ID_HEX, '02', partition, '00 01 01 00').toString('hex'))
  })

  it('of version 11 names them by name, and knows no epochs', () => {
    const request = fetchRequest(11, { ...FETCH_ONE, isolation: 'uncommitted' })
    const head = 'ffffffff 000001f4 00000001 00100000 00 00000000 ffffffff'
    const partition = '00000002 ffffffff 0000010000000000 ffffffffffffffff 00010000'
    const expected = bytes(head, '00000001 0001 74 00000001', partition, '00000000 0000')
    expect(bodyOf(request)).toBe(expected.toString('hex'))
  })

  it('of version 13 is answered with batches, aborted transactions and where the logs part', () => {
    const aborted = '02 000000000000000a 0000000000000014 00'
    const diverging = '01 00 0d 00000004 0000000000000032 00'
    const answer = bytes(
      ...['00 00000000 0000 00000000 02', ID_HEX, '02 00000002 0000'],
      ...['0000000000000064 0000000000000063 0000000000000001', aborted, 'ffffffff 04 c0ffee', diverging, '00 00'],
    )
    expect(fetchRequest(13, FETCH_ONE).decode(answer)).toEqual([
      {
        ...{ topic: 't', partition: 2, error: undefined, highWatermark: 100n, lastStableOffset: 99n, logStart: 1n },
        aborted: [{ producerId: 10n, firstOffset: 20n }],
        bytes: Buffer.from('c0ffee', 'hex'),
        divergingEpoch: { epoch: 4, endOffset: 50n },
        epochsCompared: true,
      },
    ])
  })

  it('of version 11 may be answered with nulls, which are nothing', () => {
    const answer = bytes(
      '00000000 0000 00000000 00000001 0001 74 00000001 00000002 0001',
      'ffffffffffffffff ffffffffffffffff ffffffffffffffff ffffffff ffffffff ffffffff',
    )
    const [partition] = fetchRequest(11, FETCH_ONE).decode(answer)
    expect(partition).toMatchObject({
      error: 'OFFSET_OUT_OF_RANGE',
      aborted: [],
      divergingEpoch: undefined,
      epochsCompared: false,
    })
    expect(partition?.bytes).toHaveLength(0)
  })

  it('that fails as a whole fails for every partition that was asked for', () => {
    const answer = bytes('00 00000000 0023 00000000 01 00')
    expect(fetchRequest(13, FETCH_ONE).decode(answer)).toMatchObject([
      { topic: 't', partition: 2, error: 'UNSUPPORTED_VERSION' },
    ])
  })
})

describe('Metadata version 12', () => {
  it('is asked without creating topics; for all with null', () => {
    const none = '00000000000000000000000000000000'
    expect(bodyOf(metadataRequest(12, ['t']))).toBe(bytes('00 02', none, '02 74 00 00 00 00').toString('hex'))
    expect(bodyOf(metadataRequest(12, null))).toBe(bytes('00 00 00 00 00').toString('hex'))
    expect(bodyOf(metadataRequest(7, null))).toBe(bytes('ffffffff 00').toString('hex'))
  })

  it('is answered with brokers, and topics with their partitions in order', () => {
    const broker = '00000001 02 68 00002384 00 00'
    const partition = (index: string, leader: string) =>
      `0000 ${index} ${leader} 00000007 02 00000001 02 00000001 01 00`
    const topic = bytes(
      ...['0000 02 74', ID_HEX, '00 03', partition('00000001', 'ffffffff'), partition('00000000', '00000001')],
      '80000000 00',
    )
    const answer = Buffer.concat([bytes('00 00000000 02', broker, '02 63 00000001 02'), topic, bytes('00')])
    const common = { leaderEpoch: 7, replicas: [1] }
    expect(metadataRequest(12, ['t']).decode(answer)).toEqual({
      brokers: [{ nodeId: 1, host: 'h', port: 9_092, rack: null }],
      ...{ clusterId: 'c', controllerId: 1 },
      topics: [
        {
          ...{ topic: 't', topicId: ID, internal: false, error: undefined },
          partitions: [
            { partition: 0, leaderId: 1, ...common },
            { partition: 1, leaderId: -1, ...common },
          ],
        },
      ],
    })
  })

  it('is asked what may be done with the topics, and names what it is told, whether they exist or not', () => {
    const request = metadataRequest(12, ['t'], { authorizedOperations: true })
    expect(bodyOf(request).endsWith('00 01 00'.replaceAll(' ', ''))).toBe(true)
    const topic = bytes('0003 02 74', ID_HEX, '00 01 00000518 00')
    const answer = Buffer.concat([bytes('00 00000000 01 02 63 00000001 02'), topic, bytes('00')])
    expect(request.decode(answer).topics).toMatchObject([
      { error: 'UNKNOWN_TOPIC_OR_PARTITION', authorizedOperations: ['read', 'write', 'describe', 'describe-configs'] },
    ])
  })
})

describe('questions about offsets', () => {
  it('are asked for each kind of end: the last stable one is the end for readers of what is committed', () => {
    const partitions = [
      { topic: 't', partition: 0 },
      { topic: 't', partition: 1 },
    ]
    const body = (isolation: string, timestamp: string) =>
      bytes(`ffffffff ${isolation} 00000001 0001 74 00000002 00000000 ${timestamp} 00000001 ${timestamp}`).toString(
        'hex',
      )
    const last = 'ffffffffffffffff'
    expect(bodyOf(listOffsetsRequest(2, 'earliest', partitions))).toBe(body('00', 'fffffffffffffffe'))
    expect(bodyOf(listOffsetsRequest(2, 'high-watermark', partitions))).toBe(body('00', last))
    expect(bodyOf(listOffsetsRequest(2, 'last-stable', partitions))).toBe(body('01', last))
  })

  it('about the end of a leader epoch are asked and answered as the protocol has it', () => {
    const questions = [
      { topic: 't', partition: 0, epoch: 6 },
      { topic: 't', partition: 1, epoch: 7 },
    ]
    const request = offsetForLeaderEpochRequest(3, questions)
    const asked = bytes(
      'ffffffff 00000001 0001 74 00000002',
      '00000000 ffffffff 00000006',
      '00000001 ffffffff 00000007',
    )
    expect(bodyOf(request)).toBe(asked.toString('hex'))
    const answer = bytes(
      '00000000 00000001 0001 74 00000002',
      '0000 00000000 00000005 0000000000000010',
      '0006 00000001 ffffffff ffffffffffffffff',
    )
    expect(request.decode(answer)).toEqual([
      { topic: 't', partition: 0, error: undefined, epoch: 5, endOffset: 16n },
      { topic: 't', partition: 1, error: 'NOT_LEADER_OR_FOLLOWER', epoch: -1, endOffset: -1n },
    ])
  })

  it('of a group are committed by somebody who is no member', () => {
    const offset = { topic: 't', partition: 1, offset: 9n, leaderEpoch: -1, metadata: 'm' }
    const asked = bytes('0001 67 ffffffff 0000 00000001 0001 74 00000001 00000001 0000000000000009 ffffffff 0001 6d')
    expect(bodyOf(offsetCommitRequest(6, 'g', [offset]))).toBe(asked.toString('hex'))
  })

  it('of a group leave out what it has not committed, and tell the first error', () => {
    const request = offsetFetchRequest(5, 'g', null)
    expect(bodyOf(request)).toBe(bytes('0001 67 ffffffff').toString('hex'))
    const partition = (index: string, offset: string, error: string) => `${index} ${offset} ffffffff 0000 ${error}`
    const none = 'ffffffffffffffff'
    const head = '00000000 00000001 0001 74 00000002'
    const good = bytes(
      head,
      partition('00000000', '0000000000000005', '0000'),
      partition('00000001', none, '0000'),
      '0000',
    )
    expect(request.decode(good)).toEqual({
      error: undefined,
      offsets: [{ topic: 't', partition: 0, offset: 5n, leaderEpoch: -1, metadata: '' }],
    })
    const bad = bytes(head, partition('00000000', none, '0000'), partition('00000001', none, '0058'), '0000')
    expect(request.decode(bad)).toEqual({ error: 'UNSTABLE_OFFSET_COMMIT', offsets: [] })
  })
})

describe('the version of a request', () => {
  it('is the newest that both sides speak', () => {
    expect(commonVersion(FETCH, { minVersion: 0, maxVersion: 11 })).toBe(11)
    expect(commonVersion(FETCH, { minVersion: 4, maxVersion: 18 })).toBe(13)
    expect(commonVersion(FETCH, { minVersion: 14, maxVersion: 18 })).toBeUndefined()
    expect(commonVersion(FETCH, { minVersion: 0, maxVersion: 10 })).toBeUndefined()
    expect(commonVersion(FETCH, undefined)).toBeUndefined()
  })
})

describe('an error code', () => {
  it('has the protocol’s name, or its number where it has none here', () => {
    expect([0, 6, 45, -1, 100, 12_345].map(errorName)).toEqual([
      ...[undefined, 'NOT_LEADER_OR_FOLLOWER', 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_SERVER_ERROR'],
      ...['UNKNOWN_TOPIC_ID', 'ERROR_12345'],
    ])
  })

  it('is worth a repetition where it says that leaders have moved, or that something passes', () => {
    expect(['NOT_LEADER_OR_FOLLOWER', 'OFFSET_NOT_AVAILABLE'].map(meansStaleMetadata)).toEqual([true, true])
    expect(['NOT_ENOUGH_REPLICAS', 'NOT_LEADER_OR_FOLLOWER'].map(isRetryable)).toEqual([true, true])
    expect(['MESSAGE_TOO_LARGE', 'ERROR_12345', 'TOPIC_AUTHORIZATION_FAILED'].map(isRetryable)).toEqual([
      false,
      false,
      false,
    ])
    expect(meansStaleMetadata('NOT_ENOUGH_REPLICAS')).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../../src/kafka/protocol/consumer-protocol.js'

describe('what members of a group tell each other', () => {
  it('about the topics that they want is written as Kafka’s own consumers write it', () => {
    const bytes = encodeSubscription(['t', 'uv'], 5)
    expect(bytes.toString('hex')).toBe('000000000002' + '000174' + '00027576' + '0000000400000005')
    expect(decodeSubscription(bytes)).toEqual(['t', 'uv'])
  })

  it('about the partitions that they are given is written as Kafka’s own consumers write it', () => {
    const partitions = [
      { topic: 't', partition: 3 },
      { topic: 't', partition: 0 },
      { topic: 'u', partition: 1 },
    ]
    const bytes = encodeAssignment(partitions)
    const topics = ['0001740000000200000003', '00000000', '0001750000000100000001']
    expect(bytes.toString('hex')).toBe(`000000000002${topics.join('')}00000000`)
    expect(decodeAssignment(bytes)).toEqual(partitions)
  })

  it('may be nothing at all', () => {
    expect(decodeAssignment(Buffer.alloc(0))).toEqual([])
    expect(decodeAssignment(encodeAssignment([]))).toEqual([])
    expect(decodeSubscription(encodeSubscription([], 1))).toEqual([])
  })
})

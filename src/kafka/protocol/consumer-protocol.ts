import { groupByTopic, type TopicPartition } from '../../batch/topic-partition.js'
import { WireReader, WireWriter } from './wire.js'

/**
 * What members of consumer groups tell each other through the coordinator, which does not look at it: ConsumerProtocol
 * in version 0. It is also what Kafka's own tools show of a group.
 */

const VERSION = 0
const COUNT_BYTES = 4

/**
 * The topics that a member wants to have a part of. `count` goes along: Kafka divides nothing anew when a member that
 * is not the leader joins again with the same bytes.
 */
export function encodeSubscription(topics: readonly string[], count: number): Buffer {
  const writer = new WireWriter(false).int16(VERSION)
  return writer
    .array(topics, (topic) => writer.string(topic))
    .bytesLength(COUNT_BYTES)
    .int32(count)
    .toBuffer()
}

/** What {@link encodeSubscription} made. Later versions begin alike. */
export function decodeSubscription(bytes: Buffer): string[] {
  const reader = new WireReader(bytes, false)
  reader.int16()
  return reader.array(() => reader.string())
}

/** The partitions that a member is given. */
export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const writer = new WireWriter(false).int16(VERSION)
  return writer
    .array(groupByTopic(partitions), ([topic, numbers]) => {
      writer.string(topic).array(numbers, (number) => writer.int32(number))
    })
    .bytesLength(0)
    .toBuffer()
}

/** What {@link encodeAssignment} made. A member that is given nothing may be sent nothing. */
export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new WireReader(bytes, false)
  reader.int16()
  return reader
    .array(() => {
      const topic = reader.string()
      return reader.array((): TopicPartition => ({ topic, partition: reader.int32() }))
    })
    .flat()
}

import { byTopic, groupByTopic, type TopicPartition } from '../../batch/topic-partition.js'
import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'

/** ListOffsets. Version 2 is the first with an isolation level; 5 the last that is not flexible. */
export const LIST_OFFSETS = { apiKey: 2, apiName: 'ListOffsets', versions: [2], flexibleFrom: 6 } as const
/** OffsetForLeaderEpoch. */
export const OFFSET_FOR_LEADER_EPOCH = {
  apiKey: 23,
  apiName: 'OffsetForLeaderEpoch',
  versions: [3],
  flexibleFrom: 4,
} as const

const CONSUMER = -1
const ANY_LEADER_EPOCH = -1
/** Which end of a partition's log is asked for. */
export type LogPosition = 'earliest' | 'high-watermark' | 'last-stable'

/** ListOffsets is asked by timestamp; these stand for the ends of the log. */
const SPECIAL_TIMESTAMPS: Readonly<Record<LogPosition, bigint>> = {
  earliest: -2n,
  'high-watermark': -1n,
  'last-stable': -1n,
}

/** One partition's answer to a question about offsets. */
export interface OffsetAnswer extends TopicPartition {
  readonly error: KafkaErrorName | undefined
  readonly offset: bigint
}

/** Asks a leader for the first or the last offset of partitions. */
export function listOffsetsRequest(
  version: number,
  position: LogPosition,
  partitions: readonly TopicPartition[],
): ApiRequest<readonly OffsetAnswer[]> {
  return apiRequest(
    LIST_OFFSETS,
    version,
    (writer) => {
      writer.int32(CONSUMER).int8(position === 'last-stable' ? 1 : 0)
      writer.array(groupByTopic(partitions), ([topic, indexes]) => {
        writer.string(topic).array(indexes, (index) => writer.int32(index).int64(SPECIAL_TIMESTAMPS[position]))
      })
    },
    (reader) => {
      reader.int32()
      return reader
        .array(() => {
          const topic = reader.string()
          return reader.array((): OffsetAnswer => {
            const partition = reader.int32()
            const error = errorName(reader.int16())
            reader.int64()
            return { topic, partition, error, offset: reader.int64() }
          })
        })
        .flat()
    },
  )
}

/** A leader epoch of a partition whose end is asked for. */
export interface EpochQuestion extends TopicPartition {
  /** The leader epoch. */
  readonly epoch: number
}

/** A leader's answer: the largest epoch it knows that is not above the one asked for, and where that epoch ends. */
export interface EpochEnd {
  /** -1 where the leader knows no such epoch. */
  readonly epoch: number
  /** Offset after the epoch's last record, replicated or not; -1 where `epoch` is -1. */
  readonly endOffset: bigint
}

/** One partition's answer to a question about the end of an epoch. */
export interface EpochAnswer extends TopicPartition, EpochEnd {
  readonly error: KafkaErrorName | undefined
}

/** Asks a leader where epochs end in its logs (KIP-101, KIP-279). Answers to one partition come in the order asked. */
export function offsetForLeaderEpochRequest(
  version: number,
  questions: readonly EpochQuestion[],
): ApiRequest<readonly EpochAnswer[]> {
  return apiRequest(
    OFFSET_FOR_LEADER_EPOCH,
    version,
    (writer) => {
      writer.int32(CONSUMER).array(byTopic(questions), ([topic, asked]) => {
        writer.string(topic).array(asked, ({ partition, epoch }) => {
          writer.int32(partition).int32(ANY_LEADER_EPOCH).int32(epoch)
        })
      })
    },
    (reader) => {
      reader.int32()
      return reader
        .array(() => {
          const topic = reader.string()
          return reader.array((): EpochAnswer => {
            const error = errorName(reader.int16())
            const partition = reader.int32()
            return { topic, partition, error, epoch: reader.int32(), endOffset: reader.int64() }
          })
        })
        .flat()
    },
  )
}

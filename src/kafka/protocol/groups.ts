import { groupByTopic, type TopicPartition } from '../../batch/topic-partition.js'
import type { GroupListing, GroupOffset } from '../transport.js'
import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'

/** ListGroups. Version 2 is the last that is not flexible. */
export const LIST_GROUPS = { apiKey: 16, apiName: 'ListGroups', versions: [2], flexibleFrom: 3 } as const
/** OffsetFetch. Version 5 is the last that is not flexible. */
export const OFFSET_FETCH = { apiKey: 9, apiName: 'OffsetFetch', versions: [5], flexibleFrom: 6 } as const
/** OffsetCommit. Version 6 is the first with leader epochs. */
export const OFFSET_COMMIT = { apiKey: 8, apiName: 'OffsetCommit', versions: [6], flexibleFrom: 8 } as const

/** Who commits, and in which division of the group. */
export interface GroupMember {
  readonly memberId: string
  readonly generationId: number
}

const NO_MEMBER: GroupMember = { memberId: '', generationId: -1 }

/** Asks one broker for the groups that it coordinates. */
export function listGroupsRequest(
  version: number,
): ApiRequest<{ readonly error: KafkaErrorName | undefined; readonly groups: readonly GroupListing[] }> {
  return apiRequest(
    LIST_GROUPS,
    version,
    () => {},
    (reader) => {
      reader.int32()
      const error = errorName(reader.int16())
      return { error, groups: reader.array(() => ({ groupId: reader.string(), protocolType: reader.string() })) }
    },
  )
}

/** Asks a group's coordinator for what the group has committed, for all topics with `null`. */
export function offsetFetchRequest(
  version: number,
  groupId: string,
  partitions: readonly TopicPartition[] | null,
): ApiRequest<{ readonly error: KafkaErrorName | undefined; readonly offsets: readonly GroupOffset[] }> {
  return apiRequest(
    OFFSET_FETCH,
    version,
    (writer) => {
      writer.string(groupId).array(partitions && groupByTopic(partitions), ([topic, indexes]) => {
        writer.string(topic).array(indexes, (index) => writer.int32(index))
      })
    },
    (reader) => {
      reader.int32()
      let firstError: KafkaErrorName | undefined
      const offsets = reader
        .array(() => {
          const topic = reader.string()
          return reader.array((): GroupOffset => {
            const partition = reader.int32()
            const offset = reader.int64()
            const leaderEpoch = reader.int32()
            const metadata = reader.string()
            firstError ??= errorName(reader.int16())
            return { topic, partition, offset, leaderEpoch, metadata }
          })
        })
        .flat()
      return { error: errorName(reader.int16()) ?? firstError, offsets: offsets.filter(({ offset }) => offset >= 0n) }
    },
  )
}

/** One partition's outcome of a commit. */
export interface CommitOutcome extends TopicPartition {
  readonly error: KafkaErrorName | undefined
}

/** Commits offsets of a group, as one of its members where it has any. */
export function offsetCommitRequest(
  version: number,
  groupId: string,
  offsets: readonly GroupOffset[],
  { memberId, generationId } = NO_MEMBER,
): ApiRequest<readonly CommitOutcome[]> {
  const offsetOf = new Map(offsets.map((offset) => [`${offset.topic}/${offset.partition}`, offset]))
  return apiRequest(
    OFFSET_COMMIT,
    version,
    (writer) => {
      writer.string(groupId).int32(generationId).string(memberId)
      writer.array(groupByTopic(offsets), ([topic, indexes]) => {
        writer.string(topic).array(indexes, (index) => {
          const { offset = -1n, leaderEpoch = -1, metadata = '' } = offsetOf.get(`${topic}/${index}`) ?? {}
          writer.int32(index).int64(offset).int32(leaderEpoch).string(metadata)
        })
      })
    },
    (reader) => {
      reader.int32()
      return reader
        .array(() => {
          const topic = reader.string()
          return reader.array(
            (): CommitOutcome => ({ topic, partition: reader.int32(), error: errorName(reader.int16()) }),
          )
        })
        .flat()
    },
  )
}

import { byTopic, type TopicPartition } from '../../batch/topic-partition.js'
import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'

/** DeleteRecords. Version 1 is the last that is not flexible. */
export const DELETE_RECORDS = { apiKey: 21, apiName: 'DeleteRecords', versions: [1], flexibleFrom: 2 } as const

/** Where a partition's log is to start. */
export interface Deletion extends TopicPartition {
  readonly before: bigint
}

/** Asks a leader to delete what lies before an offset, from all replicas. */
export function deleteRecordsRequest(
  version: number,
  deletions: readonly Deletion[],
  timeoutMs: number,
): ApiRequest<readonly (TopicPartition & { readonly error: KafkaErrorName | undefined })[]> {
  return apiRequest(
    DELETE_RECORDS,
    version,
    (writer) => {
      writer.array(byTopic(deletions), ([topic, ofTopic]) => {
        writer.string(topic).array(ofTopic, ({ partition, before }) => writer.int32(partition).int64(before))
      })
      writer.int32(timeoutMs)
    },
    (reader) => {
      reader.int32()
      return reader
        .array(() => {
          const topic = reader.string()
          return reader.array(() => {
            const partition = reader.int32()
            reader.int64()
            return { topic, partition, error: errorName(reader.int16()) }
          })
        })
        .flat()
    },
  )
}

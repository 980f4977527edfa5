import type { NewTopic } from '../transport.js'
import { type ApiRequest, apiRequest } from './api.js'
import type { TopicOutcome } from './configs.js'
import { errorName } from './error-codes.js'

/** CreateTopics. Version 4 is the last that is not flexible. */
export const CREATE_TOPICS = { apiKey: 19, apiName: 'CreateTopics', versions: [4], flexibleFrom: 5 } as const

/** Creates one topic, or only checks whether it could be created. */
export function createTopicRequest(
  version: number,
  newTopic: NewTopic,
  { validateOnly, timeoutMs }: { readonly validateOnly: boolean; readonly timeoutMs: number },
): ApiRequest<readonly TopicOutcome[]> {
  return apiRequest(
    CREATE_TOPICS,
    version,
    (writer) => {
      writer.array([newTopic], ({ topic, partitions, replicationFactor, configs }) => {
        writer.string(topic).int32(partitions).int16(replicationFactor)
        writer.array([], () => {})
        writer.array(Object.entries(configs), ([name, value]) => writer.string(name).string(value))
      })
      writer.int32(timeoutMs).boolean(validateOnly)
    },
    (reader) => {
      reader.int32()
      return reader.array(() => ({
        topic: reader.string(),
        error: errorName(reader.int16()),
        message: reader.nullableString(),
      }))
    },
  )
}

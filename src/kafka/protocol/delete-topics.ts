import { type ApiRequest, apiRequest } from './api.js'
import type { TopicOutcome } from './configs.js'
import { errorName } from './error-codes.js'

/** DeleteTopics. Version 3 is the last that is not flexible. */
export const DELETE_TOPICS = { apiKey: 20, apiName: 'DeleteTopics', versions: [3], flexibleFrom: 4 } as const

/** Deletes one topic. */
export function deleteTopicRequest(
  version: number,
  topic: string,
  timeoutMs: number,
): ApiRequest<readonly TopicOutcome[]> {
  return apiRequest(
    DELETE_TOPICS,
    version,
    (writer) => {
      writer.array([topic], (name) => writer.string(name)).int32(timeoutMs)
    },
    (reader) => {
      reader.int32()
      return reader.array(() => ({ topic: reader.string(), error: errorName(reader.int16()), message: null }))
    },
  )
}

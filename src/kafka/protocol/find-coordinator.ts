import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'

/** FindCoordinator. Version 2 is the last that is not flexible. */
export const FIND_COORDINATOR = { apiKey: 10, apiName: 'FindCoordinator', versions: [2], flexibleFrom: 3 } as const

const GROUP = 0

/** Asks any broker which one coordinates a group. */
export function findGroupCoordinatorRequest(
  version: number,
  groupId: string,
): ApiRequest<{ readonly error: KafkaErrorName | undefined; readonly nodeId: number }> {
  return apiRequest(
    FIND_COORDINATOR,
    version,
    (writer) => {
      writer.string(groupId).int8(GROUP)
    },
    (reader) => {
      reader.int32()
      const error = errorName(reader.int16())
      reader.nullableString()
      return { error, nodeId: reader.int32() }
    },
  )
}

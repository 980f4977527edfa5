import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'

/** FindCoordinator. Version 2 is the last that is not flexible. */
export const FIND_COORDINATOR = { apiKey: 10, apiName: 'FindCoordinator', versions: [2], flexibleFrom: 3 } as const

/** What a broker coordinates: a consumer group, or the transactions of a transactional id. */
export interface Coordinated {
  readonly kind: 'group' | 'transaction'
  readonly id: string
}

const KEY_TYPE = { group: 0, transaction: 1 } as const

/** Asks any broker which one coordinates something. */
export function findCoordinatorRequest(
  version: number,
  { kind, id }: Coordinated,
): ApiRequest<{ readonly error: KafkaErrorName | undefined; readonly nodeId: number }> {
  return apiRequest(
    FIND_COORDINATOR,
    version,
    (writer) => {
      writer.string(id).int8(KEY_TYPE[kind])
    },
    (reader) => {
      reader.int32()
      const error = errorName(reader.int16())
      reader.nullableString()
      return { error, nodeId: reader.int32() }
    },
  )
}

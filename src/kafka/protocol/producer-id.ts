import type { ProducerIdentity } from '../transport.js'
import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'

/** InitProducerId. Version 1 is the last that is not flexible. */
export const INIT_PRODUCER_ID = { apiKey: 22, apiName: 'InitProducerId', versions: [1], flexibleFrom: 2 } as const

const NO_TRANSACTION_TIMEOUT_MS = 2_147_483_647

/** Asks for a producer identity that is idempotent but not transactional. */
export function initProducerIdRequest(
  version: number,
): ApiRequest<ProducerIdentity & { readonly error: KafkaErrorName | undefined }> {
  return apiRequest(
    INIT_PRODUCER_ID,
    version,
    (writer) => {
      writer.string(null).int32(NO_TRANSACTION_TIMEOUT_MS)
    },
    (reader) => {
      reader.int32()
      return { error: errorName(reader.int16()), producerId: reader.int64(), producerEpoch: reader.int16() }
    },
  )
}

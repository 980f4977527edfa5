import type { ProducerIdentity } from '../transport.js'
import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'

/** InitProducerId. Version 1 is the last that is not flexible. */
export const INIT_PRODUCER_ID = { apiKey: 22, apiName: 'InitProducerId', versions: [1], flexibleFrom: 2 } as const

const NO_TRANSACTION = { transactionalId: null, timeoutMs: 2_147_483_647 }

/** The transactional id that an identity is for, and how long its transactions may take. */
export interface TransactionSettings {
  readonly transactionalId: string
  readonly timeoutMs: number
}

/** Asks for a producer identity: one that is only idempotent, or that of a transactional id. */
export function initProducerIdRequest(
  version: number,
  transaction?: TransactionSettings,
): ApiRequest<ProducerIdentity & { readonly error: KafkaErrorName | undefined }> {
  return apiRequest(
    INIT_PRODUCER_ID,
    version,
    (writer) => {
      const { transactionalId, timeoutMs } = transaction ?? NO_TRANSACTION
      writer.string(transactionalId).int32(timeoutMs)
    },
    (reader) => {
      reader.int32()
      return { error: errorName(reader.int16()), producerId: reader.int64(), producerEpoch: reader.int16() }
    },
  )
}

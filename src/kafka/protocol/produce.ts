import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'

/** Produce. Version 7 is the newest that kafkajs-era brokers (2.1) and Kafka 4 both take. */
export const PRODUCE = { apiKey: 0, apiName: 'Produce', versions: [7], flexibleFrom: 9 } as const

const ALL_IN_SYNC_REPLICAS = -1

/** What the leader answered to one produced batch. */
export interface ProduceAnswer {
  /** Why nothing was appended. */
  readonly error: KafkaErrorName | undefined
  /** Offset that the leader gave to the first record. */
  readonly baseOffset: bigint
}

/** Appends one batch to one partition. The batch's bytes are sent as they are, without being copied. */
export function produceRequest(
  version: number,
  {
    topic,
    partition,
    batch,
    timeoutMs,
  }: { readonly topic: string; readonly partition: number; readonly batch: Buffer; readonly timeoutMs: number },
): ApiRequest<ProduceAnswer> {
  return apiRequest(
    PRODUCE,
    version,
    (writer) => {
      writer.string(null).int16(ALL_IN_SYNC_REPLICAS).int32(timeoutMs)
      writer.array([topic], (name) => {
        writer.string(name).array([partition], (index) => writer.int32(index).bytesLength(batch.length))
      })
    },
    (reader) => {
      const [answer] = reader
        .array(() => {
          reader.string()
          return reader.array((): ProduceAnswer => {
            reader.int32()
            const error = errorName(reader.int16())
            const baseOffset = reader.int64()
            reader.int64()
            reader.int64()
            return { error, baseOffset }
          })
        })
        .flat()
      if (answer === undefined) throw new RangeError('a Produce response names no partition')
      return answer
    },
    [batch],
  )
}

import { byTopic, type TopicPartition } from '../../batch/topic-partition.js'
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

/** A batch for a partition. */
export interface ProducedBatch extends TopicPartition {
  /** Pieces of it that follow each other. */
  readonly batch: readonly Buffer[]
}

/** How batches are produced. */
export interface ProduceSettings {
  /** Whose transaction they belong to. */
  readonly transactionalId: string | null
  readonly timeoutMs: number
}

/**
 * Appends one batch to each of some partitions. The batches' bytes are sent as they are, without being copied. Answers
 * come in any order.
 */
export function produceRequest(
  version: number,
  batches: readonly ProducedBatch[],
  { transactionalId, timeoutMs }: ProduceSettings,
): ApiRequest<readonly (TopicPartition & ProduceAnswer)[]> {
  return apiRequest(
    PRODUCE,
    version,
    (writer) => {
      writer.string(transactionalId).int16(ALL_IN_SYNC_REPLICAS).int32(timeoutMs)
      writer.array(byTopic(batches), ([topic, ofTopic]) => {
        writer.string(topic).array(ofTopic, ({ partition, batch }) => writer.int32(partition).attach(batch))
      })
    },
    (reader) =>
      reader
        .array(() => {
          const topic = reader.string()
          return reader.array(() => {
            const partition = reader.int32()
            const error = errorName(reader.int16())
            const baseOffset = reader.int64()
            reader.int64()
            reader.int64()
            return { topic, partition, error, baseOffset }
          })
        })
        .flat(),
  )
}

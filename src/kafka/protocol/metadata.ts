import type { TopicMetadata } from '../transport.js'
import { type ApiRequest, apiRequest } from './api.js'
import { errorName } from './error-codes.js'
import { operationsOf } from './topic-operations.js'

/** Metadata. Version 12 gives topic ids; 7 is the oldest with leader epochs. */
export const METADATA = { apiKey: 3, apiName: 'Metadata', versions: [7, 12], flexibleFrom: 9 } as const

/** A broker as the cluster announces it. */
export interface BrokerAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** What one Metadata answer says. */
export interface MetadataAnswer {
  readonly brokers: readonly BrokerAddress[]
  readonly clusterId: string
  readonly controllerId: number
  readonly topics: readonly TopicMetadata[]
}

const WITH_TOPIC_IDS = 12
const ZERO_ID = Buffer.alloc(16)

/** What is asked besides. */
export interface MetadataQuestion {
  /** Whether to tell what this principal may do with each topic. Brokers before 2.8 do not tell. */
  readonly authorizedOperations?: boolean | undefined
}

/** Asks for the given topics, or for all with `null`. */
export function metadataRequest(
  version: number,
  topics: readonly string[] | null,
  { authorizedOperations = false }: MetadataQuestion = {},
): ApiRequest<MetadataAnswer> {
  const hasTopicIds = version >= WITH_TOPIC_IDS
  return apiRequest(
    METADATA,
    version,
    (writer) => {
      writer.array(topics, (topic) => {
        if (hasTopicIds) writer.uuid(ZERO_ID)
        writer.string(topic).end()
      })
      writer.boolean(false)
      if (hasTopicIds) writer.boolean(authorizedOperations)
      writer.end()
    },
    (reader) => {
      reader.int32()
      const brokers = reader.array(() => {
        const broker = {
          nodeId: reader.int32(),
          host: reader.string(),
          port: reader.int32(),
          rack: reader.nullableString(),
        }
        reader.end()
        return broker
      })
      const clusterId = reader.string()
      const controllerId = reader.int32()
      const topicsRead = reader.array((): TopicMetadata => {
        const error = errorName(reader.int16())
        const topic = reader.string()
        const id = hasTopicIds ? reader.uuid() : ZERO_ID
        const internal = reader.boolean()
        const partitions = reader.array(() => {
          reader.int16()
          const partition = reader.int32()
          const leaderId = reader.int32()
          const leaderEpoch = reader.int32()
          const replicas = reader.array(() => reader.int32())
          reader.array(() => reader.int32())
          reader.array(() => reader.int32())
          reader.end()
          return { partition, leaderId, leaderEpoch, replicas }
        })
        const operations = hasTopicIds ? operationsOf(reader.int32()) : undefined
        reader.end()
        partitions.sort((a, b) => a.partition - b.partition)
        return {
          topic,
          topicId: id.equals(ZERO_ID) ? undefined : id.toString('base64url'),
          internal,
          partitions,
          error,
          ...(operations && { authorizedOperations: operations }),
        }
      })
      return { brokers, clusterId, controllerId, topics: topicsRead }
    },
  )
}

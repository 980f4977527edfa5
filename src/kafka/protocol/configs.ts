import type { ConfigEntry, TopicConfigs } from '../transport.js'
import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'

/** DescribeConfigs. */
export const DESCRIBE_CONFIGS = { apiKey: 32, apiName: 'DescribeConfigs', versions: [1], flexibleFrom: 4 } as const
/** IncrementalAlterConfigs (KIP-339, Kafka 2.3). */
export const INCREMENTAL_ALTER_CONFIGS = {
  apiKey: 44,
  apiName: 'IncrementalAlterConfigs',
  versions: [0],
  flexibleFrom: 1,
} as const

const TOPIC_RESOURCE = 2
const SET = 0
const DELETE = 1
const SOURCES: readonly ConfigEntry['source'][] = [
  'unknown',
  'topic',
  'broker',
  'cluster-default',
  'broker-file',
  'default',
]

function sourceOf(code: number): ConfigEntry['source'] {
  return SOURCES[code] ?? 'unknown'
}

/** A failure that concerns one topic, in the broker's own words. */
export interface TopicOutcome {
  readonly topic: string
  readonly error: KafkaErrorName | undefined
  readonly message: string | null
}

/** Asks for the effective configuration of topics. */
export function describeConfigsRequest(
  version: number,
  topics: readonly string[],
): ApiRequest<readonly (TopicOutcome & TopicConfigs)[]> {
  return apiRequest(
    DESCRIBE_CONFIGS,
    version,
    (writer) => {
      writer.array(topics, (topic) =>
        writer
          .int8(TOPIC_RESOURCE)
          .string(topic)
          .array(null, () => {}),
      )
      writer.boolean(false)
    },
    (reader) => {
      reader.int32()
      return reader.array(() => {
        const error = errorName(reader.int16())
        const message = reader.nullableString()
        reader.int8()
        const topic = reader.string()
        const configs = reader.array((): ConfigEntry => {
          const name = reader.string()
          const value = reader.nullableString()
          reader.boolean()
          const source = sourceOf(reader.int8())
          const sensitive = reader.boolean()
          // Synonyms, which are not asked for.
          reader.array(() => {
            reader.string()
            reader.nullableString()
            reader.int8()
          })
          return { name, value, source, sensitive }
        })
        return { topic, error, message, configs }
      })
    },
  )
}

/** Sets the given configs of one topic and removes those whose value is `null`; leaves all others as they are. */
export function incrementalAlterConfigsRequest(
  version: number,
  topic: string,
  changes: Readonly<Record<string, string | null>>,
): ApiRequest<readonly TopicOutcome[]> {
  return apiRequest(
    INCREMENTAL_ALTER_CONFIGS,
    version,
    (writer) => {
      writer.array([topic], (name) => {
        writer.int8(TOPIC_RESOURCE).string(name)
        writer.array(Object.entries(changes), ([key, value]) => {
          writer
            .string(key)
            .int8(value === null ? DELETE : SET)
            .string(value)
        })
      })
      writer.boolean(false)
    },
    (reader) => {
      reader.int32()
      return reader.array((): TopicOutcome => {
        const error = errorName(reader.int16())
        const message = reader.nullableString()
        reader.int8()
        return { topic: reader.string(), error, message }
      })
    },
  )
}

import type { CheckpointConfig } from '../archive/checkpoint.js'
import { TransportError } from '../errors.js'
import type { KafkaTransport, NewTopic, TransportCallOptions } from '../kafka/transport.js'

/** These name brokers of the source, and belong to a reassignment that was going on there. */
const OF_THE_SOURCE_ALONE: ReadonlySet<string> = new Set([
  'leader.replication.throttled.replicas',
  'follower.replication.throttled.replicas',
])

/** The configs that were set on the topic itself, as the archive has them. */
export function topicLevelConfigs(configs: readonly CheckpointConfig[]): Readonly<Record<string, string>> {
  const own = configs.filter(({ name, source }) => source === 'topic' && !OF_THE_SOURCE_ALONE.has(name))
  return Object.fromEntries(own.map(({ name, value }) => [name, value]))
}

/** What of a topic's configs can be had. */
export interface AcceptedConfigs {
  readonly configs: Readonly<Record<string, string>>
  readonly remarks: readonly string[]
  /** Why the topic cannot be created, whatever its configs. */
  readonly refusal: TransportError | undefined
}

/**
 * The configs of `newTopic` that the target accepts. Each one that it does not know, refuses, or refuses beside the
 * others is left out, and more replicas in sync than there are would make the topic unwritable: remarks say so.
 */
export async function acceptedConfigs(
  kafka: KafkaTransport,
  newTopic: NewTopic,
  { signal }: TransportCallOptions,
): Promise<AcceptedConfigs> {
  const { configs, remarks } = writable(newTopic)
  const refusal = await validationError(kafka, { ...newTopic, configs }, signal)
  if (refusal?.reason !== 'INVALID_CONFIG') return { configs, remarks, refusal }
  const accepted: Record<string, string> = {}
  let refused = Object.entries(configs).map(([name, value]) => ({ name, value, error: refusal }))
  // A value may need another one beside it that comes later: what was refused is tried again.
  for (let before = Number.POSITIVE_INFINITY; refused.length < before; ) {
    before = refused.length
    const open = refused
    refused = []
    for (const { name, value } of open) {
      const error = await validationError(kafka, { ...newTopic, configs: { ...accepted, [name]: value } }, signal)
      if (error === undefined) accepted[name] = value
      else refused.push({ name, value, error })
    }
  }
  if (Object.keys(accepted).length === 0) {
    const bare = await validationError(kafka, { ...newTopic, configs: {} }, signal)
    if (bare !== undefined) return { configs: {}, remarks, refusal: bare }
  }
  const leftOut = refused.map(
    ({ name, value, error }) =>
      `${newTopic.topic}: config ${name}=${value} is not accepted by the target and left out: ${error.message}`,
  )
  return { configs: accepted, remarks: [...remarks, ...leftOut], refusal: undefined }
}

function writable({ topic, configs, replicationFactor }: NewTopic): Omit<AcceptedConfigs, 'refusal'> {
  const { 'min.insync.replicas': wanted } = configs
  if (wanted === undefined || Number(wanted) <= replicationFactor) return { configs, remarks: [] }
  return {
    configs: { ...configs, 'min.insync.replicas': String(replicationFactor) },
    remarks: [`${topic}: min.insync.replicas=${wanted} becomes ${replicationFactor}, as there are no more replicas`],
  }
}

async function validationError(
  kafka: KafkaTransport,
  newTopic: NewTopic,
  signal: AbortSignal | undefined,
): Promise<TransportError | undefined> {
  try {
    await kafka.createTopic(newTopic, { validateOnly: true, signal })
    return undefined
  } catch (error) {
    const refused = error instanceof TransportError && error.reason !== undefined && !error.retryable
    // A topic that has come meanwhile is looked at again.
    if (refused && error.reason !== 'TOPIC_ALREADY_EXISTS') return error
    throw error
  }
}

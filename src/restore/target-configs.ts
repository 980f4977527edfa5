import type { CheckpointConfig } from '../archive/checkpoint.js'
import { TransportError } from '../errors.js'
import type { ConfigEntry, KafkaTransport, NewTopic, TransportCallOptions } from '../kafka/transport.js'

/** Largest batch that a default broker takes in one request. */
const LARGEST_BATCH_BYTES = '104857600'
const FOREVER = '-1'
const ANY_TIME = '9223372036854775807'

/**
 * What a topic's configs are while it is restored: nothing may delete, compact, recompress, refuse or date anew what
 * is being written.
 */
const HELD: Readonly<Record<string, string>> = {
  'retention.ms': FOREVER,
  'retention.bytes': FOREVER,
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.difference.max.ms': ANY_TIME,
  'message.timestamp.before.max.ms': ANY_TIME,
  'message.timestamp.after.max.ms': ANY_TIME,
  'max.message.bytes': LARGEST_BATCH_BYTES,
}

/** The configs that were set on the topic itself, as the archive has them. */
export function topicLevelConfigs(configs: readonly CheckpointConfig[]): Readonly<Record<string, string>> {
  return Object.fromEntries(configs.filter(({ source }) => source === 'topic').map(({ name, value }) => [name, value]))
}

/** What a topic has of its own for each config that will be held; `null` where it has nothing of its own. */
export async function configsBeforeHold(
  kafka: KafkaTransport,
  topic: string,
  { signal }: TransportCallOptions,
): Promise<Readonly<Record<string, string | null>>> {
  const [described] = await kafka.topicConfigs([topic], { signal })
  const own = ({ name, value, source }: ConfigEntry) => [name, source === 'topic' ? value : null] as const
  return Object.fromEntries((described?.configs ?? []).filter(({ name }) => name in HELD).map(own))
}

/** Holds every config that {@link configsBeforeHold} knows: those are the ones that the target's version has. */
export async function holdConfigs(
  kafka: KafkaTransport,
  topic: string,
  before: Readonly<Record<string, string | null>>,
  { signal }: TransportCallOptions,
): Promise<void> {
  const known = Object.entries(HELD).filter(([name]) => name in before)
  await kafka.alterTopicConfigs(topic, Object.fromEntries(known), { signal })
}

/** Gives a topic its own configs back. Answers what stays held, because it would delete what was just restored. */
export async function releaseConfigs(
  kafka: KafkaTransport,
  topic: string,
  original: Readonly<Record<string, string | null>>,
  { oldestMs, signal }: TransportCallOptions & { readonly oldestMs: bigint | undefined },
): Promise<{ readonly released: Readonly<Record<string, string>>; readonly held: Readonly<Record<string, string>> }> {
  const { 'retention.ms': retention, ...others } = original
  await kafka.alterTopicConfigs(topic, others, { signal })
  if (retention === undefined) return { released: described(others), held: {} }
  if (await wouldDelete(kafka, topic, retention, { oldestMs, signal })) {
    return { released: described(others), held: { 'retention.ms': FOREVER } }
  }
  await kafka.alterTopicConfigs(topic, { 'retention.ms': retention }, { signal })
  return { released: described(original), held: {} }
}

function described(configs: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(configs).map(([name, value]) => [name, value ?? '(the broker’s default)']))
}

async function wouldDelete(
  kafka: KafkaTransport,
  topic: string,
  ownRetention: string | null,
  { oldestMs, signal }: TransportCallOptions & { readonly oldestMs: bigint | undefined },
): Promise<boolean> {
  if (oldestMs === undefined) return false
  const [described] = await kafka.topicConfigs([topic], { signal })
  const inherited = described?.configs.find(({ name }) => name === 'retention.ms')?.inherited
  const retentionMs = BigInt(ownRetention ?? inherited ?? FOREVER)
  return retentionMs >= 0n && oldestMs < BigInt(Date.now()) - retentionMs
}

/**
 * The configs of `newTopic` that the target accepts; each one it does not know or refuses is dropped with a remark.
 *
 * @throws {@link TransportError} when the topic could not be created whatever its configs.
 */
export async function acceptedConfigs(
  kafka: KafkaTransport,
  newTopic: NewTopic,
  { signal }: TransportCallOptions,
): Promise<{ readonly configs: Readonly<Record<string, string>>; readonly remarks: readonly string[] }> {
  const refusal = await validationError(kafka, newTopic, signal)
  if (refusal === undefined) return { configs: newTopic.configs, remarks: [] }
  if (refusal.reason !== 'INVALID_CONFIG') throw refusal
  const configs: Record<string, string> = {}
  const remarks: string[] = []
  for (const [name, value] of Object.entries(newTopic.configs)) {
    const alone = await validationError(kafka, { ...newTopic, configs: { [name]: value } }, signal)
    if (alone === undefined) configs[name] = value
    else remarks.push(`${newTopic.topic}: config ${name}=${value} is not accepted by the target and left out`)
  }
  return { configs, remarks }
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
    if (error instanceof TransportError && !error.retryable) return error
    throw error
  }
}

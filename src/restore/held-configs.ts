import type { ConfigEntry, KafkaTransport, TransportCallOptions } from '../kafka/transport.js'

const FOREVER = '-1'
const ANY_TIME = '9223372036854775807'
const ANY_SIZE = '2147483647'
const AS_RETENTION = '-2'

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
  'max.message.bytes': ANY_SIZE,
}

/** Brokers want these to equal the retention of a tiered topic that copies nothing to its remote storage any more. */
const HELD_WITHOUT_COPYING: Readonly<Record<string, string>> = {
  'local.retention.ms': AS_RETENTION,
  'local.retention.bytes': AS_RETENTION,
}

/** Each limit of the retention with the one that may have to equal it. */
const RETENTION = [
  { name: 'retention.ms', local: 'local.retention.ms' },
  { name: 'retention.bytes', local: 'local.retention.bytes' },
] as const

/** What the configs that are held were before. */
export interface ConfigsBeforeHold {
  /** The topic's own values; `null` where it had none. */
  readonly originalConfigs: Readonly<Record<string, string | null>>
  /** What applied where the topic had none of its own: it can be asked for only while nothing is held. */
  readonly inheritedConfigs: Readonly<Record<string, string | null>>
}

/**
 * What a topic has of its own for each config that will be held: the ones that the target's version has. A topic that
 * an `abandoned` restore still holds had before what that one has written down.
 */
export async function configsBeforeHold(
  kafka: KafkaTransport,
  topic: string,
  { abandoned, signal }: TransportCallOptions & { readonly abandoned?: ConfigsBeforeHold | undefined },
): Promise<ConfigsBeforeHold> {
  const [described] = await kafka.topicConfigs([topic], { signal })
  const configs = described?.configs ?? []
  if (abandoned !== undefined && isHeld(abandoned, configs)) {
    const { originalConfigs, inheritedConfigs } = abandoned
    return { originalConfigs, inheritedConfigs }
  }
  const copiesNothing = configs.some(({ name, value }) => name === 'remote.log.copy.disable' && value === 'true')
  const names = { ...HELD, ...(copiesNothing && HELD_WITHOUT_COPYING) }
  const before = configs.filter(({ name }) => name in names)
  const inherited = before.filter(({ source }) => source !== 'topic')
  return {
    originalConfigs: Object.fromEntries(
      before.map(({ name, value, source }) => [name, source === 'topic' ? value : null]),
    ),
    inheritedConfigs: Object.fromEntries(inherited.map(({ name, value }) => [name, value])),
  }
}

function isHeld(before: ConfigsBeforeHold, configs: readonly ConfigEntry[]): boolean {
  const own = new Map(configs.filter(({ source }) => source === 'topic').map(({ name, value }) => [name, value]))
  return Object.entries(holding(before)).every(([name, value]) => own.get(name) === value)
}

function holding({ originalConfigs }: ConfigsBeforeHold): Readonly<Record<string, string>> {
  const all = Object.entries({ ...HELD, ...HELD_WITHOUT_COPYING })
  return Object.fromEntries(all.filter(([name]) => name in originalConfigs))
}

/** Holds every config that {@link configsBeforeHold} knows. */
export async function holdConfigs(
  kafka: KafkaTransport,
  topic: string,
  before: ConfigsBeforeHold,
  { signal }: TransportCallOptions,
): Promise<void> {
  await kafka.alterTopicConfigs(topic, holding(before), { signal })
}

/** What a retention could delete of what was restored. */
export interface RestoredExtent {
  /** About the time of the oldest record; -1 where none has a time: brokers then go by when they came. */
  readonly oldestMs: bigint
  /** Size of the largest partition. */
  readonly largestBytes: bigint
}

/**
 * Gives a topic its own configs back, all at once, so that it is never seen half released. Answers what stays held,
 * because it would delete what was just restored.
 */
export async function releaseConfigs(
  kafka: KafkaTransport,
  topic: string,
  before: ConfigsBeforeHold,
  { signal, ...extent }: TransportCallOptions & RestoredExtent,
): Promise<{ readonly released: Readonly<Record<string, string>>; readonly held: Readonly<Record<string, string>> }> {
  const kept = wouldDelete(before, extent)
  const released = Object.entries(before.originalConfigs).filter(([name]) => !kept.includes(name))
  await kafka.alterTopicConfigs(topic, Object.fromEntries(released), { signal })
  return {
    released: Object.fromEntries(released.map(([name, value]) => [name, value ?? '(the broker’s default)'])),
    held: Object.fromEntries(Object.entries(holding(before)).filter(([name]) => kept.includes(name))),
  }
}

/** The configs that must stay held. Compaction may come back: it takes nothing that the source would have kept. */
function wouldDelete(
  { originalConfigs, inheritedConfigs }: ConfigsBeforeHold,
  { oldestMs, largestBytes }: RestoredExtent,
): readonly string[] {
  const after = (name: string) => originalConfigs[name] ?? inheritedConfigs[name] ?? undefined
  const policies = (after('cleanup.policy') ?? 'delete').split(',').map((policy) => policy.trim())
  if (!policies.includes('delete')) return []
  const ageMs = oldestMs < 0n ? 0n : BigInt(Date.now()) - oldestMs
  const extent = { 'retention.ms': ageMs, 'retention.bytes': largestBytes }
  return RETENTION.flatMap(({ name, local }) => {
    const limit = BigInt(after(name) ?? FOREVER)
    return limit >= 0n && extent[name] > limit ? [name, local] : []
  })
}

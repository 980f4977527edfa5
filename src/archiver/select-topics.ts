import { TopicNotFoundError } from '../errors.js'
import { missingNames, selects, type TopicFilter } from '../internal/topic-filter.js'
import { protocolError } from '../kafka/retry.js'
import type { KafkaTransport, TopicMetadata, TransportCallOptions } from '../kafka/transport.js'

/**
 * The topics a run is about. Internal topics only where they are named. Without `mustExist`, topics that cannot be
 * described are left out.
 *
 * @throws {@link TopicNotFoundError} when a topic that is named does not exist and `mustExist`.
 */
export async function selectTopics(
  kafka: KafkaTransport,
  filter: TopicFilter | undefined,
  { mustExist, signal }: TransportCallOptions & { readonly mustExist: boolean },
): Promise<{ readonly clusterId: string; readonly topics: readonly TopicMetadata[] }> {
  const onlyNames = filter?.every((item) => typeof item === 'string') === true
  const names = onlyNames ? (filter as readonly string[]) : undefined
  const { clusterId, topics } = await kafka.metadata(names, { signal })
  const known = topics.filter(({ error }) => error !== 'UNKNOWN_TOPIC_OR_PARTITION')
  const [missing] = missingNames(
    filter,
    known.map(({ topic }) => topic),
  )
  if (missing !== undefined && mustExist) {
    throw new TopicNotFoundError(missing, { hint: 'check the spelling; names are case-sensitive' })
  }
  const selected = known.filter(
    ({ topic, internal }) => selects(filter, topic) && (!internal || filter?.includes(topic) === true),
  )
  if (!mustExist) return { clusterId, topics: selected.filter(({ error }) => error === undefined) }
  for (const { topic, error } of selected) {
    if (error !== undefined) throw protocolError(error, `describe topic ${topic}`)
  }
  return { clusterId, topics: selected }
}

import type { KafkaTransport } from '../../src/kafka/transport.js'

/** What a topic has of its own. */
export async function ownConfigs(
  kafka: KafkaTransport,
  topic: string,
): Promise<Readonly<Record<string, string | null>>> {
  const [described] = await kafka.topicConfigs([topic])
  const own = described?.configs.filter(({ source }) => source === 'topic') ?? []
  return Object.fromEntries(own.map(({ name, value }) => [name, value]))
}

import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'

/**
 * How long each compacted topic keeps a tombstone, in milliseconds. An archiver that was away for longer may have missed
 * one: the key would live on in the archive for ever.
 */
export async function tombstoneRetentionMs(
  topics: readonly string[],
  { kafka, signal }: TransportCallOptions & { readonly kafka: KafkaTransport },
): Promise<ReadonlyMap<string, number>> {
  const described = await kafka.topicConfigs(topics, { signal })
  return new Map(
    described.flatMap(({ topic, configs }) => {
      const configured = (name: string) => configs.find((config) => config.name === name)?.value ?? ''
      const compacted = configured('cleanup.policy').split(',').includes('compact')
      return compacted ? [[topic, Number(configured('delete.retention.ms'))] as const] : []
    }),
  )
}

import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'
import type { ArchiveEvent } from './events.js'
import type { PartitionCursor } from './partition-cursor.js'
import { beginNextGeneration, type RepositionContext, recordGap } from './reposition.js'

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

/** Begins a new generation with the whole log, behind a gap that says why. The cursor must hold nothing. */
export async function archiveAnew(
  cursor: PartitionCursor,
  context: Pick<RepositionContext, 'source' | 'signal'>,
): Promise<readonly ArchiveEvent[]> {
  const { position: from, compactedUpTo: next = from + 1n } = cursor
  const gap = await recordGap({ from, next, cause: 'tombstones' }, cursor, context)
  const diverged = await beginNextGeneration(0n, cursor, context)
  cursor.missedTombstones({ from, next, cause: 'tombstones' })
  return [gap, diverged]
}

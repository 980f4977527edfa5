import { createHash } from 'node:crypto'
import type { Checkpoint, CheckpointTopic } from '../archive/checkpoint.js'
import type { KafkaTransport } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import type { OffsetMode } from './events.js'
import { BATCHING } from './outgoing.js'
import { type PartitionChain, planSource } from './plan-source.js'
import { planTarget, type TargetPlan } from './plan-target.js'

/** Something that would make the restore fail or be wrong. */
export interface RestoreProblem {
  /** Stable, machine-readable reason. */
  readonly code: string
  /** What is wrong, and what to do. */
  readonly text: string
}

/** What will happen to one topic. */
export interface TopicPlan extends TargetPlan {
  readonly source: CheckpointTopic
  readonly target: string
  readonly offsets: OffsetMode
  readonly why: string
  /** From the archived size, at a rate that most clusters reach. */
  readonly estimatedMs: number
  readonly chains: readonly PartitionChain[]
  /** Digest of everything that decides which batches are produced. */
  readonly digest: string
}

/** What decides about a plan besides the archive and the target. */
export interface PlanContext {
  readonly kafka: KafkaTransport
  readonly storage: ArchiveStorage
  /** Where restore records are. */
  readonly state: ArchiveStorage
  readonly checkpoint: Checkpoint & { readonly id: string }
  /** Whether the checkpoint was chosen as the newest one rather than on purpose. */
  readonly latest: boolean
  readonly offsets: 'auto' | OffsetMode
  readonly configs: Readonly<Record<string, string>> | false
  readonly replicationFactor: number | undefined
  readonly signal: AbortSignal | undefined
}

const BYTES_PER_MS = 100_000

/** Decides what happens to one topic. Nothing is written. */
export async function planTopic(context: PlanContext, source: CheckpointTopic, target: string): Promise<TopicPlan> {
  const digest = digestOf(context.checkpoint.id, source, target)
  const { chains, problems, dense, bytes } = await planSource(context.storage, source, context)
  const found = await planTarget({ ...context, source, target, digest })
  const exact = dense && found.targetFrom.every((offset) => offset === 0n)
  const why = exact
    ? 'every partition holds a record at every offset from 0 on'
    : 'offsets are missing before, between or behind the records, or the target does not begin at 0'
  const refused = context.offsets === 'exact' && !exact
  const text = `${source.topic}: the offsets cannot come back exactly: ${why}`
  return {
    ...found,
    problems: [...problems, ...found.problems, ...(refused ? [{ code: 'NOT_EXACT', text }] : [])],
    source,
    target,
    offsets: exact && context.offsets !== 'translate' ? 'exact' : 'translate',
    why,
    estimatedMs: Math.ceil(bytes / BYTES_PER_MS),
    chains,
    digest,
  }
}

function digestOf(checkpoint: string, { topic, topicId, partitions }: CheckpointTopic, target: string): string {
  const ranges = partitions.map(({ partition, generation, from, next }) => [
    partition,
    generation,
    `${from}`,
    `${next}`,
  ])
  return createHash('sha256')
    .update(JSON.stringify([BATCHING, checkpoint, topic, topicId, target, ranges]))
    .digest('hex')
}

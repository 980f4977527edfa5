import { createHash } from 'node:crypto'
import type { Checkpoint, CheckpointTopic } from '../archive/checkpoint.js'
import type { SegmentSource } from '../archive/read-segment.js'
import type { KafkaTransport } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { chooseOffsets, type OffsetsChoice } from './choose-offsets.js'
import type { OffsetMode } from './events.js'
import { type PartitionChain, planSource } from './plan-source.js'
import { planTarget, type TargetPlan } from './plan-target.js'
import { obstacleToReplay } from './replay-obstacle.js'
import type { TargetOptions } from './restore-options.js'
import type { CheckedRestoreRange } from './restore-ranges.js'
import { STEPS_VERSION } from './step.js'
import type { RecordSelection } from './translated-steps.js'

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
export interface PlanContext extends TargetOptions {
  readonly kafka: KafkaTransport
  readonly source: SegmentSource
  /** Where restore records are. */
  readonly state: ArchiveStorage
  readonly checkpoint: Checkpoint & { readonly id: string }
  /** Whether the checkpoint was chosen as the newest one rather than on purpose. */
  readonly latest: boolean
  /** What `auto` may spend on exactness. */
  readonly exactBudgetMs: number
  readonly ranges: readonly CheckedRestoreRange[]
  readonly selection: RecordSelection
}

const BYTES_PER_MS = 100_000

/** Decides what happens to one topic. Nothing is written. */
export async function planTopic(context: PlanContext, source: CheckpointTopic, target: string): Promise<TopicPlan> {
  const { selection, exactBudgetMs, offsets: asked } = context
  const { chains, problems, bytes } = await planSource(context.source, source, context)
  const digest = digestOf(context, source, chains, target)
  const found = await planTarget({ ...context, source, target, digest })
  const { extraMs, obstacle, ...chosen } = pinnedOffsets(found, context) ?? (await choose())
  const text = `${source.topic}: the offsets cannot come back exactly: ${obstacle}`
  return {
    ...found,
    ...chosen,
    problems: [...problems, ...found.problems, ...(obstacle === undefined ? [] : [{ code: 'NOT_EXACT', text }])],
    source,
    target,
    estimatedMs: Math.ceil(bytes / BYTES_PER_MS) + extraMs,
    chains,
    digest,
  }

  async function choose(): Promise<OffsetsChoice> {
    const replayObstacle = asked === 'translate' ? undefined : await obstacleToReplay(context, chains)
    const { onDamage } = context
    return chooseOffsets({ asked, exactBudgetMs, selection, chains, replayObstacle, onDamage, ...found })
  }
}

/** A restore that is taken up again goes on in the way that it began. */
function pinnedOffsets({ pinned }: TargetPlan, { onDamage }: PlanContext): OffsetsChoice | undefined {
  if (pinned === undefined) return undefined
  const { offsets } = pinned
  const isStuck = offsets === 'exact' && onDamage === 'skip'
  const obstacle = isStuck
    ? "the restore has begun with them, and `onDamage: 'skip'` needs others: delete the topic"
    : undefined
  return { offsets, why: 'an earlier run began so', extraMs: 0, obstacle }
}

/** Digest of everything that decides which batches a restore of a topic produces. */
export function digestOf(
  { checkpoint, selection }: { readonly checkpoint: { readonly id: string }; readonly selection: RecordSelection },
  { topic, topicId }: CheckpointTopic,
  chains: readonly PartitionChain[],
  target: string,
): string {
  const ranges = chains.map(({ partition, generation, from, next }) => [partition, generation, `${from}`, `${next}`])
  const { sinceMs, untilMs, transform } = selection
  const selected = [String(sinceMs), String(untilMs), transform !== undefined]
  return createHash('sha256')
    .update(JSON.stringify([STEPS_VERSION, checkpoint.id, topic, topicId, target, ranges, selected]))
    .digest('hex')
}

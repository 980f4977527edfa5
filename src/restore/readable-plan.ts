import type { Hole } from '../archive/finding.js'
import { outside } from '../archive/offset-ranges.js'
import type { OffsetMode } from './events.js'
import type { RestoreProblem, TopicPlan } from './plan.js'
import type { PartitionChain } from './plan-source.js'

/** What a restore would do with one topic. */
export interface PlannedTopic {
  /** The topic in the archive. */
  readonly topic: string
  /** The topic in the target cluster. */
  readonly target: string
  /** How its offsets come back. */
  readonly offsets: OffsetMode
  /** Why they come back in that way. */
  readonly why: string
  /** A guess from the archived size, at a rate that most clusters reach. */
  readonly estimatedMs: number
  /** Whether the target topic would be created. */
  readonly create: boolean
  /** Partitions of the target topic. */
  readonly partitions: number
  /** Replication factor, where it would be created. */
  readonly replicationFactor: number
  /** Configs of its own, where it would be created. */
  readonly configs: Readonly<Record<string, string>>
}

/** What a restore would do. */
export interface RestorePlan {
  /** One entry a topic. */
  readonly topics: readonly PlannedTopic[]
  /** What would make it fail; nothing is written while there is any. */
  readonly problems: readonly RestoreProblem[]
  /** What a person should know, such as configs that the target does not accept. */
  readonly remarks: readonly string[]
  /** The plan as lines to read. */
  toString(): string
}

/** A plan as a person reads it, and as a program does. */
export function readablePlan(plans: readonly TopicPlan[]): RestorePlan {
  const topics = plans.map(
    ({ source, target, offsets, why, estimatedMs, create, partitions, replicationFactor, configs }) => ({
      ...{ topic: source.topic, target, offsets, why, estimatedMs, create, partitions, replicationFactor, configs },
    }),
  )
  const problems = plans.flatMap((plan) => plan.problems)
  const remarks = plans.flatMap((plan) => plan.remarks)
  const lines = [
    ...topics.map(
      (topic) =>
        `${topic.topic} -> ${topic.target}: ${topic.create ? 'create' : 'use'}, ${topic.partitions} partitions, offsets ${topic.offsets} (${topic.why})`,
    ),
    ...remarks.map((remark) => `remark: ${remark}`),
    ...plans.flatMap(leftOut).map((text) => `left out: ${text}`),
    ...problems.map(({ code, text }) => `problem ${code}: ${text}`),
  ]
  return { topics, problems, remarks, toString: () => lines.join('\n') }
}

/** What is known to be damaged and is to be left out. Segments are not read for a plan. */
function leftOut({ chains, skipped }: TopicPlan): string[] {
  const holes = [...skipped, ...chains.flatMap((chain) => outside(chain.holes, ofPartition(skipped, chain)))]
  return holes.map(({ text }) => text)
}

function ofPartition(holes: readonly Hole[], { partition }: PartitionChain): Hole[] {
  return holes.filter((hole) => hole.partition === partition)
}

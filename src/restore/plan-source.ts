import type { ChainLink } from '../archive/chain.js'
import type { CheckpointPartition, CheckpointTopic } from '../archive/checkpoint.js'
import { type Hole, unexplainedHole } from '../archive/finding.js'
import { isWithin, offsetsOf } from '../archive/offset-ranges.js'
import {
  chainFor,
  holesIn,
  listPartition,
  type PartitionLog,
  type SegmentInfo,
  unprunedFrom,
} from '../archive/partition-log.js'
import { hasTrueOffsets, type SegmentSource } from '../archive/read-segment.js'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { ascending, smaller, sumOf } from '../internal/bigint.js'
import type { OnDamage } from './partition-damage.js'
import type { RestoreProblem } from './plan.js'
import { type CheckedRestoreRange, partInRange } from './restore-ranges.js'

/** The segments that give one partition. */
export interface PartitionChain extends CheckpointPartition {
  readonly chain: readonly ChainLink<SegmentInfo>[]
  /** Records in it, as far as the names of its segments tell. */
  readonly records: bigint
  /** Whether every offset from 0 on certainly holds a record. */
  readonly dense: boolean
  /** Whether the offsets of its records are known. */
  readonly trueOffsets: boolean
  /** All segments of the partition: those that are not in the chain may stand in for damaged ones. */
  readonly segments: readonly SegmentInfo[]
  /** What the listing lacks without an explanation, and is to be left out. */
  readonly holes: readonly Hole[]
}

/** What the archive has of a topic. */
export interface SourcePlan {
  readonly chains: readonly PartitionChain[]
  readonly problems: readonly RestoreProblem[]
  readonly bytes: number
}

/** What decides about a source besides the archive. */
export interface SourceQuestion {
  /** Whether the checkpoint was chosen as the newest one rather than on purpose. */
  readonly latest: boolean
  readonly onDamage: OnDamage
  /** Which offsets of some partitions are wanted. */
  readonly ranges: readonly CheckedRestoreRange[]
  readonly signal: AbortSignal | undefined
}

/** Looks up what the archive has of a topic, as a checkpoint has it. */
export async function planSource(
  source: SegmentSource,
  topic: CheckpointTopic,
  { latest, onDamage, ranges, signal }: SourceQuestion,
): Promise<SourcePlan> {
  const chains: PartitionChain[] = []
  const problems: RestoreProblem[] = []
  for (const named of topic.partitions) {
    const { topic: name, topicId } = topic
    const partition = { topic: name, topicId, partition: named.partition }
    const log = await listPartition(source.storage, partition, { signal })
    const archived = { ...named, from: unprunedFrom(log, named) }
    const part = partInRange(name, archived, ranges)
    if (part === undefined) problems.push(outsideArchive(partition, archived))
    const state = part ?? archived
    const chain = chainFor(log, state)
    const trueOffsets = chain.every(({ segment }) => hasTrueOffsets(source, segment))
    const records = sumOf(chain.map(recordsIn))
    const dense = chain.every((link) => isWithin(link.segment, link)) && records === state.next
    const lacking = holesOf(log, state)
    const holes = onDamage === 'skip' ? lacking : []
    chains.push({ ...state, chain, segments: log.segments, holes, trueOffsets, records, dense })
    problems.push(...unseenProblems(log, state))
    if (onDamage === 'error') problems.push(...lacking.map(({ text }) => ({ code: 'DAMAGED', text })))
    if (latest) problems.push(...olderStateProblems(log, archived))
  }
  const bytes = chains.flatMap(({ chain }) => chain).reduce((sum, { segment }) => sum + segment.sizeBytes, 0)
  return { chains, problems, bytes }
}

/** Of a segment that is taken in part nobody knows before it is read: at most one record an offset. */
function recordsIn({ segment, from, next }: ChainLink<SegmentInfo>): bigint {
  return smaller(BigInt(segment.records), next - from)
}

function outsideArchive(partition: TopicPartition, state: CheckpointPartition): RestoreProblem {
  const has = state.from === state.next ? 'no offsets' : offsetsOf(state)
  const text = `${partitionName(partition)}: the archived state has ${has}, and nothing of what \`ranges\` asks for`
  return { code: 'OUTSIDE_ARCHIVE', text }
}

/** An empty partition that nobody had looked at must not be taken for one that was empty. */
function unseenProblems({ partition }: PartitionLog, { unseen }: CheckpointPartition): RestoreProblem[] {
  if (unseen === undefined) return []
  const text = `${partitionName(partition)}: nobody had looked at it when the checkpoint was taken: choose a later checkpoint, or other topics`
  return [{ code: 'UNSEEN_PARTITION', text }]
}

/** What the listing lacks without an explanation. */
function holesOf(log: PartitionLog, state: CheckpointPartition): Hole[] {
  return holesIn(log, state).map((range) => unexplainedHole(log.partition, range))
}

/** The disaster that needs the backup (an emptied log that was archived once more) must not hide it. */
function olderStateProblems(log: PartitionLog, state: CheckpointPartition): RestoreProblem[] {
  const [reaching] = log.segments
    .filter(({ generation, next }) => generation < state.generation && next > state.next)
    .sort((a, b) => ascending(b.next, a.next))
  if (reaching === undefined) return []
  const text = `${partitionName(log.partition)}: the newest state ends at offset ${state.next}, but generation ${reaching.generation}, which is older, reaches ${reaching.next}: name a checkpoint, so that it is clear which one is meant`
  return [{ code: 'OLDER_STATE_HAS_MORE', text }]
}

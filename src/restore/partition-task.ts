import type { Checkpoint } from '../archive/checkpoint.js'
import { isLimited } from '../archive/read-chain.js'
import type { TopicPartition } from '../batch/topic-partition.js'
import { earlier } from '../internal/bigint.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { type OnDamage, PartitionDamage } from './partition-damage.js'
import type { TopicPlan } from './plan.js'
import type { PartitionChain } from './plan-source.js'
import type { PreparedTarget } from './prepare-target.js'
import { committedOffsets, type OffsetMap, OffsetTranslation, SameOffsets } from './restore-groups.js'
import type { RestoreRecord } from './restore-record.js'
import type { RestoreStep } from './step.js'
import type { RecordSelection } from './translated-steps.js'

/** What a partition has become. */
export interface RestoredPartition extends TopicPartition {
  /** The topic in the target cluster. */
  readonly target: string
  /** First offset of the restored state in the source. */
  readonly sourceFrom: bigint
  /** Offset after the last one of the restored state in the source. */
  readonly sourceNext: bigint
  /** Offset of the first restored record in the target. */
  readonly targetFrom: bigint
  /** Offset after the last restored record in the target. */
  readonly targetNext: bigint
  /** Records restored, by this run or by an earlier one that it took up. */
  readonly records: bigint
  /** Offsets that the archive itself lacks: its gaps, and damage that was left out. */
  readonly missing: bigint
}

/** What all tasks of a restore have in common. */
interface TaskContext {
  readonly checkpoint: Pick<Checkpoint, 'groups'>
  /** Where it is pinned what was left out. */
  readonly state: ArchiveStorage
  readonly selection: RecordSelection
  readonly onDamage: OnDamage
  readonly signal?: AbortSignal | undefined
}

/** The restore of one partition, and how far it is. */
export class PartitionTask {
  readonly plan: TopicPlan
  readonly pinned: RestoreRecord
  readonly topicId: string
  readonly chain: PartitionChain
  /** Where the target ended when the restore began. */
  readonly targetFrom: bigint
  /** Where offsets of the source are in the target. */
  readonly offsets: OffsetMap
  readonly damage: PartitionDamage
  #targetNext: bigint
  #records = 0n
  #bytes = 0n
  #oldestMs = -1n

  constructor(
    { plan, pinned, place }: PreparedTarget,
    index: number,
    chain: PartitionChain,
    { checkpoint, state, selection, onDamage, signal }: TaskContext,
  ) {
    this.plan = plan
    this.pinned = pinned
    this.topicId = place.topicId
    this.chain = chain
    this.targetFrom = pinned.targetFrom[index] ?? 0n
    const committed = committedOffsets(checkpoint.groups, plan.source.topic, chain)
    this.offsets =
      plan.offsets === 'exact'
        ? new SameOffsets(chain, { limited: isLimited(selection) })
        : new OffsetTranslation(committed, this.targetFrom)
    this.damage = new PartitionDamage({ state, target: place, onDamage, skipped: plan.skipped, chain, signal })
    this.#targetNext = this.targetFrom
  }

  /** The partition that is restored into. */
  get target(): TopicPartition {
    return { topic: this.plan.target, partition: this.chain.partition }
  }

  /** Offset in the target after what is restored. */
  get targetNext(): bigint {
    return this.#targetNext
  }

  /** Bytes of what is restored, as they are in the archive. */
  get bytes(): bigint {
    return this.#bytes
  }

  /** About the time of the oldest record that is restored; -1 where none has a time. */
  get oldestMs(): bigint {
    return this.#oldestMs
  }

  /** Notes a step that is done. */
  take(step: RestoreStep): void {
    this.#targetNext = this.targetFrom + step.position + step.offsets
    if (step.type !== 'batch') return
    this.#records += BigInt(step.records)
    this.#bytes += BigInt(step.sizeBytes)
    this.#oldestMs = earlier(this.#oldestMs, step.timestampMs)
    this.offsets.take(step)
  }

  get outcome(): RestoredPartition {
    const { plan, chain } = this
    return {
      topic: plan.source.topic,
      target: plan.target,
      partition: chain.partition,
      sourceFrom: chain.from,
      sourceNext: chain.next,
      targetFrom: this.offsets.start,
      targetNext: this.#targetNext,
      records: this.#records,
      missing: this.damage.missing,
    }
  }
}

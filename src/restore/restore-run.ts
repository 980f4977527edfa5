import type { Checkpoint } from '../archive/checkpoint.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { KafkeepError } from '../errors.js'
import { merge } from '../internal/merge.js'
import type { KafkaTransport } from '../kafka/transport.js'
import { type Progress, ProgressReporter, type RunOptions, ratePerSecond } from '../progress.js'
import type { ArchiveStorage } from '../storage/storage.js'
import type { RestoreEvent } from './events.js'
import { outgoingBatches } from './outgoing.js'
import type { TopicPlan } from './plan.js'
import type { PartitionChain } from './plan-source.js'
import { producePartition } from './produce-partition.js'
import { committedOffsets, OffsetTranslation, targetOffsets } from './restore-groups.js'
import { pinRestore, type RestoreRecord } from './restore-record.js'
import { configsBeforeHold, holdConfigs, releaseConfigs } from './target-configs.js'

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
  /** Offsets that the archive itself lacks: its gaps. */
  readonly missing: bigint
}

/** What a restore achieved. */
export interface RestoreSummary {
  /** Every partition that was restored. */
  readonly partitions: readonly RestoredPartition[]
  /** Records restored, over all partitions. */
  readonly records: bigint
  /** Bytes of the records as they are in the archive. */
  readonly bytes: bigint
  /** Consumer groups that were set. */
  readonly groups: number
  /** Configs that stay held, by topic, because the topic's own would delete what was just restored. */
  readonly held: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What a person should know, such as configs that the target does not accept. */
  readonly remarks: readonly string[]
  /** Whether everything that the checkpoint names is restored. */
  readonly complete: boolean
}

/** What a restore run needs. */
export interface RestoreContext extends RunOptions {
  readonly kafka: KafkaTransport
  readonly source: SegmentSource
  readonly state: ArchiveStorage
  readonly maxInFlight: number
  readonly checkpoint: Checkpoint & { readonly id: string }
  readonly groups: boolean
}

interface PartitionTask {
  readonly plan: TopicPlan
  readonly pinned: RestoreRecord
  readonly chain: PartitionChain
  readonly targetFrom: bigint
  readonly translation: OffsetTranslation
  restored: bigint
}

const PARTITIONS_AT_ONCE = 4
/** A partition reports what it has done about this often. */
const REPORT_BYTES = 4_194_304

/** Carries out plans without problems: prepares the topics, produces, sets the groups, gives the configs back. */
export class RestoreRun {
  readonly #context: RestoreContext
  readonly #progress: ProgressReporter<Progress>
  readonly #held: Record<string, Readonly<Record<string, string>>> = {}
  #totalRecords = 0n
  #records = 0n
  #bytes = 0n
  #groups = 0
  #groupsFailed = 0

  constructor(context: RestoreContext) {
    this.#context = context
    this.#progress = new ProgressReporter<Progress>(context.onProgress, (elapsedMs) => ({
      doneRecords: this.#records,
      totalRecords: this.#totalRecords,
      doneBytes: this.#bytes,
      bytesPerSecond: ratePerSecond(this.#bytes, elapsedMs),
    }))
  }

  async *restore(plans: readonly TopicPlan[]): AsyncGenerator<RestoreEvent, RestoreSummary, void> {
    const tasks: PartitionTask[] = []
    for (const plan of plans) {
      const pinned = await this.#prepare(plan)
      tasks.push(...this.#tasksOf(plan, pinned))
      yield { type: 'topic', topic: plan.source.topic, target: plan.target, offsets: plan.offsets }
    }
    const queue = [...tasks]
    yield* merge(Array.from({ length: Math.min(PARTITIONS_AT_ONCE, tasks.length) }, () => this.#work(queue)))
    if (this.#context.groups) yield* this.#restoreGroups(tasks)
    for (const plan of plans) yield await this.#release(plan, tasks)
    this.#progress.finish()
    return this.#summary(plans, tasks)
  }

  /** Makes the target ready. What it was before is pinned first, so that a crash in between loses nothing. */
  async #prepare(plan: TopicPlan): Promise<RestoreRecord> {
    const { kafka, state, checkpoint, signal } = this.#context
    const { target, partitions, replicationFactor, configs } = plan
    if (plan.create) await kafka.createTopic({ topic: target, partitions, replicationFactor, configs }, { signal })
    const { clusterId, topics } = await kafka.metadata([target], { signal })
    const topicId = topics[0]?.topicId ?? `-${clusterId}`
    const pinned =
      plan.pinned ??
      (await pinRestore(
        state,
        { clusterId, topicId },
        {
          startedMs: Date.now(),
          digest: plan.digest,
          source: plan.source.topic,
          target,
          checkpoint: checkpoint.id,
          targetFrom: plan.targetFrom,
          originalConfigs: await configsBeforeHold(kafka, target, { signal }),
          ...(await kafka.initProducerId({ signal })),
        },
        { signal },
      ))
    await holdConfigs(kafka, target, pinned.originalConfigs, { signal })
    return pinned
  }

  #tasksOf(plan: TopicPlan, pinned: RestoreRecord): PartitionTask[] {
    return plan.chains.map((chain, index) => {
      for (const { segment } of chain.chain) this.#totalRecords += BigInt(segment.records)
      const targetFrom = pinned.targetFrom[index] ?? 0n
      const committed = committedOffsets(this.#context.checkpoint.groups, plan.source.topic, chain)
      const translation = new OffsetTranslation(committed, targetFrom)
      return { plan, pinned, chain, targetFrom, translation, restored: 0n }
    })
  }

  async *#work(queue: PartitionTask[]): AsyncGenerator<RestoreEvent, void, void> {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) yield* this.#produce(task)
  }

  async *#produce(task: PartitionTask): AsyncGenerator<RestoreEvent, void, void> {
    const { kafka, source, maxInFlight, signal } = this.#context
    const { plan, pinned, chain, targetFrom } = task
    const partition = { topic: plan.target, partition: chain.partition }
    const target = { kafka, partition, identity: pinned, targetFrom, maxInFlight, signal }
    let records = 0
    let bytes = 0
    const report = (): RestoreEvent => {
      const targetNext = targetFrom + task.restored
      const event = { type: 'progress', topic: plan.source.topic, partition: chain.partition, targetNext } as const
      const done = { ...event, records, bytes }
      records = 0
      bytes = 0
      return done
    }
    for await (const batch of producePartition(target, () => outgoingBatches(source, chain.chain, { signal }))) {
      task.translation.take(batch)
      task.restored = batch.position + BigInt(batch.records)
      records += batch.records
      bytes += batch.sizeBytes
      this.#records += BigInt(batch.records)
      this.#bytes += BigInt(batch.sizeBytes)
      this.#progress.tick()
      if (bytes >= REPORT_BYTES) yield report()
    }
    if (records > 0) yield report()
  }

  async *#restoreGroups(tasks: readonly PartitionTask[]): AsyncGenerator<RestoreEvent, void, void> {
    const { kafka, checkpoint, signal } = this.#context
    const taskOf = new Map(
      tasks.map((task) => [partitionName({ topic: task.plan.source.topic, partition: task.chain.partition }), task]),
    )
    for (const group of checkpoint.groups) {
      const offsets = targetOffsets(group, (topic, partition) => {
        const task = taskOf.get(partitionName({ topic, partition }))
        return task && { target: task.plan.target, translation: task.translation }
      })
      if (offsets.length === 0) continue
      const { groupId } = group
      try {
        await kafka.commitGroupOffsets(groupId, offsets, { signal })
        this.#groups++
        yield { type: 'groups', groupId, moved: offsets.length }
      } catch (error) {
        // A group with running members must not keep the others from their offsets.
        if (!(error instanceof KafkeepError)) throw error
        this.#groupsFailed++
        yield { type: 'groups', groupId, moved: 0, error }
      }
    }
  }

  async #release(plan: TopicPlan, tasks: readonly PartitionTask[]): Promise<RestoreEvent> {
    const { kafka, signal } = this.#context
    const pinned = tasks.find((task) => task.plan === plan)?.pinned.originalConfigs ?? {}
    const { released, held } = await releaseConfigs(kafka, plan.target, pinned, { oldestMs: oldest(plan), signal })
    if (Object.keys(held).length > 0) this.#held[plan.target] = held
    return { type: 'released', target: plan.target, configs: released }
  }

  #summary(plans: readonly TopicPlan[], tasks: readonly PartitionTask[]): RestoreSummary {
    const partitions = tasks.map(
      ({ plan, chain, targetFrom, restored }): RestoredPartition => ({
        topic: plan.source.topic,
        target: plan.target,
        partition: chain.partition,
        sourceFrom: chain.from,
        sourceNext: chain.next,
        targetFrom,
        targetNext: targetFrom + restored,
        records: restored,
        missing: missingOffsets(chain),
      }),
    )
    return {
      partitions,
      records: partitions.reduce((sum, { records }) => sum + records, 0n),
      bytes: this.#bytes,
      groups: this.#groups,
      held: this.#held,
      remarks: plans.flatMap(({ remarks }) => remarks),
      complete: this.#groupsFailed === 0 && partitions.every(({ missing }) => missing === 0n),
    }
  }
}

/** The time of the oldest segment's newest record: what a retention by time would delete first. */
function oldest({ chains }: TopicPlan): bigint | undefined {
  const times = chains.flatMap(({ chain }) => chain.map(({ segment }) => segment.maxTimestampMs))
  return times
    .filter((time) => time >= 0n)
    .reduce<bigint | undefined>((min, time) => (min === undefined || time < min ? time : min), undefined)
}

/** Offsets of the state that no segment gives; only a gap can explain them, or the plan would have had a problem. */
function missingOffsets({ chain, from, next }: PartitionChain): bigint {
  return next - from - chain.reduce((sum, link) => sum + (link.next - link.from), 0n)
}

import type { Checkpoint } from '../archive/checkpoint.js'
import { isLimited } from '../archive/read-chain.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { blockPool, ReusedBlocks } from '../archive/reused-blocks.js'
import { partitionName } from '../batch/topic-partition.js'
import { KafkeepError } from '../errors.js'
import { earlier, larger, sumOf } from '../internal/bigint.js'
import { merge } from '../internal/merge.js'
import { RateLimit } from '../internal/rate-limit.js'
import type { KafkaTransport } from '../kafka/transport.js'
import { type Progress, ProgressReporter, type RunOptions, ratePerSecond } from '../progress.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { discardTarget } from './discard-target.js'
import type { RestoreEvent } from './events.js'
import { exactSteps } from './exact-steps.js'
import { releaseConfigs } from './held-configs.js'
import type { OnDamage } from './partition-damage.js'
import { PartitionTask, type RestoredPartition } from './partition-task.js'
import type { TopicPlan } from './plan.js'
import { type PreparedTarget, prepareTarget } from './prepare-target.js'
import { producePartition } from './produce-partition.js'
import { targetOffsets } from './restore-groups.js'
import { finishRestore } from './restore-record.js'
import type { SpoiledTargetError } from './spoiled-target.js'
import type { RestoreStep } from './step.js'
import { type RecordSelection, translatedSteps } from './translated-steps.js'

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
  readonly selection: RecordSelection
  readonly groups: boolean
  readonly bytesPerSecond: number | undefined
  readonly onDamage: OnDamage
}

const PARTITIONS_AT_ONCE = 4
/** A partition reports what it has done about this often. */
const REPORT_BYTES = 4_194_304

/** Carries out plans without problems: prepares the topics, produces, sets the groups, gives the configs back. */
export class RestoreRun {
  readonly #context: RestoreContext
  readonly #progress: ProgressReporter<Progress>
  readonly #limit: RateLimit | undefined
  readonly #blocks = blockPool()
  readonly #prepared: PreparedTarget[] = []
  readonly #tasks: PartitionTask[] = []
  readonly #held: Record<string, Readonly<Record<string, string>>> = {}
  #totalRecords = 0n
  #records = 0n
  #bytes = 0n
  #groups = 0
  #groupsFailed = 0

  constructor(context: RestoreContext) {
    this.#context = context
    this.#limit = context.bytesPerSecond === undefined ? undefined : new RateLimit(context.bytesPerSecond)
    this.#progress = new ProgressReporter<Progress>(context.onProgress, (elapsedMs) => ({
      doneRecords: this.#records,
      totalRecords: this.#totalRecords,
      doneBytes: this.#bytes,
      bytesPerSecond: ratePerSecond(this.#bytes, elapsedMs),
    }))
  }

  async *restore(plans: readonly TopicPlan[]): AsyncGenerator<RestoreEvent, RestoreSummary, void> {
    for (const plan of plans) {
      const prepared = await prepareTarget(this.#context, plan)
      this.#prepared.push(prepared)
      this.#addTasks(prepared)
      yield { type: 'topic', topic: plan.source.topic, target: plan.target, offsets: plan.offsets }
    }
    const queue = [...this.#tasks]
    yield* merge(Array.from({ length: Math.min(PARTITIONS_AT_ONCE, queue.length) }, () => this.#work(queue)))
    if (this.#context.groups) yield* this.#restoreGroups()
    for (const plan of plans) yield await this.#release(plan)
    await this.#finish()
    this.#progress.finish()
    return this.#summary(plans)
  }

  /** Deletes a spoiled target, if the restore may. Answers whether it can be made again. */
  async discard({ partition: { topic } }: SpoiledTargetError): Promise<boolean> {
    const { kafka, signal } = this.#context
    return discardTarget(
      kafka,
      this.#tasks.filter(({ plan }) => plan.target === topic),
      { signal },
    )
  }

  #addTasks(prepared: PreparedTarget): void {
    for (const [index, chain] of prepared.plan.chains.entries()) {
      for (const { segment } of chain.chain) this.#totalRecords += BigInt(segment.records)
      this.#tasks.push(new PartitionTask(prepared, index, chain, this.#context))
    }
  }

  async *#work(queue: PartitionTask[]): AsyncGenerator<RestoreEvent, void, void> {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) yield* this.#produce(task)
  }

  async *#produce(task: PartitionTask): AsyncGenerator<RestoreEvent, void, void> {
    const { plan, chain, damage, target: partition } = task
    let records = 0
    let bytes = 0
    const report = (): RestoreEvent => {
      const { targetNext } = task
      const event = { type: 'progress', topic: plan.source.topic, partition: chain.partition, targetNext } as const
      const done = { ...event, records, bytes }
      records = 0
      bytes = 0
      return done
    }
    const { kafka, maxInFlight, signal } = this.#context
    const { topicId, pinned: identity, targetFrom } = task
    const transactions = plan.offsets === 'exact' && !(chain.dense && !isLimited(this.#context.selection))
    const own = { kafka, partition, topicId, identity, targetFrom, maxInFlight, transactions, signal }
    const open = (restored: bigint) => this.#steps(task, restored)
    yield* damage.events()
    for await (const step of producePartition({ ...own, limit: this.#limit }, open)) {
      yield* damage.events()
      task.take(step)
      if (step.type !== 'batch') continue
      step.release()
      records += step.records
      bytes += step.sizeBytes
      this.#records += BigInt(step.records)
      this.#bytes += BigInt(step.sizeBytes)
      this.#progress.tick()
      if (bytes >= REPORT_BYTES) yield report()
    }
    yield* damage.events()
    if (records > 0) yield report()
  }

  #steps(
    { plan, chain, damage, targetFrom }: PartitionTask,
    restored: bigint,
  ): AsyncGenerator<RestoreStep, void, void> {
    const { source, selection, signal } = this.#context
    // Each reading has its own: what another one has sent says nothing of this one's memory.
    const how = () => ({ ...selection, blocks: this.#newBlocks(), signal })
    if (plan.offsets === 'exact') return exactSteps(source, chain, { ...how(), ...damage.refusal, targetFrom })
    return damage.batches(restored, (links, policy) => translatedSteps(source, links, { ...how(), ...policy }))
  }

  /** Records that are handed to the caller may be kept: their memory is never used again. */
  #newBlocks(): ReusedBlocks | undefined {
    return this.#context.selection.transform === undefined ? new ReusedBlocks(this.#blocks) : undefined
  }

  async *#restoreGroups(): AsyncGenerator<RestoreEvent, void, void> {
    const { kafka, checkpoint, signal } = this.#context
    const taskOf = new Map(
      this.#tasks.map((task) => [
        partitionName({ topic: task.plan.source.topic, partition: task.chain.partition }),
        task,
      ]),
    )
    for (const group of checkpoint.groups) {
      const offsets = targetOffsets(group, (topic, partition) => {
        const task = taskOf.get(partitionName({ topic, partition }))
        return task && { target: task.plan.target, offsets: task.offsets }
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

  async #release(plan: TopicPlan): Promise<RestoreEvent> {
    const { kafka, signal } = this.#context
    const own = this.#tasks.filter((task) => task.plan === plan)
    const pinned = own[0]?.pinned ?? { originalConfigs: {}, inheritedConfigs: {} }
    const extent = {
      oldestMs: own.reduce((time, { oldestMs }) => earlier(time, oldestMs), -1n),
      largestBytes: own.reduce((most, { bytes }) => larger(most, bytes), 0n),
    }
    const { released, held } = await releaseConfigs(kafka, plan.target, pinned, { ...extent, signal })
    if (Object.keys(held).length > 0) this.#held[plan.target] = held
    return { type: 'released', target: plan.target, configs: released }
  }

  /** Notes that nothing is left to do. Where groups could not be set the same restore may be run once more. */
  async #finish(): Promise<void> {
    const { state, signal } = this.#context
    if (this.#groupsFailed > 0) return
    for (const { place, pinned } of this.#prepared) await finishRestore(state, place, pinned, { signal })
  }

  #summary(plans: readonly TopicPlan[]): RestoreSummary {
    const partitions = this.#tasks.map(({ outcome }) => outcome)
    return {
      partitions,
      records: sumOf(partitions.map(({ records }) => records)),
      bytes: this.#bytes,
      groups: this.#groups,
      held: this.#held,
      remarks: [...plans.flatMap(({ remarks }) => remarks), ...this.#tasks.flatMap(({ damage }) => damage.remarks)],
      complete: this.#groupsFailed === 0 && partitions.every(({ missing }) => missing === 0n),
    }
  }
}

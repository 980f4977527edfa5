import { requireArchive } from './archive/archive-marker.js'
import { readCheckpoint, topicsIn } from './archive/checkpoint.js'
import type { TopicLayout } from './archive/layout.js'
import { topicSource } from './archive/layout-wiring.js'
import type { RecordBatch } from './batch/record-batch.js'
import { partitionName } from './batch/topic-partition.js'
import type { Codec } from './codec/codec.js'
import { NotInArchiveError, TargetConflictError } from './errors.js'
import { drain } from './internal/drain.js'
import { integerOption, portOption, rejectUnknownOptions } from './internal/options.js'
import type { KafkaTransport } from './kafka/transport.js'
import type { RestoreEvent } from './restore/events.js'
import { planTopic, type RestoreProblem, type TopicPlan } from './restore/plan.js'
import { type RestorePlan, readablePlan } from './restore/readable-plan.js'
import { renamed } from './restore/rename.js'
import { type CheckedRestoreOptions, checkedRestoreOptions, type RestoreOptions } from './restore/restore-options.js'
import { rangeWithoutPartition } from './restore/restore-ranges.js'
import { type RestoreContext, RestoreRun, type RestoreSummary } from './restore/restore-run.js'
import { SpoiledTargetError } from './restore/spoiled-target.js'
import type { ArchiveStorage } from './storage/storage.js'

/** Wiring and tuning of a {@link TopicRestorer}. */
export interface TopicRestorerOptions {
  /** The cluster to restore into. The restorer never closes it. */
  readonly kafka: KafkaTransport
  /** Where the archive is. The restorer never closes it. */
  readonly storage: ArchiveStorage
  /**
   * Where restore records are kept when `storage` is read-only.
   *
   * @defaultValue `storage`
   */
  readonly state?: ArchiveStorage | undefined
  /**
   * How the archive lies in storage. A foreign layout has a codec of its own.
   *
   * @defaultValue {@link kafkeepLayout}
   */
  readonly layout?: TopicLayout | undefined
  /** Codecs besides the built-in ones that need no key. */
  readonly codecs?: readonly Codec<RecordBatch>[] | undefined
  /**
   * Batches of one partition that may be on their way at once. 1 to 5, which is what brokers remember of a producer.
   *
   * @defaultValue `5`
   */
  readonly maxInFlight?: number | undefined
}

const DEFAULTS = { maxInFlight: 5 } as const
/** A target whose log was spoiled is made again so often; then something is wrong that will not pass. */
const MAX_REMAKES = 2

/**
 * Restores archived topics into a cluster: whole record batches, each exactly once.
 *
 * Everything that would fail is found before the first byte is produced. Killed at any instant, the same call takes
 * the restore up again, on whatever machine, and ends as if nothing had happened.
 *
 * @example
 * ```ts
 * const summary = await new TopicRestorer({ kafka, storage }).run({ topics: ['orders'] })
 * ```
 */
export class TopicRestorer {
  readonly #wiring: Pick<RestoreContext, 'kafka' | 'source' | 'state' | 'maxInFlight'>

  /** Checks and keeps the wiring; nothing is connected yet. */
  constructor(options: TopicRestorerOptions) {
    rejectUnknownOptions('TopicRestorer', options, ['kafka', 'storage', 'state', 'layout', 'codecs', 'maxInFlight'])
    const source = topicSource(options, ['put', 'get', 'head', 'list'])
    this.#wiring = {
      kafka: portOption('kafka', options.kafka, ['metadata', 'produce', 'close']),
      source,
      state: portOption('state', options.state ?? source.storage, ['put', 'get', 'head', 'list']),
      maxInFlight: integerOption('maxInFlight', options.maxInFlight, DEFAULTS.maxInFlight, { min: 1, max: 5 }),
    }
  }

  /** Decides everything that a run would decide, and writes nothing. */
  async plan(options: RestoreOptions = {}): Promise<RestorePlan> {
    const { plans } = await this.#plan(checkedRestoreOptions(options))
    return readablePlan(plans)
  }

  /**
   * Restores and yields each fact once it is done. Leaving the loop stops the run between two steps; use the signal to
   * stop at once.
   *
   * @throws TypeError at once when an option is wrong.
   * @throws {@link NotInArchiveError} when there is no such checkpoint, topic or partition in the archive.
   * @throws {@link TargetConflictError} when the plan has problems. Nothing was written.
   * @throws {@link ArchiveCorruptError} when offsets are in no intact segment, unless `onDamage` is `'skip'`. Nothing of
   * a damaged segment was produced.
   * @throws {@link RestoreConflictError} when somebody else has written to a target topic.
   */
  stream(options: RestoreOptions = {}): AsyncGenerator<RestoreEvent, RestoreSummary, void> {
    return this.#restore(checkedRestoreOptions(options))
  }

  /** {@link TopicRestorer.stream} without the loop. */
  async run(options: RestoreOptions = {}): Promise<RestoreSummary> {
    return drain(this.stream(options))
  }

  async *#restore(options: CheckedRestoreOptions): AsyncGenerator<RestoreEvent, RestoreSummary, void> {
    for (let attempt = 0; ; attempt++) {
      const { checkpoint, plans } = await this.#plan(options)
      const problems = plans.flatMap((plan) => plan.problems)
      if (problems.length > 0) {
        throw new TargetConflictError(`the restore cannot begin: ${problems.map(({ text }) => text).join('; ')}`, {
          hint: 'nothing was written; `plan()` shows all problems',
        })
      }
      const run = new RestoreRun({ ...this.#wiring, ...options, checkpoint })
      try {
        return yield* run.restore(plans)
      } catch (error) {
        if (!(error instanceof SpoiledTargetError) || attempt >= MAX_REMAKES || !(await run.discard(error))) throw error
      }
    }
  }

  async #plan(options: CheckedRestoreOptions) {
    const { signal } = options
    const { storage } = this.#wiring.source
    await requireArchive(storage, { signal })
    const checkpoint = await readCheckpoint(storage, options.checkpoint, { signal })
    const topics = topicsIn(checkpoint, options.topics)
    const lost = rangeWithoutPartition(options.ranges, topics)
    if (lost !== undefined) {
      throw new NotInArchiveError(`\`ranges\` names ${partitionName(lost)}, which this restore has no state of`, {
        hint: 'check the range, `topics` and `checkpoint`',
      })
    }
    const context = { ...this.#wiring, ...options, checkpoint, latest: options.checkpoint === 'latest' }
    const plans: TopicPlan[] = []
    for (const topic of topics) {
      const plan = await planTopic(context, topic, renamed(options.rename, topic.topic))
      const rival = plans.find(({ target }) => target === plan.target)
      plans.push(rival === undefined ? plan : { ...plan, problems: [...plan.problems, sameTarget(plan, rival)] })
    }
    return { checkpoint, plans }
  }
}

function sameTarget({ source, target }: TopicPlan, rival: TopicPlan): RestoreProblem {
  return {
    code: 'SAME_TARGET',
    text: `${rival.source.topic} and ${source.topic} would both be restored into ${target}`,
  }
}

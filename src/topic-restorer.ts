import { requireArchive } from './archive/archive-marker.js'
import { type CheckpointChoice, readCheckpoint } from './archive/checkpoint.js'
import { instantChoiceOption } from './archive/instant-id.js'
import type { RecordBatch } from './batch/record-batch.js'
import type { Codec } from './codec/codec.js'
import { codecOption } from './codec/codec-option.js'
import { NotInArchiveError, TargetConflictError } from './errors.js'
import { drain } from './internal/drain.js'
import {
  booleanOption,
  checkRunOptions,
  choiceOption,
  integerOption,
  portOption,
  rejectUnknownOptions,
} from './internal/options.js'
import { missingNames, selects, type TopicFilter, topicFilterOption } from './internal/topic-filter.js'
import type { KafkaTransport } from './kafka/transport.js'
import type { RunOptions } from './progress.js'
import type { OffsetMode, RestoreEvent } from './restore/events.js'
import { planTopic, type RestoreProblem, type TopicPlan } from './restore/plan.js'
import { type RenameOption, renamed, renameOption } from './restore/rename.js'
import { RestoreRun, type RestoreSummary } from './restore/restore-run.js'
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
  /** Codecs besides the built-in ones that need no key. */
  readonly codecs?: readonly Codec<RecordBatch>[] | undefined
  /**
   * Batches of one partition that may be on their way at once. 1 to 5, which is what brokers remember of a producer.
   *
   * @defaultValue `5`
   */
  readonly maxInFlight?: number | undefined
}

/** One job of a {@link TopicRestorer}. */
export interface RestoreOptions extends RunOptions {
  /**
   * Which topics of the checkpoint. A name must be in it; a regular expression may match nothing.
   *
   * @defaultValue all
   */
  readonly topics?: TopicFilter | undefined
  /** Names of the target topics: a function, or a map in which a topic that is not there keeps its name. */
  readonly rename?: RenameOption | undefined
  /**
   * Which state: the newest checkpoint, one by its id, or the newest one before an instant.
   *
   * @defaultValue `'latest'`
   */
  readonly checkpoint?: CheckpointChoice | undefined
  /**
   * `'exact'`: records must get the offsets they had, or nothing is written. `'translate'`: they come one after the
   * other. `'auto'`: exact where that is what appending gives.
   *
   * @defaultValue `'auto'`
   */
  readonly offsets?: 'auto' | OffsetMode | undefined
  /**
   * Whether consumer groups are set to where they stood.
   *
   * @defaultValue `true`
   */
  readonly groups?: boolean | undefined
  /** Configs for topics that are created, on top of the archived ones; `false` leaves those out too. */
  readonly configs?: Readonly<Record<string, string>> | false | undefined
  /**
   * Replication factor of topics that are created.
   *
   * @defaultValue as archived, at most the number of brokers
   */
  readonly replicationFactor?: number | undefined
}

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
  /** The plan as lines to read. */
  toString(): string
}

const DEFAULTS = { maxInFlight: 5 } as const
const OPTIONS = [
  'topics',
  'rename',
  'checkpoint',
  'offsets',
  'groups',
  'configs',
  'replicationFactor',
  'signal',
  'onProgress',
]

interface CheckedOptions extends RunOptions {
  readonly topics: TopicFilter | undefined
  readonly rename: RenameOption
  readonly checkpoint: CheckpointChoice
  readonly offsets: 'auto' | OffsetMode
  readonly groups: boolean
  readonly configs: Readonly<Record<string, string>> | false
  readonly replicationFactor: number | undefined
}

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
  readonly #kafka: KafkaTransport
  readonly #storage: ArchiveStorage
  readonly #state: ArchiveStorage
  readonly #codecs: readonly Codec<RecordBatch>[]
  readonly #maxInFlight: number

  /** Checks and keeps the wiring; nothing is connected yet. */
  constructor(options: TopicRestorerOptions) {
    rejectUnknownOptions('TopicRestorer', options, ['kafka', 'storage', 'state', 'codecs', 'maxInFlight'])
    this.#kafka = portOption('kafka', options.kafka, ['metadata', 'produce', 'close'])
    this.#storage = portOption('storage', options.storage, ['put', 'get', 'head', 'list'])
    this.#state = portOption('state', options.state ?? options.storage, ['put', 'get', 'head', 'list'])
    this.#codecs = [...(options.codecs ?? [])].map((codec) => codecOption('codecs', codec))
    this.#maxInFlight = integerOption('maxInFlight', options.maxInFlight, DEFAULTS.maxInFlight, { min: 1, max: 5 })
  }

  /** Decides everything that a run would decide, and writes nothing. */
  async plan(options: RestoreOptions = {}): Promise<RestorePlan> {
    const { plans } = await this.#plan(checkedOptions(options))
    return readablePlan(plans)
  }

  /**
   * Restores and yields each fact once it is done. Leaving the loop stops the run between two steps; use the signal to
   * stop at once.
   *
   * @throws TypeError at once when an option is wrong.
   * @throws {@link NotInArchiveError} when there is no such checkpoint or topic in the archive.
   * @throws {@link TargetConflictError} when the plan has problems. Nothing was written.
   * @throws {@link ArchiveCorruptError} when a segment is damaged. Nothing of it was produced.
   * @throws {@link RestoreConflictError} when somebody else has written to a target topic.
   */
  stream(options: RestoreOptions = {}): AsyncGenerator<RestoreEvent, RestoreSummary, void> {
    return this.#restore(checkedOptions(options))
  }

  /** {@link TopicRestorer.stream} without the loop. */
  async run(options: RestoreOptions = {}): Promise<RestoreSummary> {
    return drain(this.stream(options))
  }

  async *#restore(options: CheckedOptions): AsyncGenerator<RestoreEvent, RestoreSummary, void> {
    const { checkpoint, plans } = await this.#plan(options)
    const problems = plans.flatMap((plan) => plan.problems)
    if (problems.length > 0) {
      throw new TargetConflictError(`the restore cannot begin: ${problems.map(({ text }) => text).join('; ')}`, {
        hint: 'nothing was written; `plan()` shows all problems',
      })
    }
    const run = new RestoreRun({
      kafka: this.#kafka,
      source: { storage: this.#storage, codecs: this.#codecs },
      state: this.#state,
      maxInFlight: this.#maxInFlight,
      checkpoint,
      groups: options.groups,
      signal: options.signal,
      onProgress: options.onProgress,
    })
    return yield* run.restore(plans)
  }

  async #plan(options: CheckedOptions) {
    const { signal } = options
    await requireArchive(this.#storage, { signal })
    const checkpoint = await readCheckpoint(this.#storage, options.checkpoint, { signal })
    const names = checkpoint.topics.map(({ topic }) => topic)
    const [missing] = missingNames(options.topics, names)
    if (missing !== undefined) {
      throw new NotInArchiveError(`checkpoint ${checkpoint.id} has no topic ${missing}`, {
        hint: `it has: ${names.join(', ') || 'none'}`,
      })
    }
    const context = {
      kafka: this.#kafka,
      storage: this.#storage,
      state: this.#state,
      checkpoint,
      latest: options.checkpoint === 'latest',
      offsets: options.offsets,
      configs: options.configs,
      replicationFactor: options.replicationFactor,
      signal,
    }
    const plans: TopicPlan[] = []
    for (const topic of checkpoint.topics) {
      if (!selects(options.topics, topic.topic)) continue
      const plan = await planTopic(context, topic, renamed(options.rename, topic.topic))
      const rival = plans.find(({ target }) => target === plan.target)
      plans.push(rival === undefined ? plan : { ...plan, problems: [...plan.problems, sameTarget(plan, rival)] })
    }
    return { checkpoint, plans }
  }
}

function checkedOptions(options: RestoreOptions): CheckedOptions {
  rejectUnknownOptions('restore', options, OPTIONS)
  checkRunOptions(options)
  const { replicationFactor, checkpoint = 'latest' } = options
  return {
    signal: options.signal,
    onProgress: options.onProgress,
    topics: topicFilterOption('topics', options.topics),
    rename: renameOption(options.rename),
    checkpoint: instantChoiceOption('checkpoint', checkpoint),
    offsets: choiceOption('offsets', options.offsets, 'auto', ['auto', 'exact', 'translate']),
    groups: booleanOption('groups', options.groups, true),
    configs: configsOption(options.configs),
    replicationFactor:
      replicationFactor === undefined
        ? undefined
        : integerOption('replicationFactor', replicationFactor, Number.NaN, { min: 1, max: 32_767 }),
  }
}

function configsOption(configs: RestoreOptions['configs'] = {}): Readonly<Record<string, string>> | false {
  if (configs === false) return false
  const isMap = typeof configs === 'object' && configs !== null && !Array.isArray(configs)
  if (isMap && Object.values(configs).every((value) => typeof value === 'string')) return { ...configs }
  throw new TypeError(`\`configs\` must be a map from names to strings, or false, got ${String(configs)}`)
}

function sameTarget({ source, target }: TopicPlan, rival: TopicPlan): RestoreProblem {
  return {
    code: 'SAME_TARGET',
    text: `${rival.source.topic} and ${source.topic} would both be restored into ${target}`,
  }
}

function readablePlan(plans: readonly TopicPlan[]): RestorePlan {
  const topics = plans.map(
    ({ source, target, offsets, why, estimatedMs, create, partitions, replicationFactor, configs }) => ({
      ...{ topic: source.topic, target, offsets, why, estimatedMs, create, partitions, replicationFactor, configs },
    }),
  )
  const problems = plans.flatMap((plan) => plan.problems)
  const lines = [
    ...topics.map(
      (topic) =>
        `${topic.topic} -> ${topic.target}: ${topic.create ? 'create' : 'use'}, ${topic.partitions} partitions, offsets ${topic.offsets} (${topic.why})`,
    ),
    ...problems.map(({ code, text }) => `problem ${code}: ${text}`),
  ]
  return { topics, problems, toString: () => lines.join('\n') }
}

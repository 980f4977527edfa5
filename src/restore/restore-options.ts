import type { CheckpointChoice } from '../archive/checkpoint.js'
import { instantChoiceOption } from '../archive/instant-id.js'
import {
  booleanOption,
  checkRunOptions,
  choiceOption,
  instantOption,
  integerOption,
  rejectUnknownOptions,
} from '../internal/options.js'
import { type TopicFilter, topicFilterOption } from '../internal/topic-filter.js'
import type { RunOptions } from '../progress.js'
import type { OffsetMode } from './events.js'
import type { OnDamage } from './partition-damage.js'
import { type RenameOption, renameOption } from './rename.js'
import { type CheckedRestoreRange, type RestoreRange, rangesOption } from './restore-ranges.js'
import type { RecordTransform } from './transformed.js'
import type { RecordSelection } from './translated-steps.js'

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
   * `'exact'`: records get the offsets they had, transactions and holes included, or nothing is written.
   * `'translate'`: committed records come one after the other. `'auto'`: exact where that costs little.
   *
   * @defaultValue `'auto'`
   */
  readonly offsets?: 'auto' | OffsetMode | undefined
  /**
   * What `'auto'` may spend on exactness for a topic, in milliseconds as `plan()` estimates them.
   *
   * @defaultValue `60_000`
   */
  readonly exactBudgetMs?: number | undefined
  /**
   * The offsets that are wanted of some partitions; all others come back whole. With exact offsets the log begins and
   * ends with the range.
   *
   * @defaultValue none
   */
  readonly ranges?: readonly RestoreRange[] | undefined
  /** Leaves out records with an older timestamp. */
  readonly since?: Date | undefined
  /** Leaves out records with this timestamp or a newer one. Every record is judged by itself. */
  readonly until?: Date | undefined
  /** Changes records on their way. Forces `'translate'`. */
  readonly transform?: RecordTransform | undefined
  /**
   * Limit of the bytes sent in a second, over all partitions, as they are in the archive.
   *
   * @defaultValue none
   */
  readonly bytesPerSecond?: number | undefined
  /**
   * Whether consumer groups are set to where they stood.
   *
   * @defaultValue `true`
   */
  readonly groups?: boolean | undefined
  /**
   * What to do where offsets are missing from the archive, or no intact object gives them. `'error'`: stop; nothing of
   * a damaged object is produced. `'skip'`: restore everything else. Each hole is a `damage` event and a remark, and
   * stays left out when the same restore is run again, also when the object is back by then.
   *
   * @defaultValue `'error'`
   */
  readonly onDamage?: 'error' | 'skip' | undefined
  /** Configs for topics that are created, on top of the archived ones; `false` leaves those out too. */
  readonly configs?: Readonly<Record<string, string>> | false | undefined
  /**
   * Replication factor of topics that are created.
   *
   * @defaultValue as archived, at most the number of brokers
   */
  readonly replicationFactor?: number | undefined
  /**
   * Number of partitions of topics that are created, at least the archived one. With more, the keys of new records go to
   * other partitions than those of the restored ones. An existing topic must have just as many.
   *
   * @defaultValue as archived
   */
  readonly partitions?: number | undefined
  /**
   * What to do about target topics that hold records: `'error'` restores nothing, `'append'` puts the archived records
   * behind theirs, with offsets of their own. Nobody else may write to the topic until the restore has ended.
   *
   * @defaultValue `'error'`
   */
  readonly onExisting?: 'error' | 'append' | undefined
  /**
   * Whether to forget an earlier restore of something else into the same topic, which could then not be taken up again.
   * The topic and its records stay: where it holds any, it takes `onExisting: 'append'` as well, or another topic. Make
   * sure that the earlier restore no longer runs.
   *
   * @defaultValue `false`
   */
  readonly abandon?: boolean | undefined
}

const DEFAULTS = { exactBudgetMs: 60_000 } as const
const OPTIONS = [
  'topics',
  'rename',
  'checkpoint',
  'offsets',
  'exactBudgetMs',
  'ranges',
  'since',
  'until',
  'transform',
  'bytesPerSecond',
  'groups',
  'onDamage',
  'configs',
  'replicationFactor',
  'partitions',
  'onExisting',
  'abandon',
  'signal',
  'onProgress',
]

/** What decides about each target, checked and copied. */
export interface TargetOptions {
  readonly signal: AbortSignal | undefined
  readonly offsets: 'auto' | OffsetMode
  readonly onDamage: OnDamage
  readonly configs: Readonly<Record<string, string>> | false
  readonly replicationFactor: number | undefined
  readonly partitions: number | undefined
  readonly onExisting: 'error' | 'append'
  readonly abandon: boolean
}

/** {@link RestoreOptions}, checked and copied. */
export interface CheckedRestoreOptions extends TargetOptions {
  readonly onProgress: RunOptions['onProgress']
  readonly topics: TopicFilter | undefined
  readonly rename: RenameOption
  readonly checkpoint: CheckpointChoice
  readonly exactBudgetMs: number
  readonly ranges: readonly CheckedRestoreRange[]
  readonly selection: RecordSelection
  readonly bytesPerSecond: number | undefined
  readonly groups: boolean
}

/** Throws a `TypeError` or a `RangeError` that names the first option that is wrong. */
export function checkedRestoreOptions(options: RestoreOptions): CheckedRestoreOptions {
  rejectUnknownOptions('restore', options, OPTIONS)
  checkRunOptions(options)
  const { checkpoint = 'latest' } = options
  return {
    signal: options.signal,
    onProgress: options.onProgress,
    topics: topicFilterOption('topics', options.topics),
    rename: renameOption(options.rename),
    checkpoint: instantChoiceOption('checkpoint', checkpoint),
    offsets: choiceOption('offsets', options.offsets, 'auto', ['auto', 'exact', 'translate']),
    exactBudgetMs: integerOption('exactBudgetMs', options.exactBudgetMs, DEFAULTS.exactBudgetMs, { min: 0 }),
    ranges: rangesOption(options.ranges),
    selection: selectionOption(options),
    bytesPerSecond: countOption('bytesPerSecond', options.bytesPerSecond, Number.MAX_SAFE_INTEGER),
    groups: booleanOption('groups', options.groups, true),
    onDamage: choiceOption('onDamage', options.onDamage, 'error', ['error', 'skip']),
    configs: configsOption(options.configs),
    replicationFactor: countOption('replicationFactor', options.replicationFactor, 32_767),
    partitions: countOption('partitions', options.partitions, 2_147_483_647),
    onExisting: choiceOption('onExisting', options.onExisting, 'error', ['error', 'append']),
    abandon: booleanOption('abandon', options.abandon, false),
  }
}

function selectionOption({ since, until, transform, offsets }: RestoreOptions): RecordSelection {
  const times = { sinceMs: instantOption('since', since), untilMs: instantOption('until', until) }
  if (transform === undefined) return times
  if (typeof transform !== 'function') throw new TypeError(`\`transform\` must be a function, got ${String(transform)}`)
  if (offsets === 'exact') throw new TypeError("`transform` and `offsets: 'exact'` exclude each other")
  return { ...times, transform }
}

function countOption(name: string, value: number | undefined, max: number): number | undefined {
  return value === undefined ? undefined : integerOption(name, value, value, { min: 1, max })
}

function configsOption(configs: RestoreOptions['configs'] = {}): Readonly<Record<string, string>> | false {
  if (configs === false) return false
  const isMap = typeof configs === 'object' && configs !== null && !Array.isArray(configs)
  if (isMap && Object.values(configs).every((value) => typeof value === 'string')) return { ...configs }
  throw new TypeError(`\`configs\` must be a map from names to strings, or false, got ${String(configs)}`)
}

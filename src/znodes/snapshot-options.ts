import {
  booleanOption,
  checkRunOptions,
  choiceOption,
  integerOption,
  rejectUnknownOptions,
} from '../internal/options.js'
import type { RunOptions } from '../progress.js'
import { matchesPath, type PathFilter, pathFilterOption, pathsOption } from '../zookeeper/path-filter.js'

/** What a snapshot is to hold. */
export interface SnapshotOptions extends RunOptions {
  /**
   * Nodes to take with everything below them, and with the nodes above them. Each must exist.
   *
   * @defaultValue `['/']`
   */
  readonly roots?: readonly string[] | undefined
  /**
   * What to leave out, with everything below it. `/zookeeper` is the server's own and is never restored.
   *
   * @defaultValue `['/zookeeper']`
   */
  readonly exclude?: PathFilter | undefined
  /**
   * How often, at most, all nodes are looked at again because others wrote meanwhile, 0 to 1,000.
   *
   * @defaultValue `5`
   */
  readonly repairRounds?: number | undefined
  /** Store nothing unless the snapshot is `exact`. @defaultValue `false` */
  readonly requireExact?: boolean | undefined
  /** What to do when a node may not be read: store nothing, or leave it out and say so. @defaultValue `'error'` */
  readonly onUnreadable?: 'error' | 'skip' | undefined
}

const DEFAULTS = { roots: ['/'], exclude: ['/zookeeper'], repairRounds: 5 } as const

/** Options that were checked. */
export type CheckedSnapshotOptions = ReturnType<typeof checkedSnapshotOptions>

/** `options` with their defaults, or a `TypeError` or `RangeError`. */
export function checkedSnapshotOptions(options: SnapshotOptions) {
  rejectUnknownOptions('a znode snapshot', options, [
    'signal',
    'onProgress',
    'roots',
    'exclude',
    'repairRounds',
    'requireExact',
    'onUnreadable',
  ])
  checkRunOptions(options)
  const roots = pathsOption('roots', options.roots, DEFAULTS.roots)
  const exclude = pathFilterOption('exclude', options.exclude, DEFAULTS.exclude)
  const excluded = roots.find((root) => matchesPath(exclude, root))
  if (excluded !== undefined) throw new TypeError(`\`roots\` names ${excluded}, which \`exclude\` leaves out`)
  return {
    signal: options.signal,
    onProgress: options.onProgress,
    roots,
    exclude,
    repairRounds: integerOption('repairRounds', options.repairRounds, DEFAULTS.repairRounds, { min: 0, max: 1_000 }),
    requireExact: booleanOption('requireExact', options.requireExact, false),
    onUnreadable: choiceOption('onUnreadable', options.onUnreadable, 'error', ['error', 'skip']),
  }
}

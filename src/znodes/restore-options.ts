import { type InstantChoice, instantChoiceOption } from '../archive/instant-id.js'
import { booleanOption, checkRunOptions, choiceOption, rejectUnknownOptions } from '../internal/options.js'
import type { RunOptions } from '../progress.js'
import { matchesPath, type PathFilter, pathFilterOption, pathsOption } from '../zookeeper/path-filter.js'
import type { Acl } from '../zookeeper/znode.js'
import { Remap } from './remap.js'

/** Which snapshot: the newest, one by its id, or the newest one before an instant. */
export type SnapshotChoice = InstantChoice

/**
 * Which ACLs nodes get: those of the snapshot, none that restricts anybody, or what a function makes of each entry;
 * entries for which it answers `undefined` are left out. It is told where the node comes to be.
 */
export type AclPolicy = 'restore' | 'open' | ((acl: Acl, path: string) => Acl | undefined)

/** What to restore, and how. */
export interface ZnodeRestoreOptions extends RunOptions {
  /** @defaultValue `'latest'` */
  readonly snapshot?: SnapshotChoice | undefined
  /**
   * Nodes to restore with everything below them. Nodes above them are created where they are missing, else left alone.
   *
   * @defaultValue `['/']`
   */
  readonly paths?: readonly string[] | undefined
  /**
   * What to leave out, with everything below it. Of `/zookeeper` only quotas are ever restored, where the snapshot holds
   * them.
   *
   * @defaultValue nothing
   */
  readonly exclude?: PathFilter | undefined
  /**
   * Where to restore nodes instead, with everything below them: `{ '/kafka': '/kafka-restored' }`. Nodes above a new
   * place are created where they are missing, as the snapshot has them, else open and without data. `paths` and
   * `exclude` mean the nodes where they were; plans and summaries name them where they come to be.
   *
   * @defaultValue every node to where it was
   */
  readonly remap?: Readonly<Record<string, string>> | undefined
  /**
   * What to do with a node that exists and differs in its data or its ACL: leave it, make it as it was, or write
   * nothing at all. A node that is the same already is never written. The root exists everywhere: `'error'` lets it
   * differ, and leaves it.
   *
   * @defaultValue `'keep'`
   */
  readonly onExisting?: 'keep' | 'overwrite' | 'error' | undefined
  /**
   * Delete nodes below `paths` that the snapshot would hold but does not. Nodes of live sessions stay.
   *
   * @defaultValue `false`
   */
  readonly deleteExtra?: boolean | undefined
  /**
   * What to do with nodes that belonged to a session: as persistent nodes nobody would ever remove them, and their real
   * owners could not register again.
   *
   * @defaultValue `'skip'`
   */
  readonly ephemerals?: 'skip' | 'persistent' | undefined
  /** @defaultValue `'restore'` */
  readonly acls?: AclPolicy | undefined
  /**
   * Raise the version of every node to what it was, one write for each, for clients that count by it. Nodes without
   * data get theirs in any case: it is all that they hold, as in Kafka's `/brokers/seqid`.
   *
   * @defaultValue `false`
   */
  readonly versions?: boolean | undefined
  /** Raise the counters of sequential children to what they were, so that no name is given twice. @defaultValue `true` */
  readonly sequences?: boolean | undefined
}

const DEFAULTS = { snapshot: 'latest', paths: ['/'], exclude: [] } as const

/** Options that were checked. */
export type CheckedRestoreOptions = ReturnType<typeof checkedRestoreOptions>

/** `options` with their defaults, or a `TypeError`. */
export function checkedRestoreOptions(options: ZnodeRestoreOptions) {
  rejectUnknownOptions('a znode restore', options, [
    'signal',
    'onProgress',
    'snapshot',
    'paths',
    'exclude',
    'remap',
    'onExisting',
    'deleteExtra',
    'ephemerals',
    'acls',
    'versions',
    'sequences',
  ])
  checkRunOptions(options)
  const paths = pathsOption('paths', options.paths, DEFAULTS.paths)
  const exclude = pathFilterOption('exclude', options.exclude, DEFAULTS.exclude)
  const excluded = paths.find((path) => matchesPath(exclude, path))
  if (excluded !== undefined) throw new TypeError(`\`paths\` names ${excluded}, which \`exclude\` leaves out`)
  return {
    signal: options.signal,
    onProgress: options.onProgress,
    snapshot: instantChoiceOption('snapshot', options.snapshot ?? DEFAULTS.snapshot),
    paths,
    exclude,
    remap: new Remap(options.remap),
    onExisting: choiceOption('onExisting', options.onExisting, 'keep', ['keep', 'overwrite', 'error']),
    deleteExtra: booleanOption('deleteExtra', options.deleteExtra, false),
    ephemerals: choiceOption('ephemerals', options.ephemerals, 'skip', ['skip', 'persistent']),
    acls: aclsOption(options.acls),
    versions: booleanOption('versions', options.versions, false),
    sequences: booleanOption('sequences', options.sequences, true),
  }
}

function aclsOption(acls: AclPolicy = 'restore'): AclPolicy {
  if (acls === 'restore' || acls === 'open' || typeof acls === 'function') return acls
  throw new TypeError(`\`acls\` must be 'restore', 'open' or a function, got ${String(acls)}`)
}

import { requireArchive } from './archive/archive-marker.js'
import { findSnapshot, readSnapshotHeader, readSnapshotNodes } from './archive/znode-snapshot.js'
import type { Codec } from './codec/codec.js'
import { TargetConflictError } from './errors.js'
import { drain } from './internal/drain.js'
import { portOption, rejectUnknownOptions } from './internal/options.js'
import { ProgressReporter, ratePerSecond } from './progress.js'
import type { ArchiveStorage } from './storage/storage.js'
import { applyPlan, type ZnodeRestoreEvent } from './znodes/apply.js'
import type { PlannedNode, ZnodeChange } from './znodes/decide.js'
import { planRestore, type RestoreSource } from './znodes/plan.js'
import {
  type CheckedRestoreOptions,
  checkedRestoreOptions,
  type ZnodeRestoreOptions,
} from './znodes/restore-options.js'
import type { ZnodeRestoreSummary } from './znodes/restore-tally.js'
import { selectNodes } from './znodes/select.js'
import { ZOOKEEPER_TRANSPORT_METHODS, type ZooKeeperTransport } from './zookeeper/transport.js'
import type { Znode } from './zookeeper/znode.js'

/** Wiring of a {@link ZnodeRestorer}. */
export interface ZnodeRestorerOptions {
  /** Where the nodes are written. The restorer never closes it. */
  readonly zookeeper: ZooKeeperTransport
  /** Where snapshots are. */
  readonly storage: ArchiveStorage
  /** Codecs besides the built-in one. @defaultValue none */
  readonly codecs?: readonly Codec<Znode>[] | undefined
}

/**
 * Brings a ZooKeeper tree back from a snapshot: data, ACLs, counters of sequential children. Never nodes of sessions,
 * unless asked. What it finds there already it leaves alone, unless asked. Running it again finishes what was
 * interrupted.
 *
 * @example
 * ```ts
 * const restorer = new ZnodeRestorer({ zookeeper, storage })
 * for await (const { action, path, why } of restorer.plan()) console.log(action, path, why)
 * const { created, failed } = await restorer.run({ exclude: kafkaTransientZnodes })
 * ```
 */
export class ZnodeRestorer {
  readonly #zookeeper: ZooKeeperTransport
  readonly #storage: ArchiveStorage
  readonly #codecs: readonly Codec<Znode>[]

  /** @throws TypeError when an option is wrong. */
  constructor(options: ZnodeRestorerOptions) {
    rejectUnknownOptions('ZnodeRestorer', options, ['zookeeper', 'storage', 'codecs'])
    this.#zookeeper = portOption('zookeeper', options.zookeeper, ZOOKEEPER_TRANSPORT_METHODS)
    this.#storage = portOption('storage', options.storage, ['get', 'head', 'list'])
    this.#codecs = [...(options.codecs ?? [])]
  }

  /**
   * The dry run: everything that `stream` would do or leave, decided in the same way, and nothing written. A node that
   * needs two changes is named twice.
   *
   * @throws TypeError at once when an option is wrong.
   * @throws {@link NotInArchiveError} when there is no such snapshot, or it has no node at one of `paths`.
   */
  plan(options: ZnodeRestoreOptions = {}): AsyncIterable<ZnodeChange> {
    return this.#changes(checkedRestoreOptions(options))
  }

  /**
   * Restores, and tells how far it is. The whole snapshot is read and verified before the first write. Nodes that the
   * server refuses are in the summary's `failed`; running again tries them again.
   *
   * @throws TypeError at once when an option is wrong.
   * @throws {@link NotInArchiveError} when there is no such snapshot, or it has no node at one of `paths`.
   * @throws {@link ArchiveCorruptError} when the snapshot is damaged. Nothing is written then.
   * @throws {@link TargetConflictError} when `onExisting` is `'error'` and a node differs. Nothing is written then.
   * @throws {@link TransportError} when ZooKeeper cannot be reached.
   */
  stream(options: ZnodeRestoreOptions = {}): AsyncGenerator<ZnodeRestoreEvent, ZnodeRestoreSummary, void> {
    return this.#restore(checkedRestoreOptions(options))
  }

  /** {@link ZnodeRestorer.stream} without the loop. */
  async run(options: ZnodeRestoreOptions = {}): Promise<ZnodeRestoreSummary> {
    return drain(this.stream(options))
  }

  async *#changes(options: CheckedRestoreOptions): AsyncGenerator<ZnodeChange, void, void> {
    const source = await this.#source(options)
    for await (const { changes } of planRestore(this.#zookeeper, source, options)) yield* changes
  }

  async *#restore(options: CheckedRestoreOptions): AsyncGenerator<ZnodeRestoreEvent, ZnodeRestoreSummary, void> {
    const { signal } = options
    const source = await this.#source(options)
    const plan: PlannedNode[] = []
    for await (const planned of planRestore(this.#zookeeper, source, options)) plan.push(planned)
    if (options.onExisting === 'error') rejectConflicts(plan)
    let done = 0
    const bytes = plan.map(dataBytes)
    const totalBytes = sum(bytes)
    const progress = new ProgressReporter(options.onProgress, (elapsedMs) => {
      const doneBytes = sum(bytes.slice(0, done))
      return {
        doneRecords: BigInt(done),
        totalRecords: BigInt(plan.length),
        doneBytes,
        totalBytes,
        bytesPerSecond: ratePerSecond(doneBytes, elapsedMs),
      }
    })
    await this.#zookeeper.ensureRootParent({ signal })
    const events = applyPlan(this.#zookeeper, plan, { policy: options, signal })
    for (;;) {
      const next = await events.next()
      if (next.done === true) {
        progress.finish()
        return next.value
      }
      done = next.value.done
      progress.tick()
      yield next.value
    }
  }

  async #source(options: CheckedRestoreOptions): Promise<RestoreSource> {
    const { signal, ephemerals } = options
    await requireArchive(this.#storage, { signal })
    const stored = await findSnapshot(this.#storage, options.snapshot, { signal })
    const readOptions = { codecs: this.#codecs, signal }
    const header = await readSnapshotHeader(this.#storage, stored, readOptions)
    const skips = ({ kind }: Znode) => kind === 'ephemeral' && ephemerals === 'skip'
    const nodes = readSnapshotNodes(this.#storage, stored, readOptions)
    return { header, selection: await selectNodes(nodes, { ...options, skips }) }
  }
}

function rejectConflicts(plan: readonly PlannedNode[]): void {
  const conflicts = plan.filter(({ conflict }) => conflict === true)
  if (conflicts.length === 0) return
  const examples = conflicts
    .slice(0, 3)
    .map(({ path, changes }) => `${path} (${changes[0]?.why})`)
    .join(', ')
  throw new TargetConflictError(`${conflicts.length} znode(s) exist and differ: ${examples}`, {
    hint: "look at plan(); then choose onExisting: 'keep' or 'overwrite'",
  })
}

function dataBytes({ operation }: PlannedNode): number {
  return operation === undefined || operation.type === 'delete' ? 0 : (operation.data?.length ?? 0)
}

function sum(numbers: readonly number[]): bigint {
  return BigInt(numbers.reduce((total, number) => total + number, 0))
}

import { requireArchive } from './archive/archive-marker.js'
import type { ZnodeLayout } from './archive/layout.js'
import { type ReadWiring, znodeSource } from './archive/layout-wiring.js'
import { findSnapshot, readSnapshotHeader, readSnapshotNodes } from './archive/znode-snapshot.js'
import type { Codec } from './codec/codec.js'
import { TargetConflictError } from './errors.js'
import { drain } from './internal/drain.js'
import { portOption, rejectUnknownOptions } from './internal/options.js'
import { ProgressReporter, ratePerSecond } from './progress.js'
import type { ArchiveStorage } from './storage/storage.js'
import { applyPlan, type ZnodeRestoreEvent } from './znodes/apply.js'
import { changesAfterChildren, changesBeforeChildren, type ZnodeChange } from './znodes/decide.js'
import { type PlanStep, planRestore, type RestoreSource } from './znodes/plan.js'
import {
  type CheckedRestoreOptions,
  checkedRestoreOptions,
  type ZnodeRestoreOptions,
} from './znodes/restore-options.js'
import type { ZnodeRestoreSummary } from './znodes/restore-tally.js'
import { Selection } from './znodes/select.js'
import { surveySnapshot } from './znodes/survey-snapshot.js'
import { ZOOKEEPER_TRANSPORT_METHODS, type ZooKeeperTransport } from './zookeeper/transport.js'
import type { Znode } from './zookeeper/znode.js'

/** Wiring of a {@link ZnodeRestorer}. */
export interface ZnodeRestorerOptions {
  /** Where the nodes are written. The restorer never closes it. */
  readonly zookeeper: ZooKeeperTransport
  /** Where snapshots are. */
  readonly storage: ArchiveStorage
  /**
   * How the archive lies in storage. A foreign layout has a codec of its own.
   *
   * @defaultValue {@link kafkeepLayout}
   */
  readonly layout?: ZnodeLayout | undefined
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
  readonly #source: ReadWiring<Znode>

  /** @throws TypeError when an option is wrong. */
  constructor(options: ZnodeRestorerOptions) {
    rejectUnknownOptions('ZnodeRestorer', options, ['zookeeper', 'storage', 'layout', 'codecs'])
    this.#zookeeper = portOption('zookeeper', options.zookeeper, ZOOKEEPER_TRANSPORT_METHODS)
    this.#source = znodeSource(options, ['get', 'head', 'list'])
  }

  /**
   * The dry run: everything that `stream` would do or leave, decided in the same way, and nothing written. A node that
   * needs two changes is named twice. The snapshot is read whole and verified before the first change is told, and then
   * streamed: memory does not depend on its size.
   *
   * @throws TypeError at once when an option is wrong.
   * @throws {@link NotInArchiveError} when there is no such snapshot, or it has no node at one of `paths`.
   */
  plan(options: ZnodeRestoreOptions = {}): AsyncIterable<ZnodeChange> {
    return this.#changes(checkedRestoreOptions(options))
  }

  /**
   * Restores, and tells how far it is. The whole snapshot is read and verified before the first write, and then
   * streamed: memory does not depend on its size. Nodes that the server refuses are in the summary's `failed`; running
   * again tries them again.
   *
   * @throws TypeError at once when an option is wrong.
   * @throws {@link NotInArchiveError} when there is no such snapshot, or it has no node at one of `paths`.
   * @throws {@link ArchiveCorruptError} when the snapshot is damaged. Nothing is written then.
   * @throws {@link TargetConflictError} when `onExisting` is `'error'` and a node differs, or `remap` moves two nodes to
   * the same place. Nothing is written then.
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
    const source = await this.#survey(options)
    for await (const step of planRestore(this.#zookeeper, source, options)) {
      const { hand } = step
      if (step.type === 'write') {
        yield* changesBeforeChildren(step.planned, { closes: hand?.closes === true })
      } else if (step.hand.planned !== undefined) {
        yield* changesAfterChildren(step.hand.planned, step.hand.behind)
      }
    }
  }

  async *#restore(options: CheckedRestoreOptions): AsyncGenerator<ZnodeRestoreEvent, ZnodeRestoreSummary, void> {
    const { signal } = options
    const source = await this.#survey(options)
    if (options.onExisting === 'error') await rejectConflicts(planRestore(this.#zookeeper, source, options))
    const { nodes, bytes } = source.survey
    const done = { nodes: 0n, bytes: 0n }
    const progress = new ProgressReporter(options.onProgress, (elapsedMs) => ({
      doneRecords: done.nodes,
      totalRecords: BigInt(nodes),
      doneBytes: done.bytes,
      totalBytes: bytes,
      bytesPerSecond: ratePerSecond(done.bytes, elapsedMs),
    }))
    const onDone = (doneBytes: bigint) => {
      done.nodes += 1n
      done.bytes += doneBytes
      progress.tick()
    }
    await this.#zookeeper.ensureRootParent({ signal })
    const plan = planRestore(this.#zookeeper, source, options)
    const summary = yield* applyPlan(this.#zookeeper, plan, { policy: options, total: nodes, signal, onDone })
    progress.finish()
    return summary
  }

  /** Reads the whole snapshot once, so that what is damaged is found before anything is written. */
  async #survey(options: CheckedRestoreOptions): Promise<RestoreSource> {
    const { signal } = options
    const { storage, codecs } = this.#source
    await requireArchive(storage, { signal })
    const stored = await findSnapshot(storage, options.snapshot, { signal })
    const header = await readSnapshotHeader(storage, stored, { codecs, signal })
    const nodes = () => readSnapshotNodes(storage, stored, { codecs, signal })
    const selection = new Selection(options, header)
    return { selection, survey: await surveySnapshot(nodes(), selection, options), nodes }
  }
}

async function rejectConflicts(plan: AsyncIterable<PlanStep>): Promise<void> {
  const examples: string[] = []
  let conflicts = 0
  for await (const step of plan) {
    // The root is everywhere: it does not tell whether others use the tree.
    if (step.type === 'close' || step.planned.conflict !== true || step.planned.path === '/') continue
    conflicts += 1
    const { path, changes } = step.planned
    if (examples.length < 3) examples.push(`${path} (${changes[0]?.why})`)
  }
  if (conflicts === 0) return
  throw new TargetConflictError(`${conflicts} znode(s) exist and differ: ${examples.join(', ')}`, {
    hint: "look at plan(); then choose onExisting: 'keep' or 'overwrite'",
  })
}

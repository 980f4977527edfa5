import { TargetConflictError } from '../errors.js'
import { parentOf } from '../zookeeper/path.js'
import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import { Committer, refusedWrite } from './commit.js'
import { decide, type NodePolicy, type PlannedNode } from './decide.js'
import { readLive } from './live-node.js'
import type { RestoreTally } from './restore-tally.js'

/** Refusals that mean that others have changed the node since it was looked at. */
const RACES: ReadonlySet<string> = new Set(['NODE_EXISTS', 'BAD_VERSION', 'NO_NODE'])
const MAX_RACES_PER_NODE = 5

interface BatchWriterOptions {
  readonly policy: NodePolicy
  readonly signal: AbortSignal | undefined
  readonly tally: RestoreTally
}

/** Writes planned nodes in transactions, and decides anew where others were faster. */
export class BatchWriter {
  readonly #zookeeper: ZooKeeperTransport
  readonly #options: BatchWriterOptions
  /** Paths that could not be created. */
  readonly #absent = new Set<string | undefined>()

  constructor(zookeeper: ZooKeeperTransport, options: BatchWriterOptions) {
    this.#zookeeper = zookeeper
    this.#options = options
  }

  /** Writes `batch` and answers it as it was decided in the end. What failed is in the tally. */
  async write(batch: readonly PlannedNode[]): Promise<readonly PlannedNode[]> {
    const committer = new Committer(this.#zookeeper)
    const races = new Map<string, number>()
    let current = batch
    for (;;) {
      const pending = current.filter((planned) => this.#canBeWritten(planned))
      const operations = pending.map(({ operation }) => operation).filter((operation) => operation !== undefined)
      if (operations.length === 0) return current
      const outcome = await committer.commit(operations, { signal: this.#options.signal })
      if (outcome?.committed === true) return current
      if (outcome === undefined) {
        current = await Promise.all(current.map((planned) => this.#afterLoss(planned)))
        continue
      }
      const refused = pending[outcome.index]
      if (refused === undefined) throw refusedWrite('a batch', outcome.reason)
      const count = (races.get(refused.path) ?? 0) + 1
      races.set(refused.path, count)
      const next = count > MAX_RACES_PER_NODE ? undefined : await this.#afterRefusal(refused, outcome.reason)
      if (next === undefined) this.#fail(refused, outcome.reason)
      else current = current.map((planned) => (planned === refused ? next : planned))
    }
  }

  /** Notes what cannot succeed because the node above could not be created. */
  #canBeWritten(planned: PlannedNode): boolean {
    if (planned.operation === undefined || this.#options.tally.hasFailed(planned.path)) return false
    if (!this.#absent.has(parentOf(planned.path))) return true
    this.#fail(planned, 'NO_NODE')
    return false
  }

  #fail(planned: PlannedNode, reason: string): void {
    this.#options.tally.fail(planned, refusedWrite(planned.path, reason))
    if (planned.operation?.type === 'create') this.#absent.add(planned.path)
  }

  /** Decides anew after others were faster; `undefined` when the refusal stands. */
  async #afterRefusal(refused: PlannedNode, reason: string): Promise<PlannedNode | undefined> {
    if (!RACES.has(reason)) return undefined
    const { path, operation } = refused
    if (operation?.type === 'delete') return reason === 'NO_NODE' ? { ...refused, operation: undefined } : undefined
    const next = await this.#decide(refused)
    // Without the node above, creating it again cannot succeed either.
    if (operation?.type === 'create' && next.operation?.type === 'create' && reason === 'NO_NODE') return undefined
    if (next.conflict === true && this.#options.policy.onExisting === 'error') {
      const error = new TargetConflictError(`znode ${path} was changed by others during the restore`)
      this.#options.tally.fail(refused, error)
    }
    return next
  }

  /** A transaction whose outcome is unknown was made wholly or not at all: the nodes tell which. */
  async #afterLoss(planned: PlannedNode): Promise<PlannedNode> {
    const { path, operation } = planned
    if (operation === undefined) return planned
    if (operation.type === 'delete') {
      const stat = await this.#zookeeper.stat(path, { signal: this.#options.signal })
      return stat === undefined ? { ...planned, operation: undefined } : planned
    }
    const next = await this.#decide(planned)
    const isDone = next.operation === undefined && next.conflict !== true
    return isDone ? { ...planned, operation: undefined } : next
  }

  async #decide(planned: PlannedNode): Promise<PlannedNode> {
    if (planned.source === undefined) return planned
    const live = await readLive(this.#zookeeper, planned.path, { signal: this.#options.signal })
    return decide(planned.source, live, this.#options.policy)
  }
}

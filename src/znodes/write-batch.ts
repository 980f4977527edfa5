import { TargetConflictError, TransportError } from '../errors.js'
import { parentOf } from '../zookeeper/path.js'
import type { CommitOutcome, ZooKeeperTransport } from '../zookeeper/transport.js'
import { stepBytes } from './batches.js'
import { isNodeRefusal, isUnknownOutcome, oversizedWrite, refusedWrite } from './commit.js'
import { decide, type NodePolicy, type PlannedNode, withoutTtl } from './decide.js'
import { readLive } from './live-node.js'
import type { WriteStep } from './plan.js'
import type { RestoreTally } from './restore-tally.js'

/** Refusals that mean that others have changed the node since it was looked at. */
const RACES: ReadonlySet<string> = new Set(['NODE_EXISTS', 'BAD_VERSION', 'NO_NODE'])
const MAX_RACES_PER_NODE = 5
/** A transaction that is lost more often is itself what ends the connection, or the connection is of no use. */
const MAX_LOSSES = 3
/** No server is known to be told to accept less. */
const ALWAYS_ACCEPTED_BYTES = 16 * 1024

interface BatchWriterOptions {
  readonly policy: NodePolicy
  readonly signal: AbortSignal | undefined
  readonly tally: RestoreTally
}

/** What became of a transaction as far as its sender knows; the error is why it does not know. */
export type SentOutcome = CommitOutcome | TransportError

/** Writes planned nodes in transactions, and decides anew where others were faster. */
export class BatchWriter {
  readonly #zookeeper: ZooKeeperTransport
  readonly #options: BatchWriterOptions
  /** What no node of this server can have. */
  readonly #invalidAcls = new Set<string>()
  /** Whether this server has refused a node with a time to live. */
  #refusesTtl = false

  constructor(zookeeper: ZooKeeperTransport, options: BatchWriterOptions) {
    this.#zookeeper = zookeeper
    this.#options = options
  }

  /** `steps` without the writes that would be refused for a reason that others were refused for, which is noted. */
  withoutHopeless(steps: readonly WriteStep[]): readonly WriteStep[] {
    return steps.map((step) => {
      const possible = this.#refusesTtl ? { ...step, planned: withoutTtl(step.planned) } : step
      return this.#unlessHopeless(possible)
    })
  }

  /** Sends the writes of `steps` as one transaction, once. The writes of what was sent earlier are made first. */
  async send(steps: readonly WriteStep[]): Promise<SentOutcome> {
    const operations = steps.flatMap(({ planned: { operation } }) => operation ?? [])
    if (operations.length === 0) return { committed: true }
    try {
      return await this.#zookeeper.commit(operations, { signal: this.#options.signal })
    } catch (error) {
      if (isUnknownOutcome(error)) return error
      throw error
    }
  }

  /**
   * Makes the writes of `steps` after all, node by node where it must be, and answers the steps as they were decided in
   * the end. What failed is in the tally. Everything that was sent earlier must be settled.
   *
   * @param outcome - Why they are not made, or that this is unknown.
   */
  async settle(steps: readonly WriteStep[], outcome: SentOutcome): Promise<readonly WriteStep[]> {
    let current = steps
    let last: SentOutcome = outcome
    const races = new Map<string, number>()
    for (let losses = 0; ; ) {
      if (last instanceof TransportError) {
        losses += 1
        current = await Promise.all(current.map((step) => this.#afterLoss(step)))
        if (losses === MAX_LOSSES) return await this.#divide(current, last)
      } else if (!last.committed) {
        current = await this.#afterRefusal(current, { ...last, races })
      } else return current
      current = this.withoutHopeless(current)
      last = await this.send(current)
    }
  }

  /** Finds the node whose transaction cannot be sent. */
  async #divide(steps: readonly WriteStep[], loss: TransportError): Promise<readonly WriteStep[]> {
    const pending = steps.filter(({ planned }) => planned.operation !== undefined)
    const [only] = pending
    if (pending.length > 1) {
      const half = steps.findIndex((step) => step === pending[Math.floor(pending.length / 2)])
      const parts = [steps.slice(0, half), steps.slice(half)]
      const settled: WriteStep[] = []
      for (const part of parts) settled.push(...(await this.settle(part, await this.send(part))))
      return settled
    }
    if (only === undefined) return steps
    const sizeBytes = stepBytes(only)
    if (sizeBytes <= ALWAYS_ACCEPTED_BYTES) throw loss
    const error = oversizedWrite(only.planned.path, sizeBytes, loss)
    return steps.map((step) => (step === only ? this.#failed(step, error) : step))
  }

  /** Decides anew about the node that was refused, after others were faster or for good. */
  async #afterRefusal(
    steps: readonly WriteStep[],
    refusal: { readonly index: number; readonly reason: string; readonly races: Map<string, number> },
  ): Promise<readonly WriteStep[]> {
    const { index, reason, races } = refusal
    const refused = steps.filter(({ planned }) => planned.operation !== undefined)[index]
    if (reason === 'UNIMPLEMENTED' && isTtl(refused)) {
      this.#refusesTtl = true
      return steps
    }
    if (refused === undefined || !isNodeRefusal(reason)) throw refusedWrite(refused?.planned.path ?? '/', reason)
    const { path } = refused.planned
    const count = (races.get(path) ?? 0) + 1
    races.set(path, count)
    const next = count > MAX_RACES_PER_NODE ? undefined : await this.#afterRace(refused, reason)
    const step = next ?? this.#failed(refused, refusedWrite(path, reason), reason)
    return steps.map((other) => (other === refused ? step : other))
  }

  /** `undefined` when the refusal stands. */
  async #afterRace(refused: WriteStep, reason: string): Promise<WriteStep | undefined> {
    if (!RACES.has(reason)) return undefined
    const { operation, path } = refused.planned
    if (operation?.type === 'delete') return reason === 'NO_NODE' ? withoutWrite(refused) : undefined
    const next = await this.#decidedAnew(refused)
    // The node above may be there by now: a transaction that was sent before this one may have been lost and made again.
    const isStillMissing = operation?.type === 'create' && next.planned.operation?.type === 'create'
    if (reason === 'NO_NODE' && isStillMissing && !(await this.#isThere(parentOf(path)))) return undefined
    if (next.planned.conflict === true && this.#options.policy.onExisting === 'error') {
      const error = new TargetConflictError(`znode ${path} was changed by others during the restore`)
      return this.#failed(refused, error)
    }
    return next
  }

  async #isThere(path: string | undefined): Promise<boolean> {
    if (path === undefined) return false
    return (await this.#zookeeper.stat(path, { signal: this.#options.signal })) !== undefined
  }

  /** A transaction whose outcome is unknown was made wholly or not at all: the nodes tell which. */
  async #afterLoss(step: WriteStep): Promise<WriteStep> {
    const { path, operation } = step.planned
    if (operation === undefined) return step
    if (operation.type === 'delete') {
      const stat = await this.#zookeeper.stat(path, { signal: this.#options.signal })
      return stat === undefined ? withoutWrite(step) : step
    }
    const next = await this.#decidedAnew(step)
    const isDone = next.planned.operation === undefined && next.planned.conflict !== true
    return isDone ? withoutWrite(step) : next
  }

  async #decidedAnew(step: WriteStep): Promise<WriteStep> {
    const { source, path } = step.planned
    if (source === undefined) return step
    const live = await readLive(this.#zookeeper, path, { signal: this.#options.signal })
    return { ...step, planned: decide(source, live, this.#options.policy) }
  }

  #unlessHopeless(step: WriteStep): WriteStep {
    const { operation, path } = step.planned
    if (operation?.type !== 'create') return step
    const closedFor = step.hand?.parent?.closedFor
    if (closedFor !== undefined) return this.#failed(step, refusedWrite(path, closedFor), 'NO_NODE')
    if (this.#invalidAcls.size === 0 || !this.#invalidAcls.has(JSON.stringify(operation.acl))) return step
    return this.#failed(step, refusedWrite(path, 'INVALID_ACL'), 'INVALID_ACL')
  }

  #failed(step: WriteStep, error: TransportError | TargetConflictError, reason?: string): WriteStep {
    const { planned, hand } = step
    this.#options.tally.fail(planned, error)
    if (planned.operation?.type === 'create') {
      if (reason === 'INVALID_ACL') this.#invalidAcls.add(JSON.stringify(planned.operation.acl))
      if (reason === 'NO_AUTH' && hand?.parent !== undefined) hand.parent.closedFor = reason
      if (hand !== undefined) hand.closedFor = 'NO_NODE'
    }
    if (hand?.parent !== undefined) hand.parent.failedBelow = true
    return withoutWrite(step)
  }
}

function isTtl(step: WriteStep | undefined): boolean {
  const operation = step?.planned.operation
  return operation?.type === 'create' && operation.kind === 'ttl'
}

function withoutWrite(step: WriteStep): WriteStep {
  const planned: PlannedNode = { ...step.planned, operation: undefined }
  return { ...step, planned }
}

import { mapConcurrently } from '../internal/map-concurrently.js'
import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import { BATCH_BYTES, inBatches, stepBytes } from './batches.js'
import { closeNode } from './close-node.js'
import { type NodePolicy, needsClosing } from './decide.js'
import type { PlanStep, WriteStep } from './plan.js'
import { RestoreTally, type ZnodeRestoreSummary } from './restore-tally.js'
import { BatchWriter, type SentOutcome } from './write-batch.js'

/** Transactions that are on their way at once. More do not make a server faster. */
const IN_FLIGHT = 4
/** Nodes whose counters and ACLs are set at once. */
const CLOSED_AT_ONCE = 50

/** How far a restore is. */
export interface ZnodeRestoreEvent {
  /** What happened. */
  readonly type: 'nodes'
  /** Nodes of the snapshot that are compared, and written where that was needed. */
  readonly done: number
  /** Nodes of the snapshot that have to do with the restore. */
  readonly total: number
}

/** What a restore is told besides its plan. */
export interface ApplyOptions {
  readonly policy: NodePolicy
  /** Nodes of the snapshot that have to do with the restore. */
  readonly total: number
  readonly signal: AbortSignal | undefined
  /** Told of each node that is done, with the bytes of its data. */
  readonly onDone: (bytes: bigint) => void
}

interface SentBatch {
  readonly steps: readonly PlanStep[]
  readonly writes: readonly WriteStep[]
  readonly outcome: Promise<SentOutcome>
}

/**
 * Does what is planned, in bounded transactions. Stopped at any point and run again with a new plan, it ends the same.
 *
 * Several transactions are on their way at once: a session's requests are made in their order, so that a node is created
 * before its children. When one is refused or lost, those sent behind it may have been refused for want of its nodes:
 * nothing more is sent until each of them is settled, in their order.
 */
export async function* applyPlan(
  zookeeper: ZooKeeperTransport,
  plan: AsyncIterable<PlanStep>,
  options: ApplyOptions,
): AsyncGenerator<ZnodeRestoreEvent, ZnodeRestoreSummary, void> {
  const applier = new Applier(zookeeper, options)
  const sent: SentBatch[] = []
  async function* settled(most: number): AsyncGenerator<ZnodeRestoreEvent, void, void> {
    let left = most
    for (let batch = sent[0]; batch !== undefined && sent.length > left; [batch] = sent) {
      const smooth = await applier.settle(batch)
      sent.shift()
      if (!smooth) left = 0
      yield applier.event
    }
  }
  for await (const steps of inBatches(plan, stepBytes)) {
    // One that is too large for the server ends the connection, and with it all that is on its way.
    const isLarge = steps.length === 1 && steps.some((step) => stepBytes(step) > BATCH_BYTES)
    if (isLarge) yield* settled(0)
    sent.push(applier.send(steps))
    yield* settled(isLarge ? 0 : IN_FLIGHT)
  }
  yield* settled(0)
  return applier.tally.summary()
}

class Applier {
  readonly tally = new RestoreTally()
  readonly #zookeeper: ZooKeeperTransport
  readonly #options: ApplyOptions
  readonly #writer: BatchWriter
  #done = 0

  constructor(zookeeper: ZooKeeperTransport, options: ApplyOptions) {
    this.#zookeeper = zookeeper
    this.#options = options
    this.#writer = new BatchWriter(zookeeper, { ...options, tally: this.tally })
  }

  get event(): ZnodeRestoreEvent {
    return { type: 'nodes', done: this.#done, total: this.#options.total }
  }

  send(steps: readonly PlanStep[]): SentBatch {
    const writes = this.#writer.withoutHopeless(steps.filter((step) => step.type === 'write'))
    const outcome = this.#writer.send(writes)
    // It may fail before its turn comes, or after nobody waits for it any more.
    outcome.catch(() => {})
    return { steps, writes, outcome }
  }

  /** Answers whether everything was written as it was sent. All that was sent earlier must be settled. */
  async settle({ steps, writes, outcome }: SentBatch): Promise<boolean> {
    const sent = await outcome
    const smooth = !(sent instanceof Error) && sent.committed
    const written = smooth ? writes : await this.#writer.settle(writes, sent)
    const closing = steps.flatMap((step) => (step.type === 'close' ? step.hand : []))
    for (const [index, step] of written.entries()) {
      this.#finish(step, { decidedAnew: writes[index] !== step })
      // Of a node that others created meanwhile more may be to do than of one that was not there.
      if (step.hand?.closes === false && needsClosing(step.planned)) closing.push(step.hand)
    }
    const options = { ...this.#options, tally: this.tally }
    await mapConcurrently(closing, CLOSED_AT_ONCE, (hand) => closeNode(this.#zookeeper, hand, options))
    return smooth
  }

  #finish({ planned, hand }: WriteStep, { decidedAnew }: { readonly decidedAnew: boolean }): void {
    const closes = hand !== undefined && (hand.closes || needsClosing(planned))
    if (!closes) this.tally.finish(planned.path, planned.changes)
    if (hand === undefined) return
    if (decidedAnew) {
      hand.planned = planned
      hand.uncertain = true
      if (hand.parent !== undefined) hand.parent.uncertain = true
    }
    this.#done += 1
    this.#options.onDone(BigInt(hand.node.data?.length ?? 0))
  }
}

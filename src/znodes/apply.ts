import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import { inBatches, operationBytes } from './batches.js'
import { isRefusal } from './commit.js'
import type { NodePolicy, PlannedNode } from './decide.js'
import { raiseSequence, raiseVersion } from './raise-counters.js'
import { RestoreTally, type ZnodeRestoreSummary } from './restore-tally.js'
import { BatchWriter } from './write-batch.js'

/** How far a restore is. */
export interface ZnodeRestoreEvent {
  /** What happened. */
  readonly type: 'nodes'
  /** Nodes that are compared, and written where that was needed. Counters and final ACLs follow. */
  readonly done: number
  /** Nodes of the plan. */
  readonly total: number
}

/** What a restore is told besides its plan. */
export interface ApplyOptions {
  readonly policy: NodePolicy
  readonly signal: AbortSignal | undefined
}

/**
 * Does what is planned: writes first, in bounded transactions, then counters, and ACLs that would keep the restore out
 * at the very end. Stopped at any point and run again with a new plan, it ends the same.
 */
export async function* applyPlan(
  zookeeper: ZooKeeperTransport,
  plan: readonly PlannedNode[],
  { policy, signal }: ApplyOptions,
): AsyncGenerator<ZnodeRestoreEvent, ZnodeRestoreSummary, void> {
  const tally = new RestoreTally()
  const writer = new BatchWriter(zookeeper, { policy, signal, tally })
  const written: PlannedNode[] = []
  for (const batch of inBatches(plan, bytesOf)) {
    for (const planned of await writer.write(batch)) written.push(planned)
    yield { type: 'nodes', done: written.length, total: plan.length }
  }
  // A counter counts the children that were created, so that it comes after all of them.
  for (const planned of written) await attempt(tally, planned, () => raiseCounters(zookeeper, planned, signal))
  for (const planned of written.toReversed()) {
    const { path, finalAcl } = planned
    if (finalAcl !== undefined) await attempt(tally, planned, () => zookeeper.setAcl(path, finalAcl, { signal }))
  }
  for (const planned of written) tally.finish(planned)
  return tally.summary()
}

function bytesOf({ operation }: PlannedNode): number {
  return operation === undefined ? 0 : operationBytes(operation)
}

async function raiseCounters(
  zookeeper: ZooKeeperTransport,
  { path, source, sequence, version }: PlannedNode,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (sequence !== undefined) await raiseSequence(zookeeper, path, sequence, { signal })
  if (version !== undefined) {
    await raiseVersion(zookeeper, path, { version, data: source?.node.data ?? null }, { signal })
  }
}

/** A refusal concerns this node alone; anything else ends the restore. */
async function attempt(tally: RestoreTally, planned: PlannedNode, act: () => Promise<void>): Promise<void> {
  if (tally.hasFailed(planned.path)) return
  try {
    await act()
  } catch (error) {
    if (!isRefusal(error)) throw error
    tally.fail(planned, error)
  }
}

import { TargetConflictError } from '../errors.js'
import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import { isRefusal } from './commit.js'
import { changesAfterChildren, changesBeforeChildren } from './decide.js'
import type { NodeInHand } from './node-in-hand.js'
import { raiseSequence, raiseVersion } from './raise-counters.js'
import type { RestoreTally } from './restore-tally.js'

interface CloseOptions {
  readonly tally: RestoreTally
  readonly signal: AbortSignal | undefined
}

/**
 * Does what is due once everything below a node is done: counters first, because its ACL may admit nobody to them. A
 * refusal concerns this node alone; anything else ends the restore.
 */
export async function closeNode(
  zookeeper: ZooKeeperTransport,
  hand: NodeInHand,
  { tally, signal }: CloseOptions,
): Promise<void> {
  const { node, planned } = hand
  if (planned === undefined || tally.hasFailed(planned.path)) return
  const { path, behind, version, finalAcl, unfinished } = planned
  let raised = false
  try {
    if (behind > 0 && (hand.behind > 0 || hand.uncertain)) {
      raised = await raiseSequence(zookeeper, path, node.sequence, { signal })
    }
    if (version !== undefined) await raiseVersion(zookeeper, path, { version, data: node.data }, { signal })
    if (finalAcl !== undefined && unfinished === true && hand.failedBelow) {
      tally.fail(planned, keptClosed(path))
      return
    }
    if (finalAcl !== undefined) await zookeeper.setAcl(path, finalAcl, { signal })
  } catch (error) {
    if (!isRefusal(error)) throw error
    tally.fail(planned, error)
  }
  const changes = changesBeforeChildren(planned, { closes: true })
  tally.finish(path, [...changes, ...changesAfterChildren(planned, raised ? behind : 0)])
}

/** Its own ACL might keep the next run from what is missing. */
function keptClosed(path: string): TargetConflictError {
  return new TargetConflictError(`znode ${path} stays closed to others: not everything below it could be restored`, {
    hint: 'restore again when the reason is gone, or without what cannot be restored (`exclude`): then it gets its ACL',
  })
}

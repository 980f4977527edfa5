import type { Znode } from '../zookeeper/znode.js'
import type { PlannedNode } from './decide.js'

/**
 * A node of a snapshot on its way through a restore: from the comparison with the live tree until everything below it is
 * done. Only nodes that may still have children to come are held.
 */
export interface NodeInHand {
  /** As it is to be, where it comes to be. */
  readonly node: Znode
  /** Whether it was asked for itself, and not only because it is above one that was. */
  readonly wanted: boolean
  /** Of the node above it; `undefined` for the root, and where the snapshot does not hold that node. */
  readonly parent: NodeInHand | undefined
  /** Whether it is in the live tree already, as soon as that is known. */
  exists: boolean | Promise<boolean>
  /** Whether it is there, or is going to be. */
  present: boolean
  /** What was decided about it last; `undefined` until then, and where nothing is to be done. */
  planned?: PlannedNode
  /** Whether a step that closes it comes when everything below it is done. */
  closes: boolean
  /** By how much its counter of sequential children will be too low once its children are created. */
  behind: number
  /** Whether not everything went as planned, so that its counter must be looked at. */
  uncertain: boolean
  /** Names of its children in the live tree that no node of the snapshot was found for yet. */
  extras?: Set<string>
  /** Reason for which nothing can be created below it: it could not be created itself, or it admits no children. */
  closedFor?: string
  /** Whether something that belongs below it could not be restored. */
  failedBelow: boolean
}

/** A node that nothing is known of yet. */
export function inHand({ node, wanted, parent }: Pick<NodeInHand, 'node' | 'wanted' | 'parent'>): NodeInHand {
  const unknown = { exists: false, present: false, closes: false, behind: 0, uncertain: false, failedBelow: false }
  return { node, wanted, parent, ...unknown }
}

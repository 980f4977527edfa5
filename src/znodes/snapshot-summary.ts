import type { SnapshotConsistency } from '../archive/znode-snapshot-header.js'

/** What a snapshot holds. */
export interface SnapshotSummary {
  /** Its name, for a restore. */
  readonly id: string
  /** Nodes in it. */
  readonly nodes: number
  /** Bytes of data in them. */
  readonly bytes: bigint
  /** How many of the nodes are ephemeral. */
  readonly ephemerals: number
  /** What is not in it because it could not be read, with all that is below. */
  readonly unreadable: readonly string[]
  /** How far it is known to be one state of the tree. */
  readonly consistency: SnapshotConsistency
  /** Nodes of a `fuzzy` snapshot that others changed or deleted between the two zxids; empty for every other one. */
  readonly moved: readonly string[]
  /** `exact` and `settled` snapshots are the tree as it was at this transaction. */
  readonly fromZxid: bigint
  /** The transaction up to which the tree was watched. */
  readonly toZxid: bigint
}

/** The part of a stored snapshot's header that the caller is told. */
export function summaryOf(snapshot: SnapshotSummary): SnapshotSummary {
  const { id, nodes, bytes, ephemerals, unreadable, consistency, moved, fromZxid, toZxid } = snapshot
  return { id, nodes, bytes, ephemerals, unreadable, consistency, moved, fromZxid, toZxid }
}

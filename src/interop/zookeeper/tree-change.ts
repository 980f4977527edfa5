import type { Acl } from '../../zookeeper/znode.js'

/** One thing that a transaction does to a tree. */
export type TreeChange = CreateChange | DeleteChange | SetChange | AclChange | CloseChange

/** A node is created. */
export interface CreateChange {
  readonly type: 'create'
  readonly path: string
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[]
  /** What the server keeps as its owner: a session, or a kind of node. */
  readonly owner: bigint
  /** How many children its parent has had with it; `undefined` in logs of ZooKeeper before 3.4. */
  readonly parentCreations: number | undefined
}

/** A node is deleted. */
interface DeleteChange {
  readonly type: 'delete'
  readonly path: string
}

/** A node gets other data. */
export interface SetChange {
  readonly type: 'set'
  readonly path: string
  readonly data: Uint8Array | null
  /** The version that it has then. */
  readonly version: number
}

/** A node gets another ACL. */
export interface AclChange {
  readonly type: 'acl'
  readonly path: string
  readonly acl: readonly Acl[]
  /** The version of its ACL that it has then. */
  readonly version: number
}

/** A session ends, and its nodes go. */
interface CloseChange {
  readonly type: 'close'
  readonly sessionId: bigint
  /** Nodes that the log names; there may be more. */
  readonly paths: readonly string[]
}

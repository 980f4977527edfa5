import { OPEN_ACL } from './acl.js'

/** One entry of a znode's access control list. */
export interface Acl {
  /** Sum of READ 1, WRITE 2, CREATE 4, DELETE 8 and ADMIN 16. */
  readonly permissions: number
  /** How `id` is proven: `world`, `digest`, `sasl`, `x509`, `ip` or one of the server's own. */
  readonly scheme: string
  /** Who is meant, in the words of the scheme: `anyone`, `user:<hash>`, `10.0.0.0/8`. */
  readonly id: string
}

/** What ZooKeeper counts and times about a node. */
export interface ZnodeStat {
  /** How often the data was written since the node was created. */
  readonly version: number
  /** ZooKeeper's `cversion`: grows with every child that is created or deleted. */
  readonly childrenVersion: number
  /** How often the ACL was set since the node was created. */
  readonly aclVersion: number
  /** Children at this moment. */
  readonly childCount: number
  /** The transaction that created the node. */
  readonly createdZxid: bigint
  /** The last transaction that wrote the data. */
  readonly modifiedZxid: bigint
  /** The last transaction that created or deleted a child. */
  readonly childrenZxid: bigint
  /** When the node was created, in epoch milliseconds by the server's clock. */
  readonly createdMs: bigint
  /** When the data was last written, in epoch milliseconds by the server's clock. */
  readonly modifiedMs: bigint
  /** Session that owns an ephemeral node; `0n` for every other node. */
  readonly ephemeralOwner: bigint
}

/** A node of a ZooKeeper tree, with all that a client can learn of it. */
export interface Znode extends ZnodeStat {
  /** Absolute path below the root of the connection it was read through. */
  readonly path: string
  /** `null` when no data was ever set, which ZooKeeper keeps apart from empty data. */
  readonly data: Uint8Array | null
  /** Who may do what, in the server's order. */
  readonly acl: readonly Acl[]
  /** Whether the server hid the secret part of an id in `acl`, so that the ACL must not be written back. */
  readonly aclRedacted?: boolean
  /**
   * What ends the node's life. ZooKeeper does not tell clients about `container` and `ttl`: read through a connection
   * such nodes are `persistent`.
   */
  readonly kind: 'persistent' | 'ephemeral' | 'container' | 'ttl'
  /** Lifetime without change of a `ttl` node, in milliseconds. */
  readonly ttlMs?: bigint
  /** Number that the next sequential child's name will end in. */
  readonly sequence: number
}

/**
 * Number that the next sequential child's name will end in. The server shows its counter of created children only as
 * `2 * counter - children`, in 32 bits.
 */
export function sequenceOf(stat: Pick<ZnodeStat, 'childrenVersion' | 'childCount'>): number {
  return (stat.childrenVersion + stat.childCount) >>> 1
}

/** A node as it is right after it was created, open and without data. */
export function untouchedZnode(path: string): Znode {
  return {
    path,
    data: null,
    acl: OPEN_ACL,
    kind: 'persistent',
    version: 0,
    childrenVersion: 0,
    aclVersion: 0,
    sequence: 0,
    childCount: 0,
    createdZxid: 0n,
    modifiedZxid: 0n,
    childrenZxid: 0n,
    createdMs: 0n,
    modifiedMs: 0n,
    ephemeralOwner: 0n,
  }
}

import type { Acl, ZnodeStat } from './znode.js'

/** What every call of a {@link ZooKeeperTransport} accepts. */
export interface ZooKeeperCallOptions {
  /** Ends the call; it rejects with the signal's reason itself. */
  readonly signal?: AbortSignal | undefined
}

/** A node and the names below it, all as they were at one instant. */
export interface ZnodeReading {
  /** `null` when no data was ever set. */
  readonly data: Uint8Array | null
  /** Who may do what. */
  readonly acl: readonly Acl[]
  /** Names of the children, without the path, in no order. */
  readonly children: readonly string[]
  /** Counters and times. */
  readonly stat: ZnodeStat
}

/** A write that can be part of a transaction. A `version` of -1 accepts every version. */
export type ZnodeOperation = CreateOperation | SetOperation | DeleteOperation

/** Creates a node. */
export interface CreateOperation {
  /** What is done. */
  readonly type: 'create'
  /** The node. */
  readonly path: string
  /** Its data. */
  readonly data: Uint8Array | null
  /** Who may do what with it. */
  readonly acl: readonly Acl[]
  /**
   * What ends its life. A server that was started without `extendedTypesEnabled` refuses `ttl` with the reason
   * `UNIMPLEMENTED`.
   *
   * @defaultValue `'persistent'`
   */
  readonly kind?: 'persistent' | 'container' | 'ttl' | undefined
  /** Lifetime without change of a `ttl` node, in milliseconds, 1 to 2^40 - 1. */
  readonly ttlMs?: bigint | undefined
}

/** Replaces a node's data. */
export interface SetOperation {
  /** What is done. */
  readonly type: 'set'
  /** The node. */
  readonly path: string
  /** Its new data. */
  readonly data: Uint8Array | null
  /** The version it must have. */
  readonly version: number
}

/** Deletes a node without children. */
export interface DeleteOperation {
  /** What is done. */
  readonly type: 'delete'
  /** The node. */
  readonly path: string
  /** The version it must have. */
  readonly version: number
}

/** How a transaction ended. A refused one has changed nothing. */
export type CommitOutcome = Committed | Refused

/** All writes are made. */
export interface Committed {
  /** Whether the writes are made. */
  readonly committed: true
}

/** No write is made. */
export interface Refused {
  /** Whether the writes are made. */
  readonly committed: false
  /** Position of the operation that the server refused. */
  readonly index: number
  /** The protocol's name of the reason, such as `NODE_EXISTS`. */
  readonly reason: string
}

/**
 * A connection to ZooKeeper: all that snapshots and restores ask of a client library.
 *
 * Paths are absolute below the root of the connection. Calls may overlap without limit of their number and reach the
 * server in the order they were made. Every call ends within a bounded time. Reads survive lost connections and
 * expired sessions and never go back in time. Every call rejects with a {@link TransportError} whose `reason` is the
 * protocol's name of the error, such as `NO_AUTH`.
 */
export interface ZooKeeperTransport {
  /**
   * Writes an empty transaction and answers its zxid. What is read afterwards is at least as new; when the next fence
   * answers a zxid that is greater by exactly one, nothing was written in between. The root must exist.
   */
  fence(options?: ZooKeeperCallOptions): Promise<bigint>
  /** Reads a node with its ACL and its children's names; `undefined` when there is no such node. */
  read(path: string, options?: ZooKeeperCallOptions): Promise<ZnodeReading | undefined>
  /** Reads the counters alone; `undefined` when there is no such node. */
  stat(path: string, options?: ZooKeeperCallOptions): Promise<ZnodeStat | undefined>
  /**
   * Makes all writes or none. When it rejects with the reason `CONNECTION_LOSS` or `OPERATION_TIMEOUT`, it is unknown
   * which of the two has happened.
   */
  commit(operations: readonly ZnodeOperation[], options?: ZooKeeperCallOptions): Promise<CommitOutcome>
  /** Replaces a node's ACL. Repeating it is harmless. */
  setAcl(path: string, acl: readonly Acl[], options?: ZooKeeperCallOptions): Promise<void>
  /**
   * Creates the nodes above the connection's root where they are missing, open and without data, so that the root
   * itself can be created like any other node. Without a chroot there is nothing to do.
   */
  ensureRootParent(options?: ZooKeeperCallOptions): Promise<void>
  /** Ends the session and frees the connection. Closing twice is harmless. */
  close(): Promise<void>
  /** {@link ZooKeeperTransport.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The methods of the port, for checking what a caller hands in. */
export const ZOOKEEPER_TRANSPORT_METHODS = ['fence', 'read', 'stat', 'commit', 'setAcl', 'ensureRootParent'] as const

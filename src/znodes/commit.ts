import { TransportError } from '../errors.js'
import type { CommitOutcome, ZnodeOperation, ZooKeeperCallOptions, ZooKeeperTransport } from '../zookeeper/transport.js'

const MAX_LOST_COMMITS = 5

/**
 * Commits for somebody who can find out what has become of it: answers `undefined` when the connection was lost before
 * the server told. A transaction that meets this again and again is itself what ends the connection, so that in the
 * end it is an error.
 */
export class Committer {
  readonly #zookeeper: ZooKeeperTransport
  #lost = 0

  constructor(zookeeper: ZooKeeperTransport) {
    this.#zookeeper = zookeeper
  }

  async commit(
    operations: readonly ZnodeOperation[],
    options: ZooKeeperCallOptions,
  ): Promise<CommitOutcome | undefined> {
    try {
      const outcome = await this.#zookeeper.commit(operations, options)
      this.#lost = 0
      return outcome
    } catch (error) {
      this.#lost += 1
      if (!isUnknownOutcome(error) || this.#lost > MAX_LOST_COMMITS) throw error
      return undefined
    }
  }
}

/** Whether it is unknown what has become of a commit that ended with `error`, while the next one may go well. */
export function isUnknownOutcome(error: unknown): error is TransportError {
  return error instanceof TransportError && error.reason !== undefined && LOSSES.has(error.reason)
}

const LOSSES: ReadonlySet<string> = new Set(['CONNECTION_LOSS', 'SESSION_EXPIRED', 'SESSION_MOVED'])

/** The error of a write that the server refused. */
export function refusedWrite(path: string, reason: string): TransportError {
  return new TransportError(`ZooKeeper refused to write ${path}: ${reason}`, {
    system: 'zookeeper',
    reason,
    hint: HINTS[reason],
  })
}

/** The error of a write of about `sizeBytes` bytes that ends the connection whenever it is sent. */
export function oversizedWrite(path: string, sizeBytes: number, cause: TransportError): TransportError {
  return new TransportError(`ZooKeeper ends the connection instead of writing ${path}, about ${sizeBytes} bytes`, {
    system: 'zookeeper',
    reason: cause.reason,
    cause,
    hint: "raise the servers' jute.maxbuffer, which is less than the node needs, or leave the node out (`exclude`)",
  })
}

/** Whether the server refused something because of the one node it was about. */
export function isRefusal(error: unknown): error is TransportError {
  return error instanceof TransportError && error.reason !== undefined && isNodeRefusal(error.reason)
}

/** Whether a reason for a refusal concerns one node, and not the connection or the server. */
export function isNodeRefusal(reason: string): boolean {
  return REFUSALS.has(reason)
}

const REFUSALS: ReadonlySet<string> = new Set([
  'BAD_ARGUMENTS',
  'BAD_VERSION',
  'INVALID_ACL',
  'NODE_EXISTS',
  'NOT_EMPTY',
  'NO_AUTH',
  'NO_CHILDREN_FOR_EPHEMERALS',
  'NO_NODE',
  'QUOTA_EXCEEDED',
])

const HINTS: Readonly<Record<string, string>> = {
  NO_AUTH: 'give the transport the `auth` of an identity that the ACL of the node, or of the one above, admits',
  INVALID_ACL:
    'the server does not know a scheme of the ACL, or the restore needs a temporary ACL of its own: give the transport an `auth`, or map ACLs with `acls`',
  QUOTA_EXCEEDED: 'raise or remove the quota on this path, or one above it',
}

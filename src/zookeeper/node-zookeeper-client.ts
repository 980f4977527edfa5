import type { ConnectionOptions } from 'node:tls'
import { TransportError } from '../errors.js'
import { integerOption, nameOption, rejectUnknownOptions } from '../internal/options.js'
import { OPEN_ACL } from './acl.js'
import type { ZooKeeperAuth } from './node-zookeeper-client-connection.js'
import { GatheredReads } from './node-zookeeper-client-gathered-reads.js'
import { ZooKeeperSession } from './node-zookeeper-client-session.js'
import { upwards } from './path.js'
import {
  checkRequest,
  commitRequest,
  existsRequest,
  getAclRequest,
  getChildrenRequest,
  setAclRequest,
} from './protocol/requests.js'
import type {
  CommitOutcome,
  ZnodeOperation,
  ZnodeReading,
  ZooKeeperCallOptions,
  ZooKeeperTransport,
} from './transport.js'
import type { Acl, ZnodeStat } from './znode.js'

export type { ZooKeeperAuth }

/** Options of {@link NodeZooKeeperTransport}. */
export interface NodeZooKeeperTransportOptions {
  /**
   * Makes a client with `createClient` of node-zookeeper-client 1.1, and a new one each time: a client whose session
   * has expired is dead. The transport connects it. A chroot in the connection string is honoured.
   */
  readonly connect: () => object
  /**
   * Speaks TLS with the servers, with these options of `node:tls`: mostly `ca`, and `cert` with `key` where the servers
   * want to know their clients, who are then proven by the scheme `x509`. Each server's certificate must name it as the
   * connection string does, unless `servername` gives another name.
   *
   * @defaultValue none: connections are plain
   */
  readonly tls?: ConnectionOptions | undefined
  /** Identities to prove before anything is asked. @defaultValue none */
  readonly auth?: readonly ZooKeeperAuth[] | undefined
  /**
   * How long one call may take in all, connecting and reconnecting included, in milliseconds. 1 to 2^31 - 1.
   *
   * @defaultValue `30_000`
   */
  readonly timeoutMs?: number | undefined
}

const DEFAULTS = { timeoutMs: 30_000 } as const
const MAX_TIMEOUT_MS = 2 ** 31 - 1
const MAX_READ_ATTEMPTS = 20

/**
 * Talks to ZooKeeper (3.5 and newer) through clients of node-zookeeper-client 1.1, of which it uses the session, the
 * pings and the reconnects. Requests and answers are its own, so that no answer of a server can end the process and no
 * call can wait for ever.
 *
 * Connects on first use. Close it: an open session keeps the process alive.
 *
 * @example
 * ```ts
 * await using zookeeper = new NodeZooKeeperTransport({ connect: () => createClient('localhost:2181') })
 * ```
 */
export class NodeZooKeeperTransport implements ZooKeeperTransport {
  readonly #session: ZooKeeperSession
  readonly #data: GatheredReads

  /** @throws TypeError or RangeError when an option is wrong. */
  constructor(options: NodeZooKeeperTransportOptions) {
    rejectUnknownOptions('NodeZooKeeperTransport', options, ['connect', 'tls', 'auth', 'timeoutMs'])
    if (typeof options.connect !== 'function') throw new TypeError('`connect` must be a function that makes a client')
    this.#session = new ZooKeeperSession({
      connect: options.connect,
      tls: tlsOption(options.tls),
      auth: authOption(options.auth),
      timeoutMs: integerOption('timeoutMs', options.timeoutMs, DEFAULTS.timeoutMs, { min: 1, max: MAX_TIMEOUT_MS }),
    })
    this.#data = new GatheredReads(this.#session)
  }

  async fence(options: ZooKeeperCallOptions = {}): Promise<bigint> {
    const { zxid, value } = await this.#session.call((resolve) => checkRequest(resolve('/')), options)
    // A transaction that is refused is a transaction as well: it has a zxid, and the servers agree on it.
    if (value.committed || value.reason === 'NO_AUTH') return zxid
    const hint = value.reason === 'NO_NODE' ? 'the chroot of the connection string does not exist' : undefined
    throw refused('write a fence', value.reason, hint)
  }

  async read(path: string, options: ZooKeeperCallOptions = {}): Promise<ZnodeReading | undefined> {
    return unlessMissing(async () => {
      for (let attempt = 0; attempt < MAX_READ_ATTEMPTS; attempt += 1) {
        const reading = await this.#readOnce(path, options)
        if (reading !== undefined) return reading
      }
      throw new TransportError(`${path} changes faster than it can be read`, { system: 'zookeeper', retryable: true })
    })
  }

  async stat(path: string, options: ZooKeeperCallOptions = {}): Promise<ZnodeStat | undefined> {
    return unlessMissing(
      async () => (await this.#session.call((resolve) => existsRequest(resolve(path)), options)).value,
    )
  }

  async commit(operations: readonly ZnodeOperation[], options: ZooKeeperCallOptions = {}): Promise<CommitOutcome> {
    return (await this.#session.call((resolve) => commitRequest(operations, resolve), options)).value
  }

  async setAcl(path: string, acl: readonly Acl[], options: ZooKeeperCallOptions = {}): Promise<void> {
    await this.#session.call((resolve) => setAclRequest(resolve(path), acl), options)
  }

  async ensureRootParent(options: ZooKeeperCallOptions = {}): Promise<void> {
    const [, ...above] = upwards(this.#session.resolve('/'))
    for (const path of above.reverse()) {
      const exists = await unlessMissing(() => this.#session.call(() => existsRequest(path), options))
      if (exists !== undefined) continue
      const operation = { type: 'create', path, data: null, acl: OPEN_ACL } as const
      const { value } = await this.#session.call(() => commitRequest([operation], (absolute) => absolute), options)
      if (!value.committed && value.reason !== 'NODE_EXISTS') throw refused(`create ${path}`, value.reason)
    }
  }

  async close(): Promise<void> {
    await this.#session.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Answers `undefined` when the node's parts were read at instants between which they changed. */
  async #readOnce(path: string, options: ZooKeeperCallOptions): Promise<ZnodeReading | undefined> {
    const { value: access } = await this.#session.call((resolve) => getAclRequest(resolve(path)), options)
    const content = await this.#data.read(path, access.dataBytes, options)
    const { children, stat } =
      content.stat.childCount === 0
        ? { children: [], stat: content.stat }
        : (await this.#session.call((resolve) => getChildrenRequest(resolve(path)), options)).value
    const unchanged =
      access.stat.createdZxid === stat.createdZxid &&
      access.stat.aclVersion === stat.aclVersion &&
      content.stat.createdZxid === stat.createdZxid &&
      content.stat.version === stat.version
    return unchanged ? { data: content.data, acl: access.acl, children, stat } : undefined
  }
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof TransportError && error.reason === 'NO_NODE') return undefined
    throw error
  }
}

function refused(doing: string, reason: string, hint?: string): TransportError {
  return new TransportError(`ZooKeeper refused to ${doing}: ${reason}`, { system: 'zookeeper', reason, hint })
}

function tlsOption(tls: ConnectionOptions | undefined): ConnectionOptions | undefined {
  if (tls === undefined) return undefined
  if (typeof tls !== 'object' || tls === null) throw new TypeError('`tls` must be an object with options of node:tls')
  return { ...tls }
}

function authOption(auth: readonly ZooKeeperAuth[] | undefined): readonly ZooKeeperAuth[] {
  if (auth === undefined) return []
  if (!Array.isArray(auth)) throw new TypeError('`auth` must be an array of { scheme, credentials }')
  return auth.map(({ scheme, credentials }: ZooKeeperAuth) => {
    if (typeof credentials !== 'string' && !(credentials instanceof Uint8Array)) {
      throw new TypeError('`credentials` must be a string or a Uint8Array')
    }
    return { scheme: nameOption('scheme', scheme), credentials }
  })
}

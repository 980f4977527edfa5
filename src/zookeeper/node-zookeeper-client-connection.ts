import { Buffer } from 'node:buffer'
import type { ConnectionOptions } from 'node:tls'
import { TransportError } from '../errors.js'
import { type HardenedClient, hardenClient } from './node-zookeeper-client-hardening.js'
import {
  CLIENT_STATES,
  type ClientManager,
  type OutgoingRequest,
  type ZooKeeperClient,
} from './node-zookeeper-client-shape.js'
import { connectWithTls } from './node-zookeeper-client-tls.js'
import { errorName } from './protocol/error-names.js'
import { syncRequest, type ZooKeeperRequest } from './protocol/requests.js'
import { int, WireReader } from './protocol/wire.js'

const CLOSE_LIMIT_MS = 2_000

/** Credentials that are shown to the server before anything is asked. */
export interface ZooKeeperAuth {
  /** `digest`, or a scheme of the server's own. */
  readonly scheme: string
  /** What proves the identity: `user:password` for `digest`. */
  readonly credentials: string | Uint8Array
}

/** The content of an answer, and the zxid the server stood at. */
export interface Answer {
  readonly zxid: bigint
  readonly content: WireReader
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** One client and its session, from the first connect to its end. It never comes back once it is dead. */
export class ZooKeeperConnection {
  readonly #client: ZooKeeperClient
  readonly #manager: ClientManager
  readonly #hardened: HardenedClient
  readonly #outstanding = new Set<(error: Error) => void>()
  readonly #waiters = new Set<Waiter>()
  #state: 'connecting' | 'ready' | 'dead' = 'connecting'
  #caughtUp = false

  /** Takes a client that is not connected, and connects it. */
  constructor(
    client: ZooKeeperClient,
    { auth, tls }: { readonly auth: readonly ZooKeeperAuth[]; readonly tls: ConnectionOptions | undefined },
  ) {
    this.#client = client
    this.#manager = client.connectionManager
    this.#hardened = hardenClient(client.connectionManager)
    if (tls !== undefined) connectWithTls(client.connectionManager, tls)
    for (const { scheme, credentials } of auth) client.addAuthInfo(scheme, Buffer.from(credentials))
    client.on('connected', () => this.#onConnected())
    client.on('disconnected', () => this.#onDisconnected())
    client.on('expired', () => this.abandon(lostConnection('the ZooKeeper session has expired')))
    client.on('authenticationFailed', () => this.abandon(refusedCredentials()))
    client.connect()
  }

  /** Whether a new connection is needed. */
  get dead(): boolean {
    return this.#state === 'dead'
  }

  /** What last went wrong with a socket. */
  get socketError(): Error | undefined {
    return this.#hardened.socketError
  }

  /** Turns a path below the connection's root into the server's. */
  resolve(path: string): string {
    const chroot = this.#manager.chrootPath
    if (chroot === undefined) return path
    return path === '/' ? chroot : chroot + path
  }

  /** Whether requests can be sent. */
  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** Resolves when requests can be sent. */
  ready(): Promise<void> {
    if (this.#state === 'ready') return Promise.resolve()
    if (this.#state === 'dead') return Promise.reject(lostConnection('the connection to ZooKeeper has ended'))
    return new Promise((resolve, reject) => this.#waiters.add({ resolve, reject }))
  }

  /**
   * Sends a request. Nothing is kept for later: without a connection it rejects at once. A server that is behind the
   * transaction `since` must not tell how things are.
   */
  async send(request: ZooKeeperRequest<unknown>, since = 0n): Promise<Answer> {
    const message = await new Promise<Buffer>((resolve, reject) => {
      // The client would send it after the next connect, but ahead of the credentials.
      if (this.#manager.state !== CLIENT_STATES.connected) throw this.#lost()
      this.#gatherWrites()
      this.#outstanding.add(reject)
      this.#manager.queue(outgoing(request), (error, message) => {
        this.#outstanding.delete(reject)
        if (error || !Buffer.isBuffer(message)) reject(this.#lost())
        else resolve(message)
      })
    })
    const zxid = message.readBigInt64BE(8)
    if (request.repeatable && zxid >= 0n && zxid < since) {
      this.abandon(lostConnection('a server of ZooKeeper is behind what another one has told'))
      throw this.#lost()
    }
    return opened(request, message)
  }

  /** A write for each of many small requests would take most of the time, here and on the server. */
  #gatherWrites(): void {
    const { socket } = this.#manager
    if (socket === undefined || socket.writableCorked > 0) return
    socket.cork()
    process.nextTick(() => socket.uncork())
  }

  /** Ends the session where there is one. Nothing stays open. */
  async close(): Promise<void> {
    const { socket, state } = this.#manager
    if (this.#state !== 'dead' && state === CLIENT_STATES.connected && socket !== undefined) {
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, CLOSE_LIMIT_MS)
        socket.once('close', () => {
          clearTimeout(limit)
          resolve()
        })
        this.#client.close()
      })
    }
    this.abandon(lostConnection('the transport was closed'))
  }

  /** Gives the client up at once; everything that still waits is rejected with `error`. */
  abandon(error: Error = this.#lost()): void {
    if (this.#state === 'dead') return
    this.#state = 'dead'
    this.#hardened.abandon()
    this.#rejectOutstanding(error)
    for (const { reject } of this.#waiters) reject(error)
    this.#waiters.clear()
  }

  /**
   * A new session may meet a server that is behind what an earlier session has read: it must catch up before the first
   * question. Within one session ZooKeeper itself sees to that.
   */
  #onConnected(): void {
    if (this.#caughtUp) {
      this.#becomeReady()
      return
    }
    this.send(syncRequest(this.resolve('/'))).then(
      () => {
        this.#caughtUp = true
        this.#becomeReady()
      },
      (error: Error) => {
        if (!isConnectionLoss(error)) this.abandon(error)
      },
    )
  }

  #becomeReady(): void {
    if (this.#state === 'dead' || this.#manager.state !== CLIENT_STATES.connected) return
    this.#state = 'ready'
    for (const { resolve } of this.#waiters) resolve()
    this.#waiters.clear()
  }

  #onDisconnected(): void {
    if (this.#state === 'dead') return
    this.#state = 'connecting'
    // What was not sent yet would be sent after the reconnect, although its callers have been told of the loss.
    this.#manager.packetQueue.queue = []
    this.#rejectOutstanding(this.#lost())
  }

  #rejectOutstanding(error: Error): void {
    for (const reject of this.#outstanding) reject(error)
    this.#outstanding.clear()
  }

  #lost(): TransportError {
    return lostConnection('the connection to ZooKeeper was lost', this.socketError)
  }
}

/** Whether `error` says that a connection ended, so that the outcome of a request is unknown. */
export function isConnectionLoss(error: unknown): boolean {
  return error instanceof TransportError && error.reason === 'CONNECTION_LOSS'
}

function outgoing({ opcode, body }: ZooKeeperRequest<unknown>): OutgoingRequest {
  const header = { xid: 0, type: opcode }
  const bodyBytes = body.reduce((sum, piece) => sum + piece.length, 0)
  return {
    header,
    payload: null,
    toBuffer: () => Buffer.concat([int(8 + bodyBytes), int(header.xid), int(header.type), ...body]),
  }
}

/** Reads what comes before the content of an answer; throws when the server has refused. */
function opened({ doing }: ZooKeeperRequest<unknown>, message: Buffer): Answer {
  const content = new WireReader(message, 8)
  const zxid = content.long()
  const code = content.int()
  if (code === 0) return { zxid, content }
  throw refusal(doing, errorName(code))
}

/** Says what the server refused to do. */
export function refusal(doing: string, reason: string): TransportError {
  return new TransportError(`ZooKeeper refused to ${doing}: ${reason}`, {
    system: 'zookeeper',
    reason,
    hint: HINTS[reason],
  })
}

const HINTS: Readonly<Record<string, string>> = {
  NO_AUTH: 'give NodeZooKeeperTransport the `auth` of an identity that the ACL of the node admits',
  INVALID_ACL: 'the ACL names a scheme that this server does not know, or the connection has no proven identity',
  QUOTA_EXCEEDED: 'raise or remove the quota on this path, or one above it',
}

function lostConnection(message: string, cause?: Error): TransportError {
  return new TransportError(message, { system: 'zookeeper', reason: 'CONNECTION_LOSS', retryable: true, cause })
}

function refusedCredentials(): TransportError {
  return new TransportError('ZooKeeper refused the credentials', {
    system: 'zookeeper',
    reason: 'AUTH_FAILED',
    hint: 'the server must know the scheme of every entry of `auth`',
  })
}

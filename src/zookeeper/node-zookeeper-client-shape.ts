import type { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { UnsupportedClientError } from '../errors.js'

/** What the client sends: it asks a request only for its bytes, and numbers it. */
export interface OutgoingRequest {
  readonly header: { xid: number; readonly type: number }
  /** The client adds its chroot to a payload; a request that is bytes already has none. */
  readonly payload: null
  toBuffer(): Buffer
}

/** Told once what became of a request. */
type AnswerCallback = (error: unknown, answer?: unknown) => void

/** A server of the connection string. */
interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** The part of node-zookeeper-client 1.1's connection manager that is relied on. */
export interface ClientManager {
  state: number
  readonly chrootPath: string | undefined
  readonly servers: readonly ServerAddress[]
  socket?: Socket
  connectTimeoutHandler: NodeJS.Timeout | null
  /** In milliseconds, as agreed with the server once it is connected. */
  readonly sessionTimeout: number
  /** A server's share of the session's timeout, in milliseconds. */
  readonly connectTimeout: number
  readonly pendingQueue: { readonly request: OutgoingRequest; readonly callback: AnswerCallback }[]
  readonly packetQueue: { queue: unknown[] }
  pendingBuffer: Buffer | null
  /** Zxid of the last answer, as eight bytes: what a reconnect must not fall behind. */
  readonly zxid: Buffer
  queue(request: OutgoingRequest, callback: AnswerCallback): void
  connect(): void
  setState(state: number): void
  findNextServer(use: (server: ServerAddress) => void): void
  onSocketConnected(): void
  onSocketConnectTimeout(): void
  onSocketDrain(): void
  onSocketData(chunk: Buffer): void
  onSocketError(error: Error): void
  onSocketClosed(hadError: boolean): void
}

/** The part of node-zookeeper-client 1.1's client that is relied on. */
export interface ZooKeeperClient {
  readonly connectionManager: ClientManager
  connect(): void
  close(): void
  addAuthInfo(scheme: string, credentials: Buffer): void
  on(event: 'connected' | 'disconnected' | 'expired' | 'authenticationFailed', listener: () => void): unknown
}

/** States of the connection manager. */
export const CLIENT_STATES = { disconnected: 0, connecting: 1, connected: 2, closing: -1 } as const

const CLIENT_METHODS = ['connect', 'close', 'addAuthInfo', 'on']
const MANAGER_METHODS = [
  'queue',
  'connect',
  'setState',
  'findNextServer',
  'onSocketConnected',
  'onSocketConnectTimeout',
  'onSocketDrain',
  'onSocketData',
  'onSocketError',
  'onSocketClosed',
]
const MANAGER_FIELDS = [
  'state',
  'servers',
  'pendingQueue',
  'packetQueue',
  'pendingBuffer',
  'zxid',
  'connectTimeoutHandler',
  'sessionTimeout',
  'connectTimeout',
]

/**
 * Returns what the factory made, after checking that it is a new client of the known shape.
 *
 * @throws {@link UnsupportedClientError} when it is not.
 */
export function checkedClient(client: unknown): ZooKeeperClient {
  if (!isClient(client)) {
    throw new UnsupportedClientError('`connect` did not return a client of node-zookeeper-client 1.1', {
      hint: "connect: () => createClient('localhost:2181'), with createClient of node-zookeeper-client 1.1",
    })
  }
  if (client.connectionManager.state !== CLIENT_STATES.disconnected) {
    throw new UnsupportedClientError('`connect` returned a client that was used before', {
      hint: 'let it make a new client each time, and do not call connect() on it: the transport does that',
    })
  }
  return client
}

function isClient(client: unknown): client is ZooKeeperClient {
  if (!hasMethods(client, CLIENT_METHODS) || !('connectionManager' in client)) return false
  const manager = client.connectionManager
  return hasMethods(manager, MANAGER_METHODS) && MANAGER_FIELDS.every((field) => field in manager)
}

function hasMethods(value: unknown, methods: readonly string[]): value is object {
  if (typeof value !== 'object' || value === null) return false
  return methods.every((method) => typeof Reflect.get(value, method) === 'function')
}

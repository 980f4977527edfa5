import type { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { TransportError } from '../errors.js'
import { CLIENT_STATES, type ClientManager } from './node-zookeeper-client-shape.js'
import { FrameCutter } from './protocol/frames.js'

/** What the outside may ask of a hardened client. */
export interface HardenedClient {
  /** What last went wrong with a socket, which the client keeps to itself. */
  readonly socketError: Error | undefined
  /** Stops the client in whatever state it is: no reconnect, no timer, no socket is left. */
  abandon(): void
}

/**
 * Takes over the part of one client that ends the process or hangs when an answer is not as it expects: unknown error
 * codes, ACLs without a permission, answers cut off by a lost connection. The client keeps its session, its pings and
 * its reconnects; answers to requests go to their callbacks as undecoded messages.
 *
 * Only this instance is changed, and only before it connects: it binds its own methods to each new socket.
 */
export function hardenClient(manager: ClientManager): HardenedClient {
  const original = {
    connected: manager.onSocketConnected,
    data: manager.onSocketData,
    error: manager.onSocketError,
    closed: manager.onSocketClosed,
    findNextServer: manager.findNextServer,
  }
  const received = new ReceivedMessages(manager, (message) => {
    // Left-overs of an earlier connection would be put in front of this message.
    manager.pendingBuffer = null
    original.data.call(manager, message)
  })
  const silence = new SilenceLimit(manager)
  let abandoned = false
  let socketError: Error | undefined
  let greeted: Socket | undefined
  manager.onSocketConnected = () => {
    greeted = manager.socket
    original.connected.call(manager)
    silence.begin()
  }
  manager.onSocketData = (chunk) => {
    if (abandoned) return
    received.push(chunk)
    silence.begin()
  }
  manager.onSocketClosed = (hadError) => {
    silence.end()
    const isGreeting = manager.state === CLIENT_STATES.connecting && manager.socket === greeted
    if (isGreeting && !hadError) socketError = refusedSession()
    original.closed.call(manager, hadError)
  }
  manager.onSocketError = (error) => {
    socketError = error
    original.error.call(manager, error)
  }
  manager.findNextServer = (use) => {
    original.findNextServer.call(manager, (server) => {
      if (!abandoned) use(server)
    })
  }
  return {
    get socketError() {
      return socketError
    },
    abandon() {
      abandoned = true
      manager.state = CLIENT_STATES.closing
      clearTimeout(manager.connectTimeoutHandler ?? undefined)
      silence.end()
      manager.socket?.destroy()
    },
  }
}

/** A server that will not have a session says nothing of why, and ends the connection. */
function refusedSession(): TransportError {
  return new TransportError('a server of ZooKeeper ended the connection before there was a session', {
    system: 'zookeeper',
    reason: 'CONNECTION_LOSS',
    retryable: true,
    hint: 'its ensemble may have lost its quorum, or it wants TLS, a certificate (`tls`) or fewer connections: its log tells',
  })
}

/**
 * Ends a connection whose server says nothing, so that the client goes on to the next server or tries again. The
 * client itself waits for ever, for the answer to its handshake too. The limits are those of ZooKeeper's Java client:
 * two thirds of the session's timeout, as pings go out after one third, and during the handshake no more than each
 * server's share of it.
 */
class SilenceLimit {
  readonly #manager: ClientManager
  #timer: NodeJS.Timeout | undefined

  constructor(manager: ClientManager) {
    this.#manager = manager
  }

  /** The server has been heard just now. */
  begin(): void {
    this.end()
    const { socket, state, sessionTimeout, connectTimeout } = this.#manager
    const shareMs = state === CLIENT_STATES.connecting ? connectTimeout : sessionTimeout
    const limitMs = Math.floor(Math.min((sessionTimeout * 2) / 3, shareMs))
    this.#timer = setTimeout(() => socket?.destroy(new Error(`ZooKeeper said nothing for ${limitMs} ms`)), limitMs)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

/** Cuts what arrives into messages and hands each to its request or to the client. */
class ReceivedMessages {
  readonly #manager: ClientManager
  readonly #toClient: (message: Buffer) => void
  #socket: Socket | undefined
  #frames = new FrameCutter()

  constructor(manager: ClientManager, toClient: (message: Buffer) => void) {
    this.#manager = manager
    this.#toClient = toClient
  }

  push(chunk: Buffer): void {
    if (this.#manager.socket !== this.#socket) {
      this.#socket = this.#manager.socket
      this.#frames = new FrameCutter()
    }
    try {
      for (const message of this.#frames.push(chunk)) this.#deliver(message)
    } catch (error) {
      // Not ZooKeeper's protocol: nothing that follows can be understood. The client connects anew.
      this.#socket?.destroy(error instanceof Error ? error : undefined)
    }
  }

  /** A message is: length, number of the request (negative where it is not one of ours), zxid, error code, content. */
  #deliver(message: Buffer): void {
    const manager = this.#manager
    if (manager.state === CLIENT_STATES.connecting || message.readInt32BE(4) < 0) {
      this.#toClient(message)
      return
    }
    const [packet] = manager.pendingQueue
    if (packet?.request.header.xid !== message.readInt32BE(4)) throw new RangeError('an answer out of order')
    manager.pendingQueue.shift()
    message.copy(manager.zxid, 0, 8, 16)
    packet.callback(null, message)
  }
}

import type { ConnectionOptions } from 'node:tls'
import { TransportError } from '../errors.js'
import { abortable } from '../internal/abort.js'
import { DeadlinePassedError, Deadlines } from '../internal/deadline.js'
import { isConnectionLoss, type ZooKeeperAuth, ZooKeeperConnection } from './node-zookeeper-client-connection.js'
import { checkedClient } from './node-zookeeper-client-shape.js'
import type { Resolve, ZooKeeperRequest } from './protocol/requests.js'
import type { WireReader } from './protocol/wire.js'
import type { ZooKeeperCallOptions } from './transport.js'

/** The largest packet that a server accepts unless its `jute.maxbuffer` says otherwise. */
const USUAL_PACKET_BYTES = 1_048_575

/** What a request was answered, and the zxid the server stood at. */
export interface Answered<T> {
  readonly zxid: bigint
  readonly value: T
}

interface SessionOptions {
  readonly connect: () => object
  readonly auth: readonly ZooKeeperAuth[]
  readonly tls: ConnectionOptions | undefined
  readonly timeoutMs: number
}

/** Asks and answers across lost connections and expired sessions, each call within its deadline. */
export class ZooKeeperSession {
  readonly #options: SessionOptions
  readonly #deadlines: Deadlines
  #current: ZooKeeperConnection | undefined
  #closed = false
  /** The newest transaction that any answer has told of. */
  #zxid = 0n

  constructor(options: SessionOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.timeoutMs)
  }

  /** Turns a path below the connection's root into the server's. */
  resolve(path: string): string {
    return this.#connection().resolve(path)
  }

  /** Sends what `make` makes, again after a lost connection where that is harmless, and answers what it answers. */
  async call<T>(
    make: (resolve: Resolve) => ZooKeeperRequest<T>,
    { signal }: ZooKeeperCallOptions,
  ): Promise<Answered<T>> {
    signal?.throwIfAborted()
    return abortable(this.#answerTo(make), signal)
  }

  /** Ends the session. */
  async close(): Promise<void> {
    this.#closed = true
    const connection = this.#current
    this.#current = undefined
    await connection?.close()
  }

  async #answerTo<T>(make: (resolve: Resolve) => ZooKeeperRequest<T>): Promise<Answered<T>> {
    const deadline = this.#deadlines.next()
    for (;;) {
      const connection = this.#connection()
      const request = make((path) => connection.resolve(path))
      let sent = false
      try {
        if (!connection.isReady) await deadline.wait(connection.ready())
        sent = true
        const { zxid, content } = await deadline.wait(connection.send(request, this.#zxid))
        if (zxid > this.#zxid) this.#zxid = zxid
        return { zxid, value: decoded(request, content) }
      } catch (error) {
        if (error instanceof DeadlinePassedError) throw this.#giveUp(connection, request, sent)
        if (!isConnectionLoss(error)) throw error
        if (sent && !request.repeatable) throw unknownOutcome(request, error)
      }
    }
  }

  /** A connection that did not answer in time is of no use to anybody else either. */
  #giveUp(connection: ZooKeeperConnection, { doing }: ZooKeeperRequest<unknown>, sent: boolean): TransportError {
    const limit = `within ${this.#options.timeoutMs} ms`
    const cause = connection.socketError
    const hint = sent || !(cause instanceof TransportError) ? undefined : cause.hint
    connection.abandon()
    return new TransportError(sent ? `ZooKeeper did not ${doing} ${limit}` : `no connection to ZooKeeper ${limit}`, {
      system: 'zookeeper',
      reason: 'OPERATION_TIMEOUT',
      retryable: true,
      cause,
      hint: hint ?? 'check that the servers of the connection string run and can be reached, or raise `timeoutMs`',
    })
  }

  #connection(): ZooKeeperConnection {
    if (this.#closed) throw new TransportError('the ZooKeeper transport is closed', { system: 'zookeeper' })
    if (this.#current === undefined || this.#current.dead) {
      this.#current = new ZooKeeperConnection(checkedClient(this.#options.connect()), this.#options)
    }
    return this.#current
  }
}

function decoded<T>({ doing, decode }: ZooKeeperRequest<T>, content: WireReader): T {
  try {
    return decode(content)
  } catch (cause) {
    throw new TransportError(`ZooKeeper's answer to ${doing} cannot be read`, { system: 'zookeeper', cause })
  }
}

function unknownOutcome({ doing, body }: ZooKeeperRequest<unknown>, cause: unknown): TransportError {
  const sizeBytes = body.reduce((sum, piece) => sum + piece.length, 0)
  return new TransportError(`the connection to ZooKeeper was lost before it was told to ${doing}`, {
    system: 'zookeeper',
    reason: 'CONNECTION_LOSS',
    retryable: true,
    cause,
    hint:
      sizeBytes < USUAL_PACKET_BYTES - 64
        ? undefined
        : `the request has ${sizeBytes} bytes: the server's jute.maxbuffer (usually ${USUAL_PACKET_BYTES}) must be larger`,
  })
}

import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { AnswerReceiver } from './answer-receiver.js'
import type { Connection, SocketFactory, SocketOptions } from './kafkajs-cluster.js'

/** A connection of kafkajs, as far as it is needed to take its answers. */
export interface AnsweredConnection extends Pick<Connection, 'socketFactory'> {
  readonly requestQueue: Pick<Connection['requestQueue'], 'fulfillRequest'>
}

/** The same as for kafkajs's own sockets. */
const KEEP_ALIVE_DELAY_MS = 60_000

/** What the text of kafkajs's factory consists of. */
const OF_KAFKAJS = ['tls.connect(', 'net.connect({ host, port }, onConnect)', 'setKeepAlive(true, KEEP_ALIVE_DELAY)']

/** The memory that was lent for answers that are awaited on a connection, by the correlation ids of their requests. */
const lent = new WeakMap<AnsweredConnection, Map<number, Buffer>>()

/**
 * Makes a connection, which must not be open yet, read its answers straight to where they are wanted. It must be one on
 * which nothing but requests of the Kafka protocol is sent.
 *
 * A host's own socket factory may do anything, such as going through a proxy: its sockets are left as they are.
 */
export function receiveInPlace(connection: AnsweredConnection): void {
  if (lent.has(connection) || !isOfKafkaJs(connection.socketFactory)) return
  lent.set(connection, new Map())
  connection.socketFactory = (options) => openSocket(connection, options)
}

/**
 * Lends memory for the answer to the request `correlationId`. It is used where the answer fits and
 * {@link receiveInPlace} could be done.
 */
export function lendMemory(connection: AnsweredConnection, correlationId: number, memory: Buffer): void {
  lent.get(connection)?.set(correlationId, memory)
}

/** What kafkajs's own factory does, except that the socket asks where to read to, and never has `data` itself. */
function openSocket(connection: AnsweredConnection, { host, port, ssl, onConnect }: SocketOptions): Socket {
  // Answers to what was asked on the socket before will not come any more.
  const memory = new Map<number, Buffer>()
  lent.set(connection, memory)
  const receiver = new AnswerReceiver({
    memoryFor(correlationId) {
      const buffer = memory.get(correlationId)
      memory.delete(correlationId)
      return buffer
    },
    onAnswer: (answer) => connection.requestQueue.fulfillRequest(answer),
  })
  const onread = {
    buffer: () => receiver.space(),
    callback(bytes: number) {
      try {
        receiver.received(bytes)
        return true
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)))
        return false
      }
    },
  }
  const plain = { host, port, onread }
  const secure = { ...plain, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }
  const socket = ssl ? connectTls(secure, onConnect) : connect(plain, onConnect)
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS)
  return socket
}

/**
 * Whether a factory is kafkajs's own, so that it is known what it does. It is a closure without a name, and another one
 * for each `Kafka`, but its text is the same. A bundler that has changed it costs speed, and nothing else.
 */
function isOfKafkaJs(factory: SocketFactory): boolean {
  const text = String(factory)
  return OF_KAFKAJS.every((part) => text.includes(part))
}

import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { TransportError } from 'kafkeep'
import { expect, it, onTestFinished } from 'vitest'
import type { ReceivedAnswer } from '../../../src/kafka/answer-receiver.js'
import type { SocketFactory, SocketOptions } from '../../../src/kafka/kafkajs-cluster.js'
import { type AnsweredConnection, lendMemory, receiveInPlace } from '../../../src/kafka/kafkajs-sockets.js'

/** kafkajs's own factory of factories. */
const kafkaJsSockets: () => SocketFactory = createRequire(import.meta.url)('kafkajs/src/network/socketFactory.js')

/** The port of a server that sends `bytes` to everybody and says no more. */
function serverOf(bytes: Buffer): Promise<number> {
  return portOf(createServer((socket) => socket.end(bytes)))
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

/** A connection as kafkajs makes it, and the answers that it was given. */
function newConnection(socketFactory = kafkaJsSockets()) {
  const answers: ReceivedAnswer[] = []
  const requestQueue = { fulfillRequest: (answer: ReceivedAnswer) => void answers.push(answer) }
  const connection: AnsweredConnection = { socketFactory, requestQueue }
  return { connection, answers }
}

function open({ socketFactory }: AnsweredConnection, port: number, { host, ssl }: Partial<SocketOptions> = {}) {
  const socket = socketFactory({ host: host ?? '127.0.0.1', port, ssl, onConnect: () => {} })
  // As kafkajs does: this is what makes a socket read.
  socket.on('data', () => {
    throw new Error('a socket that reads in place has no data')
  })
  return socket
}

it('a socket hands over answers that it reads into lent memory, and ends as every socket', async () => {
  const { connection, answers } = newConnection()
  receiveInPlace(connection)
  const socket = open(connection, await serverOf(Buffer.from([0, 0, 0, 7, 0, 0, 0, 5, 1, 2, 3])))
  const memory = Buffer.alloc(3)
  lendMemory(connection, 5, memory)
  await once(socket, 'end')
  expect(answers).toEqual([{ correlationId: 5, size: 7, payload: Buffer.from([1, 2, 3]) }])
  expect(memory).toEqual(Buffer.from([1, 2, 3]))
})

it('a socket that speaks TLS does so too, and asks for the host that it was told to connect to', async () => {
  // A key that both know does without certificates.
  const psk = Buffer.alloc(16, 7)
  const ciphers = 'PSK'
  const asked: unknown[] = []
  const server = createTlsServer({ ciphers, pskCallback: () => psk }, (socket) => {
    asked.push(socket.servername)
    socket.end(Buffer.from([0, 0, 0, 7, 0, 0, 0, 5, 1, 2, 3]))
  })
  const port = await portOf(server)
  const ssl = { ciphers, pskCallback: () => ({ psk, identity: 'test' }), checkServerIdentity: () => undefined }
  for (const options of [{ host: 'localhost' }, { host: '127.0.0.1' }, { host: 'localhost', servername: 'other' }]) {
    const { connection, answers } = newConnection()
    receiveInPlace(connection)
    const socket = open(connection, port, { host: options.host, ssl: { ...ssl, ...options } })
    const memory = Buffer.alloc(3)
    lendMemory(connection, 5, memory)
    await once(socket, 'end')
    expect(answers).toHaveLength(1)
    expect(memory).toEqual(Buffer.from([1, 2, 3]))
  }
  expect(asked).toEqual(['localhost', false, 'other'])
})

it('a socket that is sent something else than answers ends with an error that says so', async () => {
  const { connection, answers } = newConnection()
  receiveInPlace(connection)
  const socket = open(
    connection,
    await serverOf(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.replace('HTTP', '\xff\xff\xff\xff'), 'latin1')),
  )
  const [error] = await once(socket, 'error')
  expect(error).toBeInstanceOf(TransportError)
  expect(error.message).toContain('no answer')
  expect(answers).toEqual([])
})

it('memory that was lent for answers on a socket that is gone is not used for those on the next one', async () => {
  const { connection, answers } = newConnection()
  receiveInPlace(connection)
  const memory = Buffer.alloc(3)
  await once(open(connection, await serverOf(Buffer.alloc(0))), 'end')
  lendMemory(connection, 5, memory)
  await once(open(connection, await serverOf(Buffer.from([0, 0, 0, 7, 0, 0, 0, 5, 1, 2, 3]))), 'end')
  expect(answers).toHaveLength(1)
  expect(memory).toEqual(Buffer.alloc(3))
})

it('a socket factory of the host is left alone', () => {
  const own: SocketFactory = () => {
    throw new Error('not called')
  }
  const { connection } = newConnection(own)
  receiveInPlace(connection)
  expect(connection.socketFactory).toBe(own)
})

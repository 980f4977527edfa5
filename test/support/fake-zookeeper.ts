import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server on a free port that does with each connection what the test says. */
export async function fakeServer(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `127.0.0.1:${address.port}`
}

/** Answers every message of a client with what `answer` makes of its number; the handshake is answered for it. */
export function answering(
  answer: (xid: number, opcode: number) => Buffer | undefined,
  greeting = GREETING,
): (socket: Socket) => void {
  return (socket) => {
    let received = Buffer.alloc(0)
    let greeted = false
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE()) {
        const message = received.subarray(4, 4 + received.readInt32BE())
        received = received.subarray(4 + message.length)
        if (greeted && message.readInt32BE(4) === CLOSE) socket.end()
        const reply = greeted ? answer(message.readInt32BE(), message.readInt32BE(4)) : greeting
        greeted = true
        if (reply !== undefined) socket.write(reply)
      }
    })
  }
}

/** Number of the request that every connection begins with. */
export const SYNC = 9
const CLOSE = -11
/** What a server says first. */
export const GREETING = handshake({ sessionTimeoutMs: 10_000 })
/** What a server says first that has forgotten the session. */
export const SESSION_EXPIRED = handshake({ sessionTimeoutMs: 0 })

/** What a server says first. */
export function handshake({ sessionTimeoutMs }: { readonly sessionTimeoutMs: number }): Buffer {
  return framed(Buffer.concat([ints(0, sessionTimeoutMs), Buffer.alloc(8, 1), ints(16), Buffer.alloc(16)]))
}

/** 32-bit numbers. */
export function ints(...values: number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) buffer.writeInt32BE(value, 4 * index)
  return buffer
}

function framed(message: Buffer): Buffer {
  return Buffer.concat([ints(message.length), message])
}

/** An answer to request `xid`, of a server that stands at transaction `zxid`. */
export function answerOf(xid: number, error: number, content: Buffer = Buffer.alloc(0), zxid = 7): Buffer {
  return framed(Buffer.concat([ints(xid, 0, zxid, error), content]))
}

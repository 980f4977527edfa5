import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** The only address that services listen on. */
export const LOOPBACK = '127.0.0.1'

// Below the ports that systems hand out to outgoing connections (32768 and up on Linux, 49152 on macOS). A client that
// reconnects to a server which is just down could otherwise be given that very port, and keep the server from it.
const FIRST_PORT = 20_000
const LAST_PORT = 32_000
const ATTEMPTS = 100

const handedOut = new Set<number>()

/** Returns a loopback port that nobody listens on, and never the same one twice in this process. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT)
    if (handedOut.has(port) || !(await isFree(port))) continue
    handedOut.add(port)
    return port
  }
  throw new Error(`found no free port from ${FIRST_PORT} to ${LAST_PORT} on ${LOOPBACK} in ${ATTEMPTS} attempts`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, LOOPBACK)
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** Throws while nobody listens on a loopback port. */
export async function expectListening(port: number): Promise<void> {
  const socket = connect(port, LOOPBACK)
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

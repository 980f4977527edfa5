import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

const LIMIT_MS = 2_000

/**
 * Sends one of ZooKeeper's four letter words, such as `srvr`, and returns the answer.
 *
 * @param server - `host:port`; a path after it is ignored.
 */
export async function fourLetterWord(server: string, word: 'srvr' | 'dump'): Promise<string> {
  const { hostname, port } = new URL(`tcp://${server}`)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`${server} did not answer \`${word}\` in ${LIMIT_MS} ms`)))
  try {
    socket.write(word)
    return await text(socket)
  } finally {
    socket.destroy()
  }
}

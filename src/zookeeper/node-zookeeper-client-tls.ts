import { isIP } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { CLIENT_STATES, type ClientManager } from './node-zookeeper-client-shape.js'

/**
 * Lets one client, which knows plain connections only, speak TLS. The name that the connection string gives a server must
 * be in the server's certificate, as `node:tls` checks it.
 */
export function connectWithTls(manager: ClientManager, options: ConnectionOptions): void {
  manager.connect = () => {
    manager.setState(CLIENT_STATES.connecting)
    manager.findNextServer(({ host, port }) => {
      const servername = isIP(host) === 0 ? { servername: host } : {}
      const socket = connect({ ...servername, ...options, host, port })
      manager.socket = socket
      manager.connectTimeoutHandler = setTimeout(() => manager.onSocketConnectTimeout(), manager.connectTimeout)
      socket.setNoDelay()
      socket.on('secureConnect', () => manager.onSocketConnected())
      socket.on('data', (chunk) => manager.onSocketData(chunk))
      socket.on('drain', () => manager.onSocketDrain())
      socket.on('close', (hadError) => manager.onSocketClosed(hadError))
      socket.on('error', (error) => manager.onSocketError(error))
    })
  }
}

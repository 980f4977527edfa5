import { TransportError } from '../errors.js'
import type { ZnodeReading, ZooKeeperCallOptions, ZooKeeperTransport } from '../zookeeper/transport.js'

/** A node of the target: what it holds, `undefined` when it does not exist, or that it may not be read. */
export type LiveNode = ZnodeReading | 'unreadable' | undefined

/** Reads a node, or finds out that it may not be read. */
export async function readLive(
  zookeeper: ZooKeeperTransport,
  path: string,
  options: ZooKeeperCallOptions,
): Promise<LiveNode> {
  try {
    return await zookeeper.read(path, options)
  } catch (error) {
    if (error instanceof TransportError && error.reason === 'NO_AUTH') return 'unreadable'
    throw error
  }
}

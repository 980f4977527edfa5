import { childOf } from '../zookeeper/path.js'
import type { ZooKeeperCallOptions, ZooKeeperTransport } from '../zookeeper/transport.js'
import type { PlannedNode, ZnodeChange } from './decide.js'
import { type LiveNode, readLive } from './live-node.js'

/** Nodes that are read at once. */
const CONCURRENCY = 100

/** A node that may go: nobody's session owns it. */
interface Extra {
  readonly path: string
  readonly version: number
  /** Children that stay, as far as is known; it cannot go before all of them have gone. */
  left: number
  readonly parent: Extra | undefined
}

/**
 * Plans to delete the nodes at `tops` with everything below them, children before their parents. What belongs to a
 * session or may not be read stays, and so does what is above a node that stays.
 */
export async function* planDeletions(
  zookeeper: ZooKeeperTransport,
  tops: readonly string[],
  options: ZooKeeperCallOptions,
): AsyncGenerator<PlannedNode, void, void> {
  const extras: Extra[] = []
  yield* findExtras(zookeeper, tops, { ...options, extras })
  // Every node was found after the one above it.
  for (const { path, version, left, parent } of extras.reverse()) {
    if (left > 0) {
      yield kept(path, 'nodes below it stay')
      continue
    }
    if (parent !== undefined) parent.left -= 1
    const change: ZnodeChange = { path, action: 'delete', why: 'the snapshot does not hold it' }
    yield { path, changes: [change], operation: { type: 'delete', path, version }, behind: 0 }
  }
}

/** Adds what may go to `extras`, parents before their children, and yields what stays. */
async function* findExtras(
  zookeeper: ZooKeeperTransport,
  tops: readonly string[],
  { extras, ...options }: ZooKeeperCallOptions & { readonly extras: Extra[] },
): AsyncGenerator<PlannedNode, void, void> {
  const queue: { readonly path: string; readonly parent?: Extra }[] = tops.map((path) => ({ path }))
  while (queue.length > 0) {
    const wave = queue.splice(-CONCURRENCY)
    const live = await Promise.all(wave.map(({ path }) => readLive(zookeeper, path, options)))
    for (const [index, { path, parent }] of wave.entries()) {
      const reading = live[index]
      const why = whyKept(reading)
      if (why !== undefined) yield kept(path, why)
      if (typeof reading === 'object' && why === undefined) {
        const extra = { path, version: reading.stat.version, left: reading.children.length, parent }
        extras.push(extra)
        for (const name of reading.children) queue.push({ path: childOf(path, name), parent: extra })
      }
      // It has gone by itself.
      if (reading === undefined && parent !== undefined) parent.left -= 1
    }
  }
}

function whyKept(live: LiveNode): string | undefined {
  if (live === undefined) return undefined
  if (live === 'unreadable') return 'it may not be read'
  return live.stat.ephemeralOwner === 0n ? undefined : 'a live session owns it'
}

function kept(path: string, why: string): PlannedNode {
  return { path, changes: [{ path, action: 'keep', why }], behind: 0 }
}

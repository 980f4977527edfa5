import type { SnapshotHeader } from '../archive/znode-snapshot-header.js'
import { childOf, isWithin, parentOf } from '../zookeeper/path.js'
import { matchesPath } from '../zookeeper/path-filter.js'
import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import type { Znode } from '../zookeeper/znode.js'
import { decide, type PlannedNode, unwritten } from './decide.js'
import { type LiveNode, readLive } from './live-node.js'
import { planDeletions } from './plan-deletions.js'
import type { CheckedRestoreOptions } from './restore-options.js'
import { SERVER_NODES, type Selection } from './select.js'

/** Nodes that are compared with the live tree at once. */
const CONCURRENCY = 200

/** A snapshot, and what of it is to be restored. */
export interface RestoreSource {
  readonly header: SnapshotHeader
  readonly selection: Selection
}

/**
 * Compares a snapshot with the live tree and decides about every node: first the nodes of the snapshot, parents before
 * their children, then what is to be deleted, children before their parents.
 */
export async function* planRestore(
  zookeeper: ZooKeeperTransport,
  source: RestoreSource,
  options: CheckedRestoreOptions,
): AsyncGenerator<PlannedNode, void, void> {
  const planner = new Planner(source, options)
  const { nodes } = source.selection
  for (let start = 0; start < nodes.length; start += CONCURRENCY) {
    const wave = nodes.slice(start, start + CONCURRENCY)
    const live = await Promise.all(
      wave.map(({ path }) =>
        planner.mayExist(path) ? readLive(zookeeper, path, { signal: options.signal }) : undefined,
      ),
    )
    for (const [index, node] of wave.entries()) {
      const planned = planner.plan(node, live[index])
      if (planned !== undefined) yield planned
    }
  }
  if (!options.deleteExtra) return
  yield* planDeletions(zookeeper, planner.extras, {
    inScope: (path) => planner.isExtra(path),
    concurrency: CONCURRENCY,
    signal: options.signal,
  })
}

class Planner {
  readonly #source: RestoreSource
  readonly #options: CheckedRestoreOptions
  /** What is there, or is going to be. */
  readonly #present = new Set<string | undefined>([undefined])
  /** What was looked for and is not there. */
  readonly #absent = new Set<string | undefined>()
  /** Live nodes at the top of what the snapshot does not hold. */
  readonly extras: string[] = []

  constructor(source: RestoreSource, options: CheckedRestoreOptions) {
    this.#source = source
    this.#options = options
  }

  /** Below a node that is not there nothing needs to be looked for: an empty target costs few reads. */
  mayExist(path: string): boolean {
    return !this.#absent.has(parentOf(path))
  }

  /** Nodes come parents first. Nothing is planned for a node above the wanted ones that exists. */
  plan(node: Znode, live: LiveNode): PlannedNode | undefined {
    const { path } = node
    const { selection } = this.#source
    const source = { node, children: selection.childrenOf.get(path) ?? [] }
    if (live === undefined) this.#absent.add(path)
    else this.#present.add(path)
    if (live === undefined && !this.#present.has(parentOf(path))) {
      return unwritten(source, 'skip', 'the node above it is neither there nor restored')
    }
    if (live !== undefined && !selection.isWanted(path)) return undefined
    const planned = decide(source, live, this.#options)
    if (planned.operation !== undefined) this.#present.add(path)
    if (live === undefined || live === 'unreadable' || !this.#options.deleteExtra) return planned
    for (const name of live.children) {
      const child = childOf(path, name)
      if (this.isExtra(child)) this.extras.push(child)
    }
    return planned
  }

  /** Whether the snapshot would hold `path` if it had existed, and the caller wants it as it was. */
  isExtra(path: string): boolean {
    const { header, selection } = this.#source
    return (
      !selection.known.has(path) &&
      selection.isWanted(path) &&
      !isWithin(path, SERVER_NODES) &&
      header.roots.some((root) => isWithin(path, root)) &&
      !matchesPath(header.exclude, path) &&
      !header.unreadable.some((unreadable) => isWithin(path, unreadable))
    )
  }
}

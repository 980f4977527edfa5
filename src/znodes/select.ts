import type { SnapshotHeader } from '../archive/znode-snapshot-header.js'
import { isWithin } from '../zookeeper/path.js'
import { matchesPath } from '../zookeeper/path-filter.js'
import type { CheckedRestoreOptions } from './restore-options.js'
import { mayLackParentOf, outsideOf } from './snapshot-scope.js'

/** The server's own nodes: it makes them itself, and refuses most writes to them. */
const SERVER_NODES = '/zookeeper'
/** The part of them that people write: limits of how much may be stored below a path. */
export const QUOTAS = '/zookeeper/quota'

type SelectionOptions = Pick<CheckedRestoreOptions, 'paths' | 'exclude' | 'remap'>

/** What of a snapshot is to be restored, and where. */
export class Selection {
  readonly #options: SelectionOptions
  readonly #header: SnapshotHeader
  /** The uppermost places of the target that something is restored to. */
  readonly #tops: readonly string[]

  constructor(options: SelectionOptions, header: SnapshotHeader) {
    this.#options = options
    this.#header = header
    const { paths, remap } = options
    const moved = remap.sources.filter((from) => paths.some((path) => isWithin(from, path)))
    this.#tops = [...paths, ...moved].map((path) => remap.targetOf(path))
  }

  /** Whether a node was asked for itself, and not only because it is above one that was. */
  isWanted(path: string): boolean {
    const { paths, exclude } = this.#options
    return paths.some((top) => isWithin(path, top)) && !matchesPath(exclude, path)
  }

  /** Whether a node of the snapshot has to do with the restore; quotas, which come last, are left out. */
  includes(path: string): boolean {
    if (isWithin(path, SERVER_NODES)) return false
    if (this.isWanted(path)) return true
    const target = this.#options.remap.targetOf(path)
    return this.#tops.some((top) => top !== target && isWithin(top, target))
  }

  /** Whether a node of the snapshot is a quota, or belongs to one, and is wanted. */
  includesQuota(path: string): boolean {
    return isWithin(path, QUOTAS) && path !== QUOTAS && this.isWanted(path)
  }

  /** Where the node that was at `path` is to be. */
  targetOf(path: string): string {
    return this.#options.remap.targetOf(path)
  }

  /** The nodes above those places that `remap` moves something wanted to, parents first. */
  get landings(): readonly string[] {
    const { remap } = this.#options
    return remap.above.filter((above) => this.#tops.some((top) => top !== above && isWithin(top, above)))
  }

  /** The new place of others that the node at `path` would get in the way of. */
  collisionOf(path: string): string | undefined {
    return this.#options.remap.collisionOf(path)
  }

  /**
   * Whether a node of the target that no node of the snapshot is restored to would be in the snapshot if it had existed,
   * and is where the caller wants everything as it was.
   */
  isExtra(target: string): boolean {
    const path = this.#options.remap.sourceOf(target)
    if (path === undefined || !this.isWanted(path) || isWithin(target, SERVER_NODES)) return false
    return outsideOf(this.#header, path) === undefined
  }

  /** Whether a snapshot that does not hold the node above `path` may hold `path` all the same. */
  mayLackParentOf(path: string): boolean {
    return mayLackParentOf(path, this.#header.unreadable)
  }
}

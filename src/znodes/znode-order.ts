import type { SnapshotHeader } from '../archive/znode-snapshot-header.js'
import { byPath, parentOf } from '../zookeeper/path.js'
import { OpenNodes } from './open-nodes.js'
import { mayLackParentOf } from './snapshot-scope.js'

/** Checks that the nodes of a snapshot come sorted by path and each below its parent, without keeping them. */
export class ZnodeOrder {
  readonly #unreadable: readonly string[]
  readonly #open = new OpenNodes<string>()
  #last: string | undefined

  constructor({ unreadable }: Pick<SnapshotHeader, 'unreadable'>) {
    this.#unreadable = unreadable
  }

  /** What is wrong with a node at `path` as the next one, if anything. */
  problemOf(path: string): string | undefined {
    const last = this.#last
    if (last !== undefined && byPath({ path: last }, { path }) >= 0) return `${path} comes after ${last}`
    this.#last = path
    for (const _ of this.#open.closeBefore(path));
    const parent = parentOf(path)
    const isPlaced =
      parent === undefined || this.#open.parentOf(path) !== undefined || mayLackParentOf(path, this.#unreadable)
    this.#open.open(path, path)
    return isPlaced ? undefined : `${path} comes without ${parent}`
  }
}

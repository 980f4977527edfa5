import { byPath, parentOf } from '../zookeeper/path.js'

/** Checks that nodes come sorted by path and each below its parent, without keeping them. */
export class ZnodeOrder {
  /** The nodes so far whose path the last one begins with, as text: in this order no other can have children to come. */
  readonly #open: string[] = []

  /** What is wrong with a node at `path` as the next one, if anything. */
  problemOf(path: string): string | undefined {
    const last = this.#open.at(-1)
    if (last !== undefined && byPath({ path: last }, { path }) >= 0) return `${path} comes after ${last}`
    while (this.#open.length > 0 && !path.startsWith(this.#open.at(-1) ?? '')) this.#open.pop()
    const parent = parentOf(path)
    this.#open.push(path)
    return parent === undefined || this.#open.includes(parent) ? undefined : `${path} comes without ${parent}`
  }
}

import type { SnapshotHeader } from '../archive/znode-snapshot-header.js'
import { isWithin, upwards } from '../zookeeper/path.js'
import { matchesPath } from '../zookeeper/path-filter.js'

/**
 * Why a snapshot that does not hold `path` says nothing about it; `undefined` when it says that there was no such node.
 */
export function outsideOf(
  { roots, exclude, unreadable }: Pick<SnapshotHeader, 'roots' | 'exclude' | 'unreadable'>,
  path: string,
): string | undefined {
  if (!roots.some((root) => isWithin(path, root))) return 'was taken of other nodes'
  if (matchesPath(exclude, path)) return 'leaves it out'
  if (unreadable.some((top) => isWithin(path, top))) return 'could not read it'
  return undefined
}

/** Whether a snapshot with these `unreadable` nodes may hold `path` but not the node above it. */
export function mayLackParentOf(path: string, unreadable: readonly string[]): boolean {
  const [, ...above] = upwards(path)
  return above.some((top) => unreadable.includes(top))
}

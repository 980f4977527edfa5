import { isZnodePath } from '../../zookeeper/path.js'
import type { Acl } from '../../zookeeper/znode.js'

/** More than a client can send, as servers are set up. */
const MAX_PATH_LENGTH = 1_048_576
/** Deeper than any tree that was ever seen. */
const MAX_DEPTH = 5_000
/** What is no UTF-8 becomes this. ZooKeeper accepts it in no path. */
const NOT_TEXT = '\uFFFD'

/** Throws a `RangeError` unless `path` is one that a tree can have. */
export function checkedPath(path: string): string {
  if (path.length > MAX_PATH_LENGTH) throw new RangeError(`a path of ${path.length} characters`)
  if (!isZnodePath(path) || path.includes(NOT_TEXT)) throw new RangeError('a path is not that of a znode')
  const depth = path.split('/').length
  if (depth > MAX_DEPTH) throw new RangeError(`a path of ${depth} nodes`)
  return path
}

/** Throws a `RangeError` unless all of `acl` is text. */
export function checkedAcl(acl: readonly Acl[]): readonly Acl[] {
  if (acl.some(({ scheme, id }) => scheme.includes(NOT_TEXT) || id.includes(NOT_TEXT))) {
    throw new RangeError('an ACL is not UTF-8')
  }
  return acl
}

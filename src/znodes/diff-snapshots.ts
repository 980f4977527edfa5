import type { SnapshotHeader } from '../archive/znode-snapshot-header.js'
import { zipSorted } from '../internal/zip-sorted.js'
import { isRedacted, redactedAcl, sameAcl } from '../zookeeper/acl.js'
import { byPath } from '../zookeeper/path.js'
import type { Znode } from '../zookeeper/znode.js'
import { sameBytes, type ZnodeChange } from './decide.js'
import { outsideOf } from './snapshot-scope.js'

/** A snapshot to compare. */
export interface ComparedSnapshot {
  readonly header: SnapshotHeader
  /** Sorted by path. */
  readonly nodes: AsyncIterable<Znode>
}

/** The changes that turn what the snapshot `a` holds into what `b` holds, by path. */
export async function* diffSnapshots(
  a: ComparedSnapshot,
  b: ComparedSnapshot,
): AsyncGenerator<ZnodeChange, void, void> {
  for await (const [before, after] of zipSorted(a.nodes, b.nodes, byPath)) {
    if (before === undefined) yield one(after, a.header, 'create')
    else if (after === undefined) yield one(before, b.header, 'delete')
    else yield* both(before, after)
  }
}

/** `node` is in one snapshot only; `header` is the other's. */
function one({ path, kind }: Znode, header: SnapshotHeader, action: 'create' | 'delete'): ZnodeChange {
  const [here, there] = action === 'create' ? ['second', 'first'] : ['first', 'second']
  const unknown = outsideOf(header, path)
  if (unknown !== undefined) return { path, action: 'skip', why: `the ${there} snapshot ${unknown}` }
  const owned = kind === 'ephemeral' ? '; it belongs to a session' : ''
  return { path, action, why: `only the ${here} snapshot has it${owned}` }
}

function* both(before: Znode, after: Znode): Generator<ZnodeChange, void, void> {
  const { path } = before
  if ((before.kind === 'ephemeral') !== (after.kind === 'ephemeral')) {
    const why = `it is ${before.kind} in the first snapshot and ${after.kind} in the second`
    yield { path, action: 'delete', why }
    yield { path, action: 'create', why }
    return
  }
  const content = differentContent(before, after)
  if (content !== undefined) yield { path, action: 'set', why: content }
  if (!sameKnownAcl(before, after)) yield { path, action: 'acl', why: 'its ACL differs' }
}

/** What of a node's own content differs. A version counts where it is all that the node holds. */
function differentContent(before: Znode, after: Znode): string | undefined {
  if (!sameBytes(before.data, after.data)) {
    return `its data differs: ${sizeOf(before)} in the first snapshot, ${sizeOf(after)} in the second`
  }
  if (!after.data?.length && before.version !== after.version) {
    return `it holds no data, and its version is ${before.version} in the first snapshot, ${after.version} in the second`
  }
  const created = after.sequence - before.sequence
  // Where no child was deleted, the children that were created say it all.
  if (created === 0 || created === after.childCount - before.childCount) return undefined
  return `its counter of sequential children is ${before.sequence} in the first snapshot, ${after.sequence} in the second`
}

function sizeOf({ data }: Znode): string {
  return data === null ? 'none' : `${data.length} bytes`
}

/** A reader without ADMIN sees no password hashes: then only the rest can be compared. */
function sameKnownAcl({ acl: one }: Znode, { acl: other }: Znode): boolean {
  const hidden = isRedacted(one) || isRedacted(other)
  return hidden ? sameAcl(redactedAcl(one), redactedAcl(other)) : sameAcl(one, other)
}

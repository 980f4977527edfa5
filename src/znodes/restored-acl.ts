import { isRedacted, OPEN_ACL, PERMISSIONS, worldPermissions } from '../zookeeper/acl.js'
import type { Acl, Znode } from '../zookeeper/znode.js'
import type { AclPolicy } from './restore-options.js'

const MARKER_USER = 'kafkeep-unfinished:'

/**
 * What a node has until everything below it is restored, where its own ACL would keep the restore out: all rights for
 * the identity of the connection and none for others. The second entry grants nothing; it tells people, and the next
 * run after a crash, that the ACL is not the final one.
 */
export const TEMPORARY_ACL: readonly Acl[] = [
  { permissions: PERMISSIONS.all, scheme: 'auth', id: '' },
  { permissions: 0, scheme: 'digest', id: `${MARKER_USER}-` },
]

/** Whether a restore left `acl` behind before it came to an end. */
export function isTemporary(acl: readonly Acl[]): boolean {
  return acl.some(({ scheme, id }) => scheme === 'digest' && id.startsWith(MARKER_USER))
}

/** The ACL that `node` is to have in the end, or why it cannot have one. */
export function restoredAcl(node: Znode, policy: AclPolicy): readonly Acl[] | { readonly refused: string } {
  if (policy === 'open') return OPEN_ACL
  const acl = policy === 'restore' ? node.acl : mapped(node, policy)
  if (isRedacted(acl) || (policy === 'restore' && node.aclRedacted === true)) {
    return { refused: 'the server hid a part of its ACL from the snapshot: map it with `acls`, or open it' }
  }
  return acl.length === 0 ? { refused: '`acls` leaves its ACL without an entry' } : acl
}

function mapped(node: Znode, map: (acl: Acl, path: string) => Acl | undefined): readonly Acl[] {
  return node.acl.map((entry) => map(entry, node.path)).filter((entry) => entry !== undefined)
}

/** Whether everybody, and so the restore itself, may do all of `permissions` under `acl`. */
export function admitsEverybody(acl: readonly Acl[], permissions: number): boolean {
  return (worldPermissions(acl) & permissions) === permissions
}

import type { Acl } from './znode.js'

/** The five permissions of ZooKeeper, and all of them together. */
export const PERMISSIONS = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const

/** Everybody may do everything: what ZooKeeper gives a node when nothing else is said. */
export const OPEN_ACL: readonly Acl[] = [{ permissions: PERMISSIONS.all, scheme: 'world', id: 'anyone' }]

/** Whether two lists say the same in the same order. */
export function sameAcl(one: readonly Acl[], other: readonly Acl[]): boolean {
  return (
    one.length === other.length &&
    one.every((entry, index) => {
      const counterpart = other[index]
      return (
        entry.permissions === counterpart?.permissions &&
        entry.scheme === counterpart.scheme &&
        entry.id === counterpart.id
      )
    })
  )
}

const HIDDEN = ':x'

/**
 * Whether the server hid a password hash: to a reader without ADMIN it answers `user:x`. Written back, such an entry
 * would lock its user out.
 */
export function isRedacted(acl: readonly Acl[]): boolean {
  return acl.some(({ scheme, id }) => scheme === 'digest' && id.endsWith(HIDDEN))
}

/** `acl` as a reader without ADMIN would see it. */
export function redactedAcl(acl: readonly Acl[]): readonly Acl[] {
  return acl.map((entry) => {
    return entry.scheme === 'digest' ? { ...entry, id: `${entry.id.split(':', 1)[0]}${HIDDEN}` } : entry
  })
}

/** What everybody may do, as a sum of permissions. */
export function worldPermissions(acl: readonly Acl[]): number {
  return acl.reduce((sum, { scheme, id, permissions }) => {
    return scheme === 'world' && id === 'anyone' ? sum | permissions : sum
  }, 0)
}

import { Buffer } from 'node:buffer'
import { isRedacted, PERMISSIONS, redactedAcl, sameAcl } from '../zookeeper/acl.js'
import type { CreateOperation, ZnodeOperation, ZnodeReading } from '../zookeeper/transport.js'
import { type Acl, sequenceOf, type Znode } from '../zookeeper/znode.js'
import type { LiveNode } from './live-node.js'
import type { CheckedRestoreOptions } from './restore-options.js'
import { admitsEverybody, isTemporary, restoredAcl, TEMPORARY_ACL } from './restored-acl.js'

/** One thing that a restore does, or leaves. */
export interface ZnodeChange {
  /** The node. */
  readonly path: string
  /** `keep` leaves what is there; `skip` does not bring back what the snapshot holds. */
  readonly action: 'create' | 'set' | 'acl' | 'delete' | 'keep' | 'skip'
  /** For people. */
  readonly why: string
}

/** The part of the options that decides about one node. */
export type NodePolicy = Pick<CheckedRestoreOptions, 'onExisting' | 'ephemerals' | 'acls' | 'versions' | 'sequences'>

/** A node of the snapshot and what stands around it. */
export interface NodeToRestore {
  readonly node: Znode
  /** Whether children may be created below it, and its counter raised, although its own counts do not say so. */
  readonly underestimated: boolean
}

/** All that is to be done about one node. */
export interface PlannedNode {
  readonly path: string
  /** What people are told; at least one. */
  readonly changes: readonly ZnodeChange[]
  /** `undefined` for a node that the snapshot does not hold. */
  readonly source?: NodeToRestore | undefined
  /** What exists differs, and stays. */
  readonly conflict?: boolean | undefined
  /** First: the write. */
  readonly operation?: ZnodeOperation | undefined
  /** By how much its counter of sequential children is too low, before any child is created. */
  readonly behind: number
  /** When its children are there: the version that the node is to have at least. */
  readonly version?: number | undefined
  /** At the very end: the ACL. */
  readonly finalAcl?: readonly Acl[] | undefined
  /** Whether until then it has the temporary one. */
  readonly unfinished?: boolean | undefined
}

const SAME = 'it is the same already'

/** Compares a node of the snapshot with the live one and decides what is to be done. */
export function decide(source: NodeToRestore, live: LiveNode, policy: NodePolicy): PlannedNode {
  const { node } = source
  if (node.kind === 'ephemeral' && policy.ephemerals === 'skip') {
    return unwritten(source, 'skip', 'it belonged to a session, which is gone')
  }
  const acl = restoredAcl(node, policy.acls)
  if ('refused' in acl) return unwritten(source, 'skip', acl.refused)
  if (live === undefined) return creation(source, acl, policy)
  if (live === 'unreadable') return { ...unwritten(source, 'keep', 'it is there, but may not be read'), conflict: true }
  if (live.stat.ephemeralOwner !== 0n) {
    return { ...unwritten(source, 'keep', 'a live session owns it'), conflict: true }
  }
  return update(source, acl, live, policy)
}

/** Whether something is due once everything below the node is done. */
export function needsClosing({ behind, version, finalAcl }: PlannedNode): boolean {
  return behind > 0 || version !== undefined || finalAcl !== undefined
}

/** What is told of a node before its children. Whether one stays as it is may show only after them. */
export function changesBeforeChildren({ changes }: PlannedNode, { closes }: { readonly closes: boolean }) {
  return closes ? changes.filter(({ why }) => why !== SAME) : changes
}

/** What is told of a node after its children; `behind` is by how much its counter will still be too low. */
export function changesAfterChildren({ path, changes }: PlannedNode, behind: number): readonly ZnodeChange[] {
  // The counter of a node that is created is a part of it.
  if (behind <= 0 || changes.some(({ action }) => action === 'create')) {
    return changes.filter(({ why }) => why === SAME)
  }
  return [{ path, action: 'set', why: 'its counter of sequential children is behind' }]
}

/** A decision without a write. */
export function unwritten(source: NodeToRestore, action: 'keep' | 'skip', why: string): PlannedNode {
  const { path } = source.node
  return { path, source, changes: [{ path, action, why }], behind: 0 }
}

function creation(source: NodeToRestore, acl: readonly Acl[], policy: NodePolicy): PlannedNode {
  const { path, data, kind, ...node } = source.node
  const version = restoresVersion(source.node, policy) && node.version > 0 ? node.version : undefined
  const raises = policy.sequences && (node.sequence > node.childCount || source.underestimated)
  const needed =
    (node.childCount > 0 || source.underestimated ? PERMISSIONS.create : 0) |
    (raises ? PERMISSIONS.create | PERMISSIONS.delete : 0) |
    (version === undefined ? 0 : PERMISSIONS.write)
  const direct = admitsEverybody(acl, needed)
  const why = kind === 'ephemeral' ? 'it is not there; ephemeral becomes persistent' : 'it is not there'
  return {
    path,
    source,
    changes: [{ path, action: 'create', why }],
    operation: { type: 'create', path, data, acl: direct ? acl : TEMPORARY_ACL, ...lifeOf(source.node) },
    behind: policy.sequences ? node.sequence : 0,
    version,
    finalAcl: direct ? undefined : acl,
    unfinished: !direct,
  }
}

function lifeOf({ kind, ttlMs }: Znode): Pick<CreateOperation, 'kind' | 'ttlMs'> {
  if (kind === 'container') return { kind }
  return kind === 'ttl' ? { kind, ttlMs } : {}
}

/** A creation for a server that was set up not to know nodes with a time to live. */
export function withoutTtl(planned: PlannedNode): PlannedNode {
  const { path, operation } = planned
  if (operation?.type !== 'create' || operation.kind !== 'ttl') return planned
  const { kind, ttlMs, ...persistent } = operation
  const why = `it is not there; ${kind} becomes persistent, because the server refuses a time to live`
  return { ...planned, operation: persistent, changes: [{ path, action: 'create', why }] }
}

function update(source: NodeToRestore, acl: readonly Acl[], live: ZnodeReading, policy: NodePolicy): PlannedNode {
  const { path, data, version, sequence } = source.node
  const differs = differences(source.node, acl, live)
  const conflict = policy.onExisting !== 'overwrite' && (differs.data || differs.acl)
  const writesData = differs.data && !conflict
  const versionBehind =
    !conflict && restoresVersion(source.node, policy) && version > live.stat.version + (writesData ? 1 : 0)
  const writesAcl = differs.unfinished || (differs.acl && !conflict)
  const changes = reasons(path, [
    [conflict, 'keep', `its ${differs.data ? 'data' : 'ACL'} differs`],
    [writesData, 'set', 'its data differs'],
    [versionBehind, 'set', 'its version is behind'],
    [writesAcl, 'acl', differs.unfinished ? 'an earlier restore did not finish' : 'its ACL differs'],
  ])
  return {
    path,
    source,
    changes: changes.length === 0 ? [{ path, action: 'keep', why: SAME }] : changes,
    conflict,
    operation: writesData ? { type: 'set', path, data, version: live.stat.version } : undefined,
    behind: policy.sequences ? Math.max(0, sequence - sequenceOf(live.stat)) : 0,
    version: versionBehind ? version : undefined,
    finalAcl: writesAcl ? acl : undefined,
    unfinished: differs.unfinished,
  }
}

function differences(node: Znode, acl: readonly Acl[], live: ZnodeReading) {
  const unfinished = isTemporary(live.acl)
  return {
    data: !sameBytes(node.data, live.data),
    acl: !unfinished && !sameAcl(live.acl, isRedacted(live.acl) ? redactedAcl(acl) : acl),
    unfinished,
  }
}

function reasons(
  path: string,
  all: readonly (readonly [applies: boolean, action: ZnodeChange['action'], why: string])[],
): ZnodeChange[] {
  return all.filter(([applies]) => applies).map(([, action, why]) => ({ path, action, why }))
}

function restoresVersion({ data }: Znode, policy: NodePolicy): boolean {
  return policy.versions || data === null || data.length === 0
}

/** Whether two nodes hold the same data: none is not the same as empty. */
export function sameBytes(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other
  return Buffer.compare(one, other) === 0
}

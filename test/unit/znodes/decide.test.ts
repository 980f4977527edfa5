import { describe, expect, it } from 'vitest'
import {
  changesAfterChildren,
  changesBeforeChildren,
  decide,
  type NodePolicy,
  withoutTtl,
} from '../../../src/znodes/decide.js'
import { isTemporary, TEMPORARY_ACL } from '../../../src/znodes/restored-acl.js'
import { OPEN_ACL } from '../../../src/zookeeper/acl.js'
import type { ZnodeReading } from '../../../src/zookeeper/transport.js'
import type { Znode } from '../../../src/zookeeper/znode.js'
import { znode } from '../../support/znode-arbitrary.js'

const POLICY: NodePolicy = {
  onExisting: 'keep',
  ephemerals: 'skip',
  acls: 'restore',
  versions: false,
  sequences: true,
}
const READ_ONLY = [{ permissions: 1, scheme: 'world', id: 'anyone' }]
const DATA = new Uint8Array(Buffer.from('x'))

function live(changes: Partial<Znode> = {}): ZnodeReading {
  const { data, acl, ...stat } = znode({ path: '/a', ...changes })
  return { data, acl, children: [], stat }
}

function decided(
  node: Partial<Znode>,
  reading: ZnodeReading | undefined,
  { underestimated = false, ...policy }: Partial<NodePolicy> & { readonly underestimated?: boolean } = {},
) {
  return decide({ node: znode({ path: '/a', ...node }), underestimated }, reading, { ...POLICY, ...policy })
}

describe('decide', () => {
  it('creates a leaf with its own ACL, whatever that admits', () => {
    const plan = decided({ acl: READ_ONLY }, undefined)
    expect(plan).toMatchObject({ operation: { type: 'create', acl: READ_ONLY }, finalAcl: undefined })
  })

  it.each([
    ['children', { childCount: 1, sequence: 1 }, {}],
    ['more than its own counts tell', {}, { underestimated: true }],
    ['a counter of sequential children', { sequence: 3 }, {}],
    ['a version', { version: 3 }, {}],
  ])(
    'creates a node that is still to get %s with a temporary ACL where its own would be in the way',
    (_, node, more) => {
      const plan = decided({ acl: READ_ONLY, ...node }, undefined, more)
      expect(plan).toMatchObject({ operation: { acl: TEMPORARY_ACL }, finalAcl: READ_ONLY })
      expect(decided(node, undefined, more)).toMatchObject({ finalAcl: undefined })
    },
  )

  it('needs no right to delete for a counter that its children alone bring up', () => {
    const acl = [{ permissions: 4, scheme: 'world', id: 'anyone' }]
    const counts = { childCount: 2, sequence: 2 }
    expect(decided({ acl, ...counts }, undefined)).toMatchObject({ operation: { acl }, unfinished: false })
    expect(decided({ acl, ...counts, sequence: 3 }, undefined)).toMatchObject({ unfinished: true })
    expect(decided({ acl, ...counts }, undefined, { underestimated: true })).toMatchObject({ unfinished: true })
  })

  it('says by how much the counter of sequential children is too low before any is created', () => {
    expect(decided({ sequence: 5 }, undefined).behind).toBe(5)
    const reading = live({ childrenVersion: 2, childCount: 2 })
    expect(decided({ sequence: 2 }, reading).behind).toBe(0)
    expect(decided({ sequence: 4 }, reading).behind).toBe(2)
    expect(decided({ sequence: 4 }, reading, { sequences: false }).behind).toBe(0)
  })

  it('tells of a node that only its counter may change when its children are there', () => {
    const keep = { path: '/a', action: 'keep', why: 'it is the same already' }
    const set = { path: '/a', action: 'set', why: 'its counter of sequential children is behind' }
    const same = decided({ sequence: 4 }, live({ childrenVersion: 2, childCount: 2 }))
    expect(changesBeforeChildren(same, { closes: true })).toEqual([])
    expect([changesAfterChildren(same, 0), changesAfterChildren(same, 1)]).toEqual([[keep], [set]])
    const created = decided({ sequence: 4 }, undefined)
    expect(changesBeforeChildren(created, { closes: true })).toMatchObject([{ action: 'create' }])
    expect(changesAfterChildren(created, 1)).toEqual([])
  })

  it('restores the version of nodes without data, and of others when asked', () => {
    expect(decided({ version: 4 }, undefined).version).toBe(4)
    expect(decided({ version: 4, data: new Uint8Array() }, undefined).version).toBe(4)
    expect(decided({ version: 4, data: DATA }, undefined).version).toBeUndefined()
    expect(decided({ version: 4, data: DATA }, undefined, { versions: true }).version).toBe(4)
    expect(decided({ version: 4 }, live({ version: 9 })).changes[0]?.action).toBe('keep')
  })

  it('does not write a node that is the same, under any policy', () => {
    for (const onExisting of ['keep', 'overwrite', 'error'] as const) {
      const plan = decided({ data: DATA }, live({ data: DATA }), { onExisting })
      expect(plan.changes).toEqual([{ path: '/a', action: 'keep', why: 'it is the same already' }])
      expect(plan.operation).toBeUndefined()
    }
  })

  it('keeps null data apart from empty data', () => {
    expect(decided({ data: new Uint8Array() }, live({ data: null }))).toMatchObject({ conflict: true })
  })

  it('overwrites only the version it has seen', () => {
    const plan = decided({ data: DATA }, live({ version: 7 }), { onExisting: 'overwrite' })
    expect(plan.operation).toEqual({ type: 'set', path: '/a', data: DATA, version: 7 })
  })

  it('names both changes when data and ACL differ', () => {
    const plan = decided({ data: DATA, acl: READ_ONLY }, live(), { onExisting: 'overwrite' })
    expect(plan.changes.map(({ action }) => action)).toEqual(['set', 'acl'])
  })

  it('leaves a node of a live session alone', () => {
    const plan = decided({ data: DATA }, live({ ephemeralOwner: 5n }), { onExisting: 'overwrite' })
    expect(plan).toMatchObject({ conflict: true, changes: [{ action: 'keep' }] })
    expect(plan.operation).toBeUndefined()
  })

  it('compares with a hidden ACL as far as can be seen', () => {
    const acl = [{ permissions: 31, scheme: 'digest', id: 'ann:hash' }]
    const hidden = [{ permissions: 31, scheme: 'digest', id: 'ann:x' }]
    expect(decided({ acl }, live({ acl: hidden })).changes[0]?.why).toBe('it is the same already')
    expect(decided({ acl: READ_ONLY }, live({ acl: hidden }))).toMatchObject({ conflict: true })
  })

  it('knows a temporary ACL of its own again, also when the server hides a part of it', () => {
    const hidden = [{ permissions: 0, scheme: 'digest', id: 'kafkeep-unfinished:x' }]
    expect([isTemporary(TEMPORARY_ACL), isTemporary(hidden), isTemporary(READ_ONLY)]).toEqual([true, true, false])
  })

  it.each([
    ['ephemeral', { kind: 'ephemeral' }, {}],
    ['with a redacted ACL', { acl: [{ permissions: 31, scheme: 'digest', id: 'ann:x' }] }, {}],
    ['marked as redacted', { aclRedacted: true }, {}],
    ['left without an ACL entry', {}, { acls: () => undefined }],
  ] as const)('skips a node that is %s', (_, node, policy) => {
    expect(decided(node, undefined, policy).changes).toMatchObject([{ action: 'skip' }])
  })

  it('says when a node becomes persistent that was not', () => {
    const planned = decided({ kind: 'ephemeral' }, undefined, { ephemerals: 'persistent' })
    expect(planned.changes[0]?.why).toContain('ephemeral becomes persistent')
    expect(planned.operation).not.toHaveProperty('kind')
  })

  it('creates containers and nodes with a time to live as such, and knows how to do without the latter', () => {
    expect(decided({ kind: 'container' }, undefined).operation).toMatchObject({ kind: 'container' })
    const planned = decided({ kind: 'ttl', ttlMs: 5n }, undefined)
    expect(planned).toMatchObject({ operation: { kind: 'ttl', ttlMs: 5n }, changes: [{ why: 'it is not there' }] })
    const without = withoutTtl(planned)
    expect(without.operation).toEqual({ type: 'create', path: '/a', data: null, acl: OPEN_ACL })
    expect(without.changes[0]?.why).toContain('ttl becomes persistent')
  })
})

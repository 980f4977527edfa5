import { describe, expect, it } from 'vitest'
import type { SnapshotFacts } from '../../../src/archive/znode-snapshot.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import type { ArchiveStorage } from '../../../src/storage/storage.js'
import { ZnodeArchive } from '../../../src/znode-archive.js'
import type { Znode } from '../../../src/zookeeper/znode.js'
import { editSnapshot, storeSnapshot } from '../../support/stored-snapshots.js'
import { collected, znode } from '../../support/znode-arbitrary.js'

type Side = Partial<SnapshotFacts> & { readonly nodes: readonly Znode[] }

const ROOT = znode({ path: '/' })
const text = (data: string) => new Uint8Array(Buffer.from(data))
const acl = (id: string) => [{ permissions: 31, scheme: 'digest', id }]

async function twoSnapshots(a: Side, b: Side) {
  const storage = new MemoryStorage()
  const { id: first } = await storeSnapshot(storage, { takenMs: 1, ...a })
  const { id: second } = await storeSnapshot(storage, { takenMs: 2, ...b })
  return { storage, first, second, archive: new ZnodeArchive({ storage }) }
}

async function changes(a: Side | readonly Znode[], b: Side | readonly Znode[]): Promise<string[]> {
  const side = (nodes: Side | readonly Znode[]) => ('nodes' in nodes ? nodes : { nodes: [ROOT, ...nodes] })
  const { archive, first, second } = await twoSnapshots(side(a), side(b))
  return (await collected(archive.diff(first, second))).map(({ action, path, why }) => `${action} ${path}: ${why}`)
}

describe('the difference of two snapshots', () => {
  it('turns the first into the second, in the order of the paths', async () => {
    const before = [
      znode({ path: '/changed', data: text('x') }),
      znode({ path: '/deleted' }),
      znode({ path: '/same', data: text('s') }),
    ]
    const after = [
      znode({ path: '/changed', data: text('xy') }),
      znode({ path: '/created' }),
      znode({ path: '/same', data: text('s') }),
    ]
    expect(await changes(before, after)).toEqual([
      'set /changed: its data differs: 1 bytes in the first snapshot, 2 bytes in the second',
      'create /created: only the second snapshot has it',
      'delete /deleted: only the first snapshot has it',
    ])
    expect(await changes(after, before)).toEqual([
      'set /changed: its data differs: 2 bytes in the first snapshot, 1 bytes in the second',
      'delete /created: only the first snapshot has it',
      'create /deleted: only the second snapshot has it',
    ])
  })

  it('keeps no data apart from empty data', async () => {
    const [none, empty] = [znode({ path: '/a', data: null }), znode({ path: '/a', data: text('') })]
    expect(await changes([none], [empty])).toEqual([
      'set /a: its data differs: none in the first snapshot, 0 bytes in the second',
    ])
  })

  it('does not name what no client can set', async () => {
    const moved = { createdZxid: 9n, modifiedZxid: 9n, childrenZxid: 9n, createdMs: 9n, modifiedMs: 9n, aclVersion: 9 }
    const before = znode({ path: '/a', data: text('x'), version: 1 })
    expect(await changes([before], [{ ...before, ...moved, version: 7 }])).toEqual([])
  })

  it('names the version of a node that holds nothing else', async () => {
    const seqid = znode({ path: '/brokers-seqid', data: text(''), version: 1 })
    expect(await changes([seqid], [{ ...seqid, version: 2 }])).toEqual([
      'set /brokers-seqid: it holds no data, and its version is 1 in the first snapshot, 2 in the second',
    ])
  })

  it('names a counter of children that the changes of the children do not explain', async () => {
    const queue = { path: '/q', sequence: 3, childCount: 1 }
    const child = (number: number) => znode({ path: `/q/${number}` })
    const more = await changes(
      [znode(queue), child(2)],
      [znode({ ...queue, sequence: 4, childCount: 2 }), child(2), child(3)],
    )
    expect(more).toEqual(['create /q/3: only the second snapshot has it'])
    const less = await changes([znode(queue), child(2)], [znode({ ...queue, childCount: 0 })])
    expect(less).toEqual(['delete /q/2: only the first snapshot has it'])
    expect(await changes([znode(queue), child(2)], [znode({ ...queue, sequence: 9 }), child(2)])).toEqual([
      'set /q: its counter of sequential children is 3 in the first snapshot, 9 in the second',
    ])
  })

  it('names an ACL beside the data, and ignores what was hidden from one of the two readers', async () => {
    const known = znode({ path: '/a', data: text('x'), acl: acl('ann:hash') })
    const other = { ...known, acl: acl('bob:hash') }
    expect(await changes([known], [{ ...other, data: text('y') }])).toEqual([
      'set /a: its data differs: 1 bytes in the first snapshot, 1 bytes in the second',
      'acl /a: its ACL differs',
    ])
    expect(await changes([known], [{ ...known, acl: acl('ann:x'), aclRedacted: true }])).toEqual([])
    expect(await changes([known], [{ ...other, acl: acl('bob:x'), aclRedacted: true }])).toEqual([
      'acl /a: its ACL differs',
    ])
  })

  it('says which nodes belong to sessions', async () => {
    const [ephemeral, persistent] = [znode({ path: '/a', kind: 'ephemeral' }), znode({ path: '/a' })]
    expect(await changes([], [ephemeral])).toEqual([
      'create /a: only the second snapshot has it; it belongs to a session',
    ])
    expect(await changes([ephemeral], [persistent])).toEqual([
      'delete /a: it is ephemeral in the first snapshot and persistent in the second',
      'create /a: it is ephemeral in the first snapshot and persistent in the second',
    ])
  })

  it('never takes for created or deleted what the other snapshot could not have', async () => {
    const whole = { nodes: [ROOT, znode({ path: '/a' }), znode({ path: '/b' }), znode({ path: '/c' })] }
    const part = {
      roots: ['/a', '/b', '/d'],
      exclude: ['/b'],
      unreadable: ['/d'],
      nodes: [ROOT, znode({ path: '/a' })],
    }
    expect(await changes(whole, part)).toEqual([
      'skip /b: the second snapshot leaves it out',
      'skip /c: the second snapshot was taken of other nodes',
    ])
    expect(await changes(part, { nodes: [...whole.nodes, znode({ path: '/d' })] })).toEqual([
      'skip /b: the first snapshot leaves it out',
      'skip /c: the first snapshot was taken of other nodes',
      'skip /d: the first snapshot could not read it',
    ])
  })

  it('is of any two snapshots, of the newest by that name too, and of nothing that is not there', async () => {
    const { archive, first } = await twoSnapshots({ nodes: [ROOT] }, { nodes: [ROOT, znode({ path: '/a' })] })
    expect(await collected(archive.diff(first, 'latest'))).toMatchObject([{ action: 'create', path: '/a' }])
    expect(await collected(archive.diff(first, first))).toEqual([])
    await expect(collected(archive.diff(first, 'no-such'))).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    expect(() => archive.diff(first, '')).toThrow(TypeError)
  })

  it.each([
    ['damaged', (stored: string) => stored.replace('"text":"x"', '"text":"y"')],
    ['not in order', undefined],
  ])('is an error when one of the snapshots is %s', async (_, edit) => {
    const nodes = [ROOT, znode({ path: '/b', data: text('x') })]
    const other = edit === undefined ? [...nodes, znode({ path: '/a' })] : nodes
    const { archive, storage, first, second } = await twoSnapshots({ nodes }, { nodes: other })
    const key = `znodes/${second}.znodes.jsonl`
    if (edit !== undefined) await editSnapshot(storage, second, edit)
    await expect(collected(archive.diff(first, second))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key })
    await expect(collected(archive.diff(second, first))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key })
  })

  it('is told while both are read, so that no tree is ever held', async () => {
    const nodes = Array.from({ length: 2_000 }, (_, index) => znode({ path: `/${1_000_000 + index}` }))
    const { storage, first, second } = await twoSnapshots({ nodes: [ROOT, ...nodes] }, { nodes: [ROOT] })
    let readBytes = 0
    const inSmallPieces: ArchiveStorage = new Proxy(storage, {
      get(target, name) {
        if (name !== 'get') return Reflect.get(target, name).bind(target)
        return async function* (key: string) {
          for await (const chunk of target.get(key)) {
            for (let start = 0; start < chunk.length; start += 1_000) {
              readBytes += Math.min(1_000, chunk.length - start)
              yield chunk.subarray(start, start + 1_000)
            }
          }
        }
      },
    })
    for await (const { path } of new ZnodeArchive({ storage: inSmallPieces }).diff(first, second)) {
      expect(path).toBe('/1000000')
      break
    }
    expect(readBytes).toBeLessThan(10_000)
  })
})

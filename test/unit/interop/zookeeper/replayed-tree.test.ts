import { describe, expect, it } from 'vitest'
import { ReplayedTree } from '../../../../src/interop/zookeeper/replayed-tree.js'
import { OPEN_ACL } from '../../../../src/zookeeper/acl.js'
import { untouchedZnode } from '../../../../src/zookeeper/znode.js'

const NAMES = ['a', 'b', 'c']

describe('ReplayedTree', () => {
  const instant = { zxid: 9n, timeMs: 1n }
  const filled = (maxBytes: number) => {
    const tree = new ReplayedTree({ maxBytes })
    tree.insert('/', { data: null, acl: OPEN_ACL, stat: untouchedZnode('/') })
    return tree
  }
  const create = (path: string, owner = 0n) => {
    return {
      type: 'create',
      path,
      data: new Uint8Array(1_000),
      acl: OPEN_ACL,
      owner,
      parentCreations: undefined,
    } as const
  }

  it('stays the same while it gives back the memory of what was replaced and deleted', () => {
    const tree = filled(2 ** 30)
    for (const name of NAMES) tree.apply(create(`/${name}`), instant)
    tree.apply(create('/a/live', 7n), instant)
    const data = new Uint8Array(100_000)
    for (let round = 1; round <= 1_500; round += 1) {
      tree.apply({ type: 'set', path: '/b', data, version: round }, instant)
      tree.apply(create(`/a/${round}`), instant)
      tree.apply({ type: 'delete', path: `/a/${round}` }, instant)
    }
    const nodes = [...tree.inOrder()()]
    expect(nodes.map(({ path }) => path)).toEqual(['/', '/a', '/a/live', '/b', '/c'])
    expect(nodes[1]).toMatchObject({ sequence: 1_501, childCount: 1 })
    expect(nodes[3]).toMatchObject({ version: 1_500 })
    tree.apply({ type: 'close', sessionId: 7n, paths: [] }, instant)
    expect([...tree.inOrder()()].map(({ path }) => path)).toEqual(['/', '/a', '/b', '/c'])
  })

  it('does not become larger than it may', () => {
    const tree = filled(10_000)
    const fill = () => {
      for (let node = 0; node < 20; node += 1) tree.apply(create(`/${node}`), instant)
    }
    expect(fill).toThrow('the tree takes more than 10000 bytes')
  })

  it('takes out all that is below a node that a later one of its name had', () => {
    const tree = filled(100_000)
    for (const path of ['/a', '/a/b', '/a/b/c', '/ab']) tree.apply(create(path), instant)
    expect(tree.apply({ type: 'delete', path: '/a' }, instant)).toBe(false)
    expect([...tree.inOrder()()].map(({ path }) => path)).toEqual(['/', '/ab'])
  })
})

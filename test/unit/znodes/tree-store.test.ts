import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inPathOrder } from '../../../src/znodes/path-order.js'
import { TreeStore } from '../../../src/znodes/tree-store.js'
import { childOf, isWithin } from '../../../src/zookeeper/path.js'
import type { ZnodeReading } from '../../../src/zookeeper/transport.js'
import { sequenceOf } from '../../../src/zookeeper/znode.js'
import { znodeArbitrary } from '../../support/znode-arbitrary.js'

const readingArbitrary: fc.Arbitrary<ZnodeReading> = znodeArbitrary.map(({ data, acl, ...node }) => {
  const { version, childrenVersion, aclVersion, childCount, createdZxid, modifiedZxid, childrenZxid } = node
  const counters = { version, childrenVersion, aclVersion, childCount }
  const { createdMs, modifiedMs, ephemeralOwner } = node
  const times = { createdMs, modifiedMs, ephemeralOwner }
  return { data, acl, children: [], stat: { ...counters, createdZxid, modifiedZxid, childrenZxid, ...times } }
})
const LONG_NAMES = ['c'.repeat(254), 'c'.repeat(255), 'c'.repeat(256)]
const nameArbitrary = fc.constantFrom('a', 'a-b', 'a.b', 'a0', 'b', 'grüße', '\u{1F600}', '\uFF5E', ...LONG_NAMES)
/** Where to put which reading; `undefined` takes the node out. */
const stepArbitrary = fc.record({
  names: fc.array(nameArbitrary, { maxLength: 4 }),
  reading: fc.option(readingArbitrary, { nil: undefined }),
})

/** Takes the steps on a tree, and on a map that has the same nodes then. */
function played(steps: readonly { readonly names: readonly string[]; readonly reading: ZnodeReading | undefined }[]) {
  const tree = new TreeStore()
  const expected = new Map<string, ZnodeReading>()
  for (const { names, reading } of steps) {
    let [path, node] = ['/', 0]
    for (const name of names) {
      path = childOf(path, name)
      node = tree.find(path) ?? tree.add(name, node)
    }
    if (reading !== undefined) {
      tree.put(node, reading)
      expected.set(path, reading)
    } else if (path !== '/') {
      tree.remove(node)
      tree.tidy()
      for (const known of expected.keys()) if (isWithin(known, path)) expected.delete(known)
    }
  }
  return { tree, expected }
}

describe('TreeStore', () => {
  it('gives back what was put last, in the order of the paths, without what is below removed nodes', () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 40 }), (steps) => {
        const { tree, expected } = played(steps)
        const nodes = Array.from(inPathOrder(tree), (node) => tree.znodeOf(node))
        expect(nodes.map(({ path }) => path)).toEqual([...expected.keys()].sort())
        for (const node of nodes) {
          const { data, acl, stat } = expected.get(node.path) ?? {}
          expect({ ...node, data: node.data && new Uint8Array(node.data) }).toMatchObject({ data, acl, ...stat })
          expect(node.sequence).toBe(stat && sequenceOf(stat))
        }
      }),
    )
  })
})

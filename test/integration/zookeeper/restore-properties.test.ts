import fc from 'fast-check'
import { MemoryStorage, ZnodeRestorer, ZnodeSnapshotter, type ZooKeeperTransport } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { OPEN_ACL } from '../../../src/zookeeper/acl.js'
import { childOf } from '../../../src/zookeeper/path.js'
import type { Acl } from '../../../src/zookeeper/znode.js'
import { settableLines } from '../../support/killed-tree.js'
import { services } from '../../support/services.js'
import { ownChroot, seed, sessionAt, transportTo } from '../../support/znodes.js'

const ANN = [{ scheme: 'digest', credentials: 'ann:secret' }]
const ACLS: readonly (readonly Acl[])[] = [
  OPEN_ACL,
  [{ permissions: 1, scheme: 'world', id: 'anyone' }],
  [{ permissions: 5, scheme: 'world', id: 'anyone' }],
  [{ permissions: 31, scheme: 'auth', id: '' }],
]

interface Seedling {
  readonly name: string
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[]
  /** Written so often after it was created. */
  readonly writes: number
  /** So many children came and went. */
  readonly passed: number
  readonly ephemeral: boolean
  readonly children: readonly Seedling[]
}

const name = fc.oneof(
  fc.constantFrom('a', 'a-b', 'a0', 'A', 'grüße', '\uFF5E', 'x y', 'job-0000000001', '%2F', '...'),
  fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '0', 'é'), minLength: 3, maxLength: 8 }),
)
const { tree } = fc.letrec<{ tree: Seedling }>((tie) => ({
  tree: fc.record({
    name,
    data: fc.oneof(fc.constant(null), fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 40 })),
    acl: fc.constantFrom(...ACLS),
    writes: fc.constantFrom(0, 0, 1, 3),
    passed: fc.constantFrom(0, 0, 1, 7),
    ephemeral: fc.constantFrom(false, false, false, true),
    children: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.constant([]),
      fc.uniqueArray(tie('tree'), { maxLength: 6, selector: (child) => child.name }),
    ),
  }),
}))
const forest = fc.uniqueArray(tree, { maxLength: 6, selector: (child) => child.name })

/** Grows trees; what is below a node comes before the node's own ACL. */
async function grow(connect: string, zookeeper: ZooKeeperTransport, trees: readonly Seedling[]): Promise<void> {
  const session = await sessionAt(connect)
  const growAt = async (parent: string, { name, ...seedling }: Seedling): Promise<void> => {
    const path = childOf(parent, name)
    if (seedling.ephemeral) {
      await session.createEphemeral(path)
      return
    }
    await seed(zookeeper, [{ path, ...(seedling.data === null ? {} : { data: seedling.data }) }])
    for (let write = 0; write < seedling.writes; write += 1) {
      await zookeeper.commit([{ type: 'set', path, data: seedling.data, version: -1 }])
    }
    for (let passed = 0; passed < seedling.passed; passed += 1) {
      const child = childOf(path, 'passed')
      await zookeeper.commit([
        { type: 'create', path: child, data: null, acl: OPEN_ACL },
        { type: 'delete', path: child, version: -1 },
      ])
    }
    for (const child of seedling.children) await growAt(path, child)
    if (seedling.acl !== OPEN_ACL) await zookeeper.setAcl(path, seedling.acl)
  }
  for (const child of trees) await growAt('/', child)
}

async function scene(trees: readonly Seedling[]) {
  const connect = await ownChroot(services().zookeeper.connect)
  const zookeeper = transportTo(connect, { auth: ANN })
  await grow(connect, zookeeper, trees)
  const storage = new MemoryStorage()
  await new ZnodeSnapshotter({ zookeeper, storage }).run()
  return { zookeeper, storage }
}

/** What a restore brings back: nodes of sessions are none of it. */
async function restorable(zookeeper: ZooKeeperTransport): Promise<readonly string[]> {
  return (await settableLines(zookeeper)).filter((line) => !line.includes('"c2Vzc2lvbg=="'))
}

describe('a restore of any tree', { timeout: 300_000 }, () => {
  it('gives a tree that is equal in everything that a client can set', async () => {
    await fc.assert(
      fc.asyncProperty(forest, async (trees) => {
        const { zookeeper, storage } = await scene(trees)
        const target = transportTo(`${await ownChroot(services().zookeeper.connect)}/target`, { auth: ANN })
        const summary = await new ZnodeRestorer({ zookeeper: target, storage }).run({ versions: true })
        expect(summary.failed).toEqual([])
        expect(await restorable(target)).toEqual(await restorable(zookeeper))
        const again = await new ZnodeRestorer({ zookeeper: target, storage }).run({ versions: true, deleteExtra: true })
        expect(again).toMatchObject({ created: 0, updated: 0, deleted: 0, failed: [] })
      }),
      { numRuns: 20 },
    )
  })

  it('respects what it finds as the policy says, and overwriting makes it as it was', async () => {
    await fc.assert(
      fc.asyncProperty(forest, forest, async (trees, others) => {
        const open = (all: readonly Seedling[]): Seedling[] =>
          all.map((one) => ({
            ...one,
            acl: OPEN_ACL,
            ephemeral: false,
            writes: 0,
            passed: 0,
            children: open(one.children),
          }))
        const { zookeeper, storage } = await scene(open(trees))
        const { zookeeper: target } = await scene(open(others))
        const restorer = new ZnodeRestorer({ zookeeper: target, storage })
        const before = await dataOf(target)
        const source = await dataOf(zookeeper)
        expect((await restorer.run()).failed).toEqual([])
        expect(await dataOf(target)).toEqual(new Map([...source, ...before]))
        expect((await restorer.run({ onExisting: 'overwrite', deleteExtra: true })).failed).toEqual([])
        expect(await dataOf(target)).toEqual(source)
        expect(await restorer.run({ onExisting: 'error' })).toMatchObject({ created: 0, updated: 0 })
      }),
      { numRuns: 15 },
    )
  })
})

async function dataOf(zookeeper: ZooKeeperTransport): Promise<ReadonlyMap<string, unknown>> {
  const lines = (await settableLines(zookeeper)).map((line) => JSON.parse(line))
  return new Map(lines.map(({ path, content, acl }) => [path, { content, acl }]))
}

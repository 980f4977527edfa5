import { burryLayout, MemoryStorage, ZnodeArchive, ZnodeRestorer, ZnodeSnapshotter } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { burryFixture, FIXTURE_EPHEMERALS, fixtureTree, likeFixture, SNAPSHOT } from '../../support/burry.js'
import { settableLines } from '../../support/killed-tree.js'
import { services } from '../../support/services.js'
import { collected } from '../../support/znode-arbitrary.js'
import { ownChroot, seed, sessionAt, transportTo } from '../../support/znodes.js'

const ANN = [{ scheme: 'digest', credentials: 'ann:secret' }]

/** A transport to an empty tree. */
async function emptyTree() {
  const connect = await ownChroot(services().zookeeper.connect)
  return { connect, zookeeper: transportTo(connect, { auth: ANN }) }
}

describe("on a real ZooKeeper, Burry's layout", () => {
  it("brings back what a zip of Burry's holds, without what belonged to sessions", async () => {
    const { zookeeper } = await emptyTree()
    const storage = new MemoryStorage()
    await storage.put(`zkpfx/${SNAPSHOT}`, burryFixture())
    const layout = burryLayout({ prefix: 'zkpfx', ephemerals: ['/burrytest/eph'] })
    const restorer = new ZnodeRestorer({ zookeeper, storage, layout })
    const skipped = (await collected(restorer.plan())).filter(({ action }) => action === 'skip')
    expect(skipped.map(({ path }) => path)).toEqual(FIXTURE_EPHEMERALS)
    expect(await restorer.run()).toMatchObject({ failed: [] })

    await new ZnodeSnapshotter({ zookeeper, storage, layout }).run()
    const restored = await collected(new ZnodeArchive({ storage, layout }).nodes('latest'))
    const lasting = fixtureTree().filter(({ path }) => {
      return !path.startsWith('/zookeeper') && !FIXTURE_EPHEMERALS.includes(path)
    })
    expect(likeFixture(restored, lasting)).toEqual(lasting)
  })

  it('keeps and brings back everything of a tree that kafkeep has read', async () => {
    const { connect, zookeeper } = await emptyTree()
    const acl = [{ permissions: 31, scheme: 'auth', id: '' }]
    await seed(zookeeper, [
      { path: '/a', data: 'a' },
      { path: '/a/content', data: 'no name for Burry' },
      { path: '/a/content/below' },
      { path: '/a/x:y', data: new Uint8Array([0, 255]), acl },
      { path: '/jobs' },
    ])
    const session = await sessionAt(connect)
    for (let job = 0; job < 3; job += 1) await session.createSequential('/jobs/job-')
    await zookeeper.commit([{ type: 'delete', path: '/jobs/job-0000000001', version: -1 }])
    await session.set('/a', Buffer.from('a again'))
    await session.createEphemeral('/session')
    const before = await settableLines(zookeeper)

    const [storage, layout] = [new MemoryStorage(), burryLayout()]
    const { id, ephemerals } = await new ZnodeSnapshotter({ zookeeper, storage, layout }).run()
    expect(ephemerals).toBe(1)
    const { zookeeper: target } = await emptyTree()
    const summary = await new ZnodeRestorer({ zookeeper: target, storage, layout }).run({
      snapshot: id,
      versions: true,
    })
    expect(summary).toMatchObject({ failed: [] })
    expect(await settableLines(target)).toEqual(before.filter((line) => !line.includes('/session')))
  })
})

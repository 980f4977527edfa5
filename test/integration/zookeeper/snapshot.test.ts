import { MemoryStorage, ZnodeArchive, ZnodeSnapshotter, type ZooKeeperTransport } from 'kafkeep'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OPEN_ACL } from '../../../src/zookeeper/acl.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import { services } from '../../support/services.js'
import { collected } from '../../support/znode-arbitrary.js'
import { intercepted, ownChroot, type SeededNode, seed, sessionAt, transportTo } from '../../support/znodes.js'

const OWNER_ONLY = [{ permissions: 31, scheme: 'auth', id: '' }]

/** A tree of the test's own. */
async function scene(nodes: readonly SeededNode[]) {
  const connect = await ownChroot(services().zookeeper.connect)
  const zookeeper = transportTo(connect, { auth: [{ scheme: 'digest', credentials: 'ann:secret' }] })
  await seed(zookeeper, nodes)
  const storage = new MemoryStorage()
  const archive = new ZnodeArchive({ storage })
  return {
    connect,
    zookeeper,
    storage,
    snapshotter: new ZnodeSnapshotter({ zookeeper, storage }),
    nodesOf: async (id: string) => new Map((await collected(archive.nodes(id))).map((node) => [node.path, node])),
  }
}

/** Calls `write` before the first `times` reads of `path`, or looks at it. */
function writingBeside(
  zookeeper: ZooKeeperTransport,
  path: string,
  { write, times }: { readonly write: () => Promise<unknown>; readonly times: number },
): ZooKeeperTransport {
  let left = times
  const beside = async (read: string) => {
    if (read !== path || left === 0) return
    left -= 1
    await write()
  }
  const reading = intercepted(zookeeper, 'read', async (read, options) => {
    await beside(read)
    return zookeeper.read(read, options)
  })
  return intercepted(reading, 'stat', async (read, options) => {
    await beside(read)
    return zookeeper.stat(read, options)
  })
}

describe('ZnodeSnapshotter', () => {
  it('proves that nothing was written meanwhile', async () => {
    const { snapshotter, nodesOf } = await scene([
      { path: '/a', data: 'x' },
      { path: '/a/b' },
      { path: '/c', data: '' },
    ])
    const summary = await snapshotter.run({ requireExact: true, repairRounds: 100 })
    expect(summary).toMatchObject({ nodes: 4, bytes: 1n, ephemerals: 0, unreadable: [], consistency: 'exact' })
    expect(summary.toZxid).toBe(summary.fromZxid + 1n)
    const nodes = await nodesOf(summary.id)
    expect([...nodes.keys()]).toEqual(['/', '/a', '/a/b', '/c'])
    expect([nodes.get('/a/b')?.data, nodes.get('/c')?.data]).toEqual([null, new Uint8Array()])
  })

  it('tells how far it is, and names the snapshot only once it is stored', async () => {
    const { snapshotter, storage } = await scene([{ path: '/a' }])
    const events: string[] = []
    for await (const event of snapshotter.stream()) {
      events.push(event.type)
      if (event.type === 'snapshot') {
        const keys = (await collected(storage.list('znodes/'))).map(({ key }) => key)
        expect(keys).toEqual([`znodes/${event.id}.znodes.jsonl`])
      }
    }
    expect(events).toEqual(['nodes', 'snapshot'])
  })

  it('holds the last state of what others change, create and delete while it reads', async () => {
    const { zookeeper, storage, connect, nodesOf } = await scene([
      { path: '/changed', data: 'before' },
      { path: '/deleted' },
      { path: '/deleted/child' },
      { path: '/parent' },
      { path: '/restricted' },
      { path: '/z' },
    ])
    const other = transportTo(connect)
    const write = async () => {
      const changed = await other.stat('/changed')
      await other.commit([
        { type: 'set', path: '/changed', data: Buffer.from('after'), version: changed?.version ?? -1 },
        { type: 'delete', path: '/deleted/child', version: -1 },
        { type: 'delete', path: '/deleted', version: -1 },
        { type: 'create', path: '/parent/child', data: null, acl: OPEN_ACL },
      ])
      await other.setAcl('/restricted', [{ permissions: 1, scheme: 'world', id: 'anyone' }])
    }
    // One after the other, from the last to the first: the others write when `/z` has been read.
    const beside = writingBeside(zookeeper, '/restricted', { write, times: 1 })
    const summary = await new ZnodeSnapshotter({ zookeeper: beside, storage, concurrency: 1 }).run()
    expect(summary.consistency).not.toBe('fuzzy')
    const nodes = await nodesOf(summary.id)
    expect([...nodes.keys()]).toEqual(['/', '/changed', '/parent', '/parent/child', '/restricted', '/z'])
    expect(Buffer.from(nodes.get('/changed')?.data ?? []).toString()).toBe('after')
    expect(nodes.get('/restricted')?.acl).toEqual([{ permissions: 1, scheme: 'world', id: 'anyone' }])
  })

  it('sees a change of an ACL alone, which moves no zxid of the node', async () => {
    const { zookeeper, storage, connect, nodesOf } = await scene([{ path: '/a' }, { path: '/b' }])
    const acl = [{ permissions: 1, scheme: 'world', id: 'anyone' }]
    const other = transportTo(connect)
    let reads = 0
    const beside = intercepted(zookeeper, 'read', async (path, options) => {
      const reading = await zookeeper.read(path, options)
      reads += 1
      if (reads === 2) await other.setAcl(path, acl)
      return reading
    })
    const summary = await new ZnodeSnapshotter({ zookeeper: beside, storage, concurrency: 1 }).run()
    const nodes = [...(await nodesOf(summary.id)).values()]
    expect(nodes.filter((node) => node.aclVersion === 1).map((node) => node.acl)).toEqual([acl])
  })

  it('says that it is fuzzy when others never stop, and can refuse to store that', async () => {
    const { zookeeper, storage, connect } = await scene([{ path: '/busy' }])
    const other = transportTo(connect)
    const write = () => other.commit([{ type: 'set', path: '/busy', data: null, version: -1 }])
    const beside = writingBeside(zookeeper, '/busy', { write, times: Number.POSITIVE_INFINITY })
    const snapshotter = new ZnodeSnapshotter({ zookeeper: beside, storage, concurrency: 1 })
    await expect(snapshotter.run({ requireExact: true })).rejects.toMatchObject({
      code: 'SNAPSHOT_INCOMPLETE',
      retryable: true,
    })
    expect(await collected(storage.list('znodes/'))).toEqual([])
    const { consistency, moved, fromZxid, toZxid } = await snapshotter.run({ repairRounds: 2 })
    expect(consistency).toBe('fuzzy')
    expect(moved).toEqual(['/busy'])
    expect(toZxid).toBeGreaterThan(fromZxid)
  })

  it('goes on where it was when the server dies in the middle and comes back', async () => {
    const server = await startZooKeeper()
    onTestFinished(() => server.destroy())
    const zookeeper = transportTo(server.connect)
    await seed(
      zookeeper,
      Array.from({ length: 300 }, (_, index) => ({ path: `/node-${index}`, data: `${index}` })),
    )
    let reads = 0
    let revival: Promise<unknown> | undefined
    const revive = async () => {
      await server.kill()
      const revived = await startZooKeeper({ dataDirectory: server.dataDirectory, port: server.port })
      onTestFinished(() => revived.destroy())
    }
    const failing = intercepted(zookeeper, 'read', (path, options) => {
      reads += 1
      if (reads === 100) revival = revive()
      return zookeeper.read(path, options)
    })
    const storage = new MemoryStorage()
    const summary = await new ZnodeSnapshotter({ zookeeper: failing, storage, concurrency: 20 }).run()
    await revival
    expect(summary).toMatchObject({ nodes: 301, unreadable: [] })
    expect(summary.consistency).not.toBe('fuzzy')
    const nodes = await collected(new ZnodeArchive({ storage }).nodes(summary.id))
    for (const { path, data } of nodes.slice(1)) expect(path).toBe(`/node-${Buffer.from(data ?? [])}`)
  })

  it('stores nothing when a node may not be read, unless asked, and then says so', async () => {
    const { connect, zookeeper, storage } = await scene([
      { path: '/a' },
      { path: '/secret', acl: OWNER_ONLY },
      { path: '/secret/below' },
    ])
    const stranger = new ZnodeSnapshotter({ zookeeper: transportTo(connect), storage })
    await expect(stranger.run()).rejects.toMatchObject({
      code: 'SNAPSHOT_INCOMPLETE',
      message: expect.stringContaining('/secret'),
      hint: expect.stringContaining('auth'),
    })
    expect(await collected(storage.list('znodes/'))).toEqual([])
    expect(await stranger.run({ onUnreadable: 'skip' })).toMatchObject({ nodes: 2, unreadable: ['/secret'] })
    expect(await new ZnodeSnapshotter({ zookeeper, storage }).run()).toMatchObject({ nodes: 4, unreadable: [] })
  })

  it('marks ACLs of which the server hides a part', async () => {
    const { connect, zookeeper, storage, nodesOf } = await scene([
      { path: '/a', acl: [...OWNER_ONLY, { permissions: 1, scheme: 'world', id: 'anyone' }] },
    ])
    const seenBy = async (transport: ZooKeeperTransport) => {
      const { id } = await new ZnodeSnapshotter({ zookeeper: transport, storage }).run()
      return (await nodesOf(id)).get('/a')
    }
    expect(await seenBy(transportTo(connect))).toMatchObject({ aclRedacted: true })
    expect(await seenBy(zookeeper)).not.toHaveProperty('aclRedacted')
  })

  it('takes selected roots with the nodes above them, without what is excluded', async () => {
    const { snapshotter, nodesOf } = await scene([
      { path: '/a' },
      { path: '/a/b' },
      { path: '/a/b/keep' },
      { path: '/a/b/job-1' },
      { path: '/a/b/job-1/log' },
      { path: '/other' },
    ])
    const { id } = await snapshotter.run({ roots: ['/a/b'], exclude: [/\/job-\d+$/] })
    expect([...(await nodesOf(id)).keys()]).toEqual(['/', '/a', '/a/b', '/a/b/keep'])
    await expect(snapshotter.run({ roots: ['/nowhere'] })).rejects.toMatchObject({ code: 'SNAPSHOT_INCOMPLETE' })
  })

  it('keeps nodes of sessions for information, and the number of the next sequential child', async () => {
    const { connect, snapshotter, nodesOf } = await scene([{ path: '/queue' }])
    const session = await sessionAt(connect)
    await session.createEphemeral('/queue/worker')
    for (let job = 0; job < 4; job += 1) await session.createSequential('/queue/job-')
    const { id, ephemerals } = await snapshotter.run()
    const nodes = await nodesOf(id)
    expect(ephemerals).toBe(1)
    expect(nodes.get('/queue/worker')).toMatchObject({ kind: 'ephemeral' })
    expect(nodes.get('/queue')?.sequence).toBe(5)
    expect(await session.createSequential('/queue/job-')).toBe('/queue/job-0000000005')
  })

  it('reads thousands of nodes under one parent', async () => {
    const { zookeeper, snapshotter } = await scene([{ path: '/many' }])
    for (let start = 0; start < 5_000; start += 500) {
      const paths = Array.from({ length: 500 }, (_, index) => `/many/node-${start + index}`)
      await zookeeper.commit(paths.map((path) => ({ type: 'create', path, data: Buffer.from('x'), acl: OPEN_ACL })))
    }
    expect(await snapshotter.run()).toMatchObject({ nodes: 5_002, bytes: 5_000n })
  })

  it('writes into no storage that holds something else', async () => {
    const { zookeeper } = await scene([])
    const storage = new MemoryStorage()
    await storage.put('holiday.jpg', Buffer.from('?'))
    await expect(new ZnodeSnapshotter({ zookeeper, storage }).run()).rejects.toMatchObject({ code: 'FOREIGN_CONTENT' })
    expect(await collected(storage.list(''))).toHaveLength(1)
  })

  it('ends at once with the reason of the signal itself', async () => {
    const { snapshotter, storage } = await scene([{ path: '/a' }])
    const reason = new Error('stop')
    const controller = new AbortController()
    const stopped = async () => {
      for await (const _ of snapshotter.stream({ signal: controller.signal })) controller.abort(reason)
    }
    await expect(stopped()).rejects.toBe(reason)
    expect(await collected(storage.list('znodes/'))).toEqual([])
  })

  it('rejects wrong options at once', async () => {
    const { snapshotter, zookeeper, storage } = await scene([])
    expect(() => snapshotter.stream({ roots: [] })).toThrow(TypeError)
    expect(() => snapshotter.stream({ roots: ['/zookeeper/quota'] })).toThrow('leaves out')
    expect(() => snapshotter.stream({ repairRounds: -1 })).toThrow(RangeError)
    const misspelt = { roots: ['/'], excludes: [] }
    expect(() => snapshotter.stream(misspelt)).toThrow('has no option `excludes`')
    expect(() => new ZnodeSnapshotter({ zookeeper, storage, concurrency: 0 })).toThrow(RangeError)
  })
})

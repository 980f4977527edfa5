import {
  kafkaTransientZnodes,
  MemoryStorage,
  TransportError,
  type Znode,
  ZnodeArchive,
  type ZnodeChange,
  ZnodeRestorer,
  ZnodeSnapshotter,
  type ZooKeeperTransport,
} from 'kafkeep'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OPEN_ACL } from '../../../src/zookeeper/acl.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import { services } from '../../support/services.js'
import { collected } from '../../support/znode-arbitrary.js'
import { intercepted, ownChroot, type SeededNode, seed, sessionAt, transportTo } from '../../support/znodes.js'

const connect = () => services().zookeeper.connect
const ANN = [{ scheme: 'digest', credentials: 'ann:secret' }]
const OWNER_ONLY = [{ permissions: 31, scheme: 'auth', id: '' }]
const READ_ONLY = [{ permissions: 1, scheme: 'world', id: 'anyone' }]

/** A source tree with the given nodes, a snapshot of it, and an empty target that does not exist yet. */
async function scene(nodes: readonly SeededNode[], { auth = ANN } = {}) {
  const sourceConnect = await ownChroot(connect())
  const targetConnect = `${await ownChroot(connect())}/not/there/yet`
  const source = transportTo(sourceConnect, { auth })
  const target = transportTo(targetConnect, { auth })
  const storage = new MemoryStorage()
  await seed(source, nodes)
  return {
    source,
    sourceConnect,
    target,
    targetConnect,
    storage,
    snapshot: (options = {}) => new ZnodeSnapshotter({ zookeeper: source, storage }).run(options),
    restorer: new ZnodeRestorer({ zookeeper: target, storage }),
    nodesOf: async (zookeeper: ZooKeeperTransport) => {
      const scratch = new MemoryStorage()
      const { id } = await new ZnodeSnapshotter({ zookeeper, storage: scratch }).run()
      return collected(new ZnodeArchive({ storage: scratch }).nodes(id))
    },
  }
}

/** What of a node a client can set. */
function settable({ path, data, acl, sequence, version, kind }: Znode) {
  const isCounter = data === null || data.length === 0
  // Equality of large arrays is slow in the test runner; that of strings is not.
  const content = data === null ? null : Buffer.from(data).toString('base64')
  return { path, content, acl, sequence, kind, version: isCounter ? version : undefined }
}

function actions(changes: readonly ZnodeChange[]): Record<string, string> {
  return Object.fromEntries(changes.map(({ path, action }) => [path, action]))
}

function connectionLoss(): TransportError {
  return new TransportError('lost', { system: 'zookeeper', reason: 'CONNECTION_LOSS', retryable: true })
}

describe('ZnodeRestorer', () => {
  it('brings back everything that a client can set, into a chroot that does not exist', async () => {
    const { source, sourceConnect, target, snapshot, restorer, nodesOf } = await scene([
      { path: '/brokers' },
      { path: '/brokers/seqid', data: '' },
      { path: '/brokers/topics', data: 'inner nodes have data too' },
      { path: '/brokers/topics/grüße', data: Uint8Array.of(0xff, 0x00, 0x80) },
      { path: '/locked', data: 'secret', acl: OWNER_ONLY },
      { path: '/locked/inside', data: 'deep', acl: OWNER_ONLY },
      { path: '/read-only', acl: [...READ_ONLY, ...OWNER_ONLY] },
      { path: '/read-only/child', data: '' },
      { path: '/queue' },
    ])
    const session = await sessionAt(sourceConnect)
    for (let write = 0; write < 7; write += 1) await session.set('/brokers/seqid', Buffer.alloc(0))
    for (let job = 0; job < 5; job += 1) await session.createSequential('/queue/job-')
    await source.commit([{ type: 'delete', path: '/queue/job-0000000004', version: -1 }])
    await snapshot()
    const summary = await restorer.run()
    expect(summary).toMatchObject({ created: 14, updated: 0, deleted: 0, kept: 0, skipped: [], failed: [] })
    const before = await nodesOf(source)
    expect((await nodesOf(target)).map(settable)).toEqual(before.map(settable))
    expect(before).toHaveLength(14)
  })

  it('gives the next sequential child and the next write the numbers they would have had', async () => {
    const { sourceConnect, targetConnect, target, snapshot, restorer } = await scene([
      { path: '/queue' },
      { path: '/seqid', data: '' },
    ])
    const session = await sessionAt(sourceConnect)
    for (let job = 0; job < 3; job += 1) await session.createSequential('/queue/job-')
    for (let write = 0; write < 4; write += 1) await session.set('/seqid', Buffer.alloc(0))
    await snapshot()
    await restorer.run({ paths: ['/queue', '/seqid'], exclude: [/\/job-\d+$/] })
    expect(await (await sessionAt(targetConnect)).createSequential('/queue/job-')).toBe('/queue/job-0000000003')
    expect(await target.stat('/seqid')).toMatchObject({ version: 4 })
  })

  it('raises a counter of thousands, whatever the number of transactions that takes', async () => {
    const { source, target, snapshot, restorer } = await scene([{ path: '/many' }])
    const pair = [
      { type: 'create', path: '/many/x', data: null, acl: OPEN_ACL },
      { type: 'delete', path: '/many/x', version: -1 },
    ] as const
    for (let round = 0; round < 6; round += 1) await source.commit(Array.from({ length: 200 }, () => pair).flat())
    await snapshot()
    await restorer.run()
    expect(await target.stat('/many')).toMatchObject({ childCount: 0, childrenVersion: 2_400 })
  })

  it('raises the version of nodes with data only when asked', async () => {
    const { sourceConnect, target, snapshot, restorer } = await scene([{ path: '/a', data: 'x' }])
    const session = await sessionAt(sourceConnect)
    for (let write = 0; write < 3; write += 1) await session.set('/a', Buffer.from(`write ${write}`))
    await snapshot()
    await restorer.run()
    expect(await target.stat('/a')).toMatchObject({ version: 0 })
    await restorer.run({ versions: true })
    expect(await target.read('/a')).toMatchObject({
      stat: { version: 3 },
      data: new Uint8Array(Buffer.from('write 2')),
    })
  })

  it('leaves nodes of sessions out, and says so', async () => {
    const { sourceConnect, target, snapshot, restorer } = await scene([{ path: '/ids' }])
    await (await sessionAt(sourceConnect)).createEphemeral('/ids/0')
    expect(await snapshot()).toMatchObject({ ephemerals: 1 })
    const { skipped } = await restorer.run()
    expect(actions(skipped)).toEqual({ '/ids/0': 'skip' })
    expect(await target.read('/ids')).toMatchObject({ children: [] })
    await restorer.run({ ephemerals: 'persistent' })
    expect(await target.stat('/ids/0')).toMatchObject({ ephemeralOwner: 0n })
  })

  it('changes nothing when it runs again', async () => {
    const { target, snapshot, restorer, nodesOf } = await scene([
      { path: '/a', data: 'x', acl: OWNER_ONLY },
      { path: '/a/b', data: 'y' },
    ])
    await snapshot()
    await restorer.run({ onExisting: 'error' })
    const before = await nodesOf(target)
    for (const onExisting of ['keep', 'overwrite', 'error'] as const) {
      expect(await restorer.run({ onExisting, deleteExtra: true })).toMatchObject({ created: 0, updated: 0, kept: 3 })
    }
    expect(await nodesOf(target)).toEqual(before)
  })

  it('keeps what exists, overwrites it, or writes nothing, as asked', async () => {
    const { target, snapshot, restorer } = await scene([
      { path: '/a', data: 'old' },
      { path: '/b', data: 'new' },
    ])
    await snapshot()
    await target.ensureRootParent()
    await seed(target, [{ path: '/' }, { path: '/a', data: 'live' }])
    await expect(restorer.run({ onExisting: 'error' })).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('/a (its data differs)'),
    })
    expect(await target.read('/b')).toBeUndefined()
    expect(actions(await collected(restorer.plan()))).toEqual({ '/': 'keep', '/a': 'keep', '/b': 'create' })
    await restorer.run()
    expect(await target.read('/a')).toMatchObject({ data: new Uint8Array(Buffer.from('live')) })
    expect(actions(await collected(restorer.plan({ onExisting: 'overwrite' })))).toMatchObject({ '/a': 'set' })
    expect(await restorer.run({ onExisting: 'overwrite' })).toMatchObject({ created: 0, updated: 1, kept: 2 })
    expect(await target.read('/a')).toMatchObject({ data: new Uint8Array(Buffer.from('old')) })
  })

  it('applies the policy to nodes that others create while it runs', async () => {
    const { target, storage, snapshot } = await scene([
      { path: '/same', data: 'x' },
      { path: '/other', data: 'mine' },
      { path: '/other/child', data: 'y' },
    ])
    await snapshot()
    let raced = false
    const racing = intercepted(target, 'commit', async (...call) => {
      if (!raced) {
        raced = true
        await seed(target, [{ path: '/' }, { path: '/same', data: 'x' }, { path: '/other', data: 'theirs' }])
      }
      return target.commit(...call)
    })
    expect(await new ZnodeRestorer({ zookeeper: racing, storage }).run()).toMatchObject({
      created: 1,
      kept: 3,
      failed: [],
    })
    expect(await target.read('/other')).toMatchObject({
      data: new Uint8Array(Buffer.from('theirs')),
      children: ['child'],
    })
  })

  it('does not lock itself out of nodes that nobody may write', async () => {
    const { source, target, snapshot, restorer } = await scene([{ path: '/a' }, { path: '/a/b', acl: OWNER_ONLY }])
    await source.setAcl('/a', READ_ONLY)
    await snapshot()
    expect(await restorer.run()).toMatchObject({ created: 3, failed: [] })
    expect(await target.read('/a')).toMatchObject({ acl: READ_ONLY, children: ['b'] })
  })

  it('gives a node that is not finished to nobody else, and finishes it in the next run', async () => {
    const { source, target, storage, snapshot, restorer } = await scene([{ path: '/a' }, { path: '/a/b' }])
    await source.setAcl('/a', READ_ONLY)
    await snapshot()
    const dying = intercepted(target, 'setAcl', () => Promise.reject(new Error('killed')))
    await expect(new ZnodeRestorer({ zookeeper: dying, storage }).run()).rejects.toThrow('killed')
    const unfinished = (await target.read('/a'))?.acl ?? []
    expect(unfinished.filter(({ permissions }) => permissions > 0).map(({ scheme }) => scheme)).toEqual(['digest'])
    const change = { path: '/a', action: 'acl', why: 'an earlier restore did not finish' }
    expect(await collected(restorer.plan({ onExisting: 'error' }))).toContainEqual(change)
    expect(await restorer.run({ onExisting: 'error' })).toMatchObject({ created: 0, updated: 1, failed: [] })
    expect(await target.read('/a')).toMatchObject({ acl: READ_ONLY })
  })

  it('asks for an identity where it needs one', async () => {
    const { source, targetConnect, storage, snapshot } = await scene([{ path: '/a' }, { path: '/a/b' }])
    await source.setAcl('/a', READ_ONLY)
    await snapshot()
    const nobody = new ZnodeRestorer({ zookeeper: transportTo(targetConnect), storage })
    const { created, failed } = await nobody.run()
    expect(created).toBe(1)
    expect(failed.map(({ path, error }) => [path, error.hint])).toEqual([
      ['/a', expect.stringContaining('`auth`')],
      ['/a/b', undefined],
    ])
  })

  it('refuses ACLs of which the server hid a part', async () => {
    const { sourceConnect, storage, restorer, target } = await scene([
      { path: '/a', acl: [...READ_ONLY, ...OWNER_ONLY] },
      { path: '/a/b' },
    ])
    await new ZnodeSnapshotter({ zookeeper: transportTo(sourceConnect), storage }).run()
    const { skipped } = await restorer.run()
    expect(actions(skipped)).toEqual({ '/a': 'skip', '/a/b': 'skip' })
    await restorer.run({ acls: (acl) => (acl.scheme === 'digest' ? undefined : acl) })
    expect(await target.read('/a')).toMatchObject({ acl: READ_ONLY })
  })

  it('names the nodes that the server refuses, and does the rest', async () => {
    const { target, snapshot, restorer } = await scene([{ path: '/a' }, { path: '/a/b' }, { path: '/c', data: 'x' }])
    await snapshot()
    const summary = await restorer.run({
      acls: (acl, path) => (path === '/a' ? { permissions: 31, scheme: 'no-such-scheme', id: 'x' } : acl),
    })
    expect(summary.created).toBe(3)
    expect(summary.failed.map(({ path, error }) => [path, Reflect.get(error, 'reason')])).toEqual([
      ['/a', 'INVALID_ACL'],
    ])
    expect(await target.read('/c')).toBeDefined()
  })

  it('deletes what the snapshot does not hold only when asked, and never what belongs to a session', async () => {
    const { target, targetConnect, snapshot, restorer } = await scene([{ path: '/a' }, { path: '/excluded' }])
    await snapshot({ exclude: ['/excluded'] })
    await restorer.run()
    await seed(target, [{ path: '/excluded' }, { path: '/a/x' }, { path: '/a/x/y' }, { path: '/a/held' }])
    await (await sessionAt(targetConnect)).createEphemeral('/a/held/by-session')
    expect(await restorer.run()).toMatchObject({ deleted: 0 })
    expect(actions(await collected(restorer.plan({ deleteExtra: true })))).toEqual({
      '/': 'keep',
      '/a': 'keep',
      '/a/x/y': 'delete',
      '/a/x': 'delete',
      '/a/held/by-session': 'keep',
      '/a/held': 'keep',
    })
    expect(await restorer.run({ deleteExtra: true })).toMatchObject({ deleted: 2, failed: [] })
    expect((await target.read('/'))?.children.toSorted()).toEqual(['a', 'excluded'])
    expect(await target.read('/a')).toMatchObject({ children: ['held'] })
  })

  it('restores selected paths with the nodes above them', async () => {
    const { target, snapshot, restorer } = await scene([
      { path: '/a', data: '1' },
      { path: '/a/b', data: '2' },
      { path: '/a/b/c', data: '3' },
      { path: '/other' },
    ])
    await snapshot()
    await expect(restorer.run({ paths: ['/nowhere'] })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
    expect(await restorer.run({ paths: ['/a/b'] })).toMatchObject({ created: 4 })
    expect(await target.read('/')).toMatchObject({ children: ['a'] })
  })

  it('restores to other places, with the nodes above them, and deletes nothing where nodes were before', async () => {
    const { target, snapshot, restorer } = await scene([
      { path: '/a', data: '1' },
      { path: '/a-b', data: '2' },
      { path: '/a/x', data: '3' },
      { path: '/z', data: '4' },
    ])
    await snapshot()
    await target.ensureRootParent()
    await seed(target, [{ path: '/' }, { path: '/a' }, { path: '/a/live' }])
    const remap = { '/a': '/z/new/a' }
    const plan = actions(await collected(restorer.plan({ remap, deleteExtra: true })))
    expect(plan).toMatchObject({ '/z': 'create', '/z/new': 'create', '/z/new/a/x': 'create' })
    expect(plan).not.toHaveProperty('/a')
    expect(await restorer.run({ remap, deleteExtra: true })).toMatchObject({ created: 5, deleted: 0, failed: [] })
    expect(await target.read('/z')).toMatchObject({ data: new Uint8Array(Buffer.from('4')), children: ['new'] })
    expect(await target.read('/z/new/a/x')).toMatchObject({ data: new Uint8Array(Buffer.from('3')) })
    expect(await target.read('/a')).toMatchObject({ children: ['live'] })
    await expect(restorer.run({ remap: { '/a': '/z' } })).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })
    expect(() => restorer.plan({ remap: { '/a': '/x', '/z': '/x/y' } })).toThrow('one of which is in the other')
  })

  it('keeps a node closed to others while something below it is missing, and opens it with the next run', async () => {
    const { source, target, snapshot, restorer } = await scene([{ path: '/a' }, { path: '/a/b' }])
    await source.setAcl('/a', READ_ONLY)
    await snapshot()
    const acls = (acl: (typeof READ_ONLY)[number], path: string) =>
      path === '/a/b' ? { permissions: 31, scheme: 'no-such-scheme', id: 'x' } : acl
    const { failed } = await restorer.run({ acls })
    expect(failed.map(({ path }) => path)).toEqual(['/a/b', '/a'])
    expect(await restorer.run()).toMatchObject({ created: 1, updated: 1, failed: [] })
    expect(await target.read('/a')).toMatchObject({ acl: READ_ONLY, children: ['b'] })
  })

  it('settles every transaction that was on its way when the connection was lost', async () => {
    const { source, target, storage, snapshot, nodesOf } = await scene([{ path: '/many' }])
    for (let start = 0; start < 5_000; start += 500) {
      const names = Array.from({ length: 500 }, (_, index) => `/many/node-${start + index}`)
      await source.commit(names.map((path) => ({ type: 'create', path, data: null, acl: OPEN_ACL }) as const))
    }
    await snapshot()
    let commits = 0
    const losing = intercepted(target, 'commit', async (...call) => {
      commits += 1
      const lost = commits % 3 === 0
      const made = commits % 2 === 0
      if (lost && !made) throw connectionLoss()
      const outcome = await target.commit(...call)
      if (lost) throw connectionLoss()
      return outcome
    })
    const { created, kept, failed } = await new ZnodeRestorer({ zookeeper: losing, storage }).run()
    expect([created + kept, failed]).toEqual([5_002, []])
    expect((await nodesOf(target)).map(settable)).toEqual((await nodesOf(source)).map(settable))
  })

  it('names a node that is too large for the server, and does the rest', async () => {
    const { source, target, storage, snapshot } = await scene([{ path: '/a' }, { path: '/c', data: 'x' }])
    await seed(source, [{ path: '/b', data: Buffer.alloc(900_000) }])
    await snapshot()
    const refusing = intercepted(target, 'commit', async (...call) => {
      const [operations] = call
      if (operations.some((operation) => operation.path === '/b')) throw connectionLoss()
      return target.commit(...call)
    })
    const { created, failed } = await new ZnodeRestorer({ zookeeper: refusing, storage }).run()
    expect([created, failed.map(({ path }) => path)]).toEqual([3, ['/b']])
  })

  it('restores quotas last, and lets the server count what is in use', async () => {
    const server = await startZooKeeper()
    onTestFinished(() => server.destroy())
    const zookeeper = transportTo(server.connect)
    const storage = new MemoryStorage()
    const quota = '/zookeeper/quota/used'
    const limits = { path: `${quota}/zookeeper_limits`, data: 'count=9,bytes=-1' }
    await seed(zookeeper, [{ path: '/used' }, { path: '/used/a' }, { path: quota }, limits])
    await seed(zookeeper, [{ path: `${quota}/zookeeper_stats`, data: 'count=77,bytes=77' }])
    await new ZnodeSnapshotter({ zookeeper, storage }).run({ exclude: [] })
    const paths = [`${quota}/zookeeper_stats`, limits.path, quota, '/used/a', '/used']
    await zookeeper.commit(paths.map((path) => ({ type: 'delete', path, version: -1 }) as const))
    expect(await new ZnodeRestorer({ zookeeper, storage }).run()).toMatchObject({ created: 5, failed: [] })
    expect(await zookeeper.read(limits.path)).toMatchObject({ data: new Uint8Array(Buffer.from(limits.data)) })
    const stats = await zookeeper.read(`${quota}/zookeeper_stats`)
    expect(Buffer.from(stats?.data ?? []).toString()).toContain('count=2')
  })

  it('never replays pending commands of Kafka with its preset', async () => {
    const { target, snapshot, restorer } = await scene([
      { path: '/admin' },
      { path: '/admin/delete_topics' },
      { path: '/admin/delete_topics/orders' },
      { path: '/admin/reassign_partitions', data: '{}' },
      { path: '/cluster' },
      { path: '/cluster/id', data: '{"id":"x"}' },
    ])
    await snapshot()
    await restorer.run({ exclude: kafkaTransientZnodes })
    expect(await target.read('/admin')).toMatchObject({ children: ['delete_topics'] })
    expect(await target.read('/admin/delete_topics')).toMatchObject({ children: [] })
    expect(await target.read('/cluster/id')).toBeDefined()
  })

  it('restores thousands of nodes and nodes that fill a transaction', async () => {
    const { source, target, snapshot, restorer, nodesOf } = await scene([{ path: '/many' }])
    for (let start = 0; start < 3_000; start += 500) {
      const names = Array.from({ length: 500 }, (_, index) => `/many/node-${start + index}`)
      const creates = names.map((path) => ({ type: 'create', path, data: Buffer.from(path), acl: OPEN_ACL }) as const)
      await source.commit(creates)
    }
    await seed(source, [
      { path: '/big-1', data: Buffer.alloc(900_000, 1) },
      { path: '/big-2', data: Buffer.alloc(900_000, 2) },
    ])
    await snapshot()
    expect(await restorer.run()).toMatchObject({ created: 3_004, failed: [] })
    expect((await nodesOf(target)).map(settable)).toEqual((await nodesOf(source)).map(settable))
  })

  it('ends with one clear error when the server dies half-way, and is finished by the next run', async () => {
    const { source, storage, snapshot } = await scene([{ path: '/many' }])
    for (let start = 0; start < 10_000; start += 500) {
      const names = Array.from({ length: 500 }, (_, index) => `/many/node-${start + index}`)
      await source.commit(names.map((path) => ({ type: 'create', path, data: null, acl: OPEN_ACL }) as const))
    }
    await snapshot()
    const server = await startZooKeeper()
    onTestFinished(() => server.destroy())
    const restorer = new ZnodeRestorer({ zookeeper: transportTo(server.connect, { timeoutMs: 1_000 }), storage })
    const halfWay = async () => {
      for await (const { done } of restorer.stream()) if (done > 500) await server.kill()
    }
    await expect(halfWay()).rejects.toMatchObject({ code: 'TRANSPORT_FAILED', retryable: true })
    const { dataDirectory, port } = server
    const revived = await startZooKeeper({ dataDirectory, port })
    onTestFinished(() => revived.destroy())
    const next = new ZnodeRestorer({ zookeeper: transportTo(revived.connect), storage })
    const { created, kept, failed } = await next.run()
    expect(failed).toEqual([])
    expect(created).toBeGreaterThan(0)
    expect(created + kept).toBe(10_002)
  })

  it('rejects wrong options at once', async () => {
    const { restorer } = await scene([])
    expect(() => restorer.plan({ snapshot: '' })).toThrow(TypeError)
    expect(() => restorer.stream({ paths: ['relative'] })).toThrow(TypeError)
    expect(() => restorer.stream({ paths: ['/a'], exclude: ['/a'] })).toThrow('leaves out')
    const unknown = { paths: ['/'], rename: {} }
    expect(() => restorer.stream(unknown)).toThrow('has no option `rename`')
    await expect(restorer.run()).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
  })
})

import { MemoryStorage, ZnodeRestorer, ZnodeSnapshotter } from 'kafkeep'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OPEN_ACL } from '../../../src/zookeeper/acl.js'
import type { ZooKeeperTransport } from '../../../src/zookeeper/transport.js'
import { freePort, LOOPBACK } from '../../services/ports.js'
import type { Service, ZooKeeperService } from '../../services/service.js'
import { startZooKeeper, startZooKeeperProcess } from '../../services/zookeeper.js'
import { services } from '../../support/services.js'
import { intercepted, ownChroot, type SeededNode, seed, transportTo } from '../../support/znodes.js'

function untilFinished<T extends Service>(server: T): T {
  onTestFinished(() => server.destroy())
  return server
}

/** A server of the test's own that takes packets of less than `maxBuffer` bytes. */
async function serverTaking(maxBuffer: number) {
  return untilFinished(await startZooKeeper({ systemProperties: { 'jute.maxbuffer': String(maxBuffer) } }))
}

/** One of three servers, of which the two others are not there: it serves readers that say that they are no more. */
async function startReadOnly({ port, dataDirectory }: ZooKeeperService) {
  const members: Record<string, string> = { initLimit: '20', syncLimit: '20' }
  for (const id of [1, 2, 3]) members[`server.${id}`] = `${LOOPBACK}:${await freePort()}:${await freePort()}`
  return startZooKeeperProcess({
    ...{ port, dataDirectory, myId: 1, heapMegabytes: 160 },
    properties: members,
    systemProperties: { 'readonlymode.enabled': 'true' },
  })
}

async function snapshotOf(zookeeper: ZooKeeperTransport, nodes: readonly SeededNode[]): Promise<MemoryStorage> {
  await seed(zookeeper, nodes)
  const storage = new MemoryStorage()
  await new ZnodeSnapshotter({ zookeeper, storage }).run()
  return storage
}

describe('a server that serves readers only', () => {
  it('ends a snapshot that is half-way, and what comes after it, with a clear error within the limit', async () => {
    const server = untilFinished(await startZooKeeper())
    const zookeeper = transportTo(server.connect, { timeoutMs: 1_000 })
    const storage = await snapshotOf(zookeeper, [{ path: '/a' }, { path: '/a/b' }, { path: '/a/c' }])
    let reads = 0
    const losing = intercepted(zookeeper, 'read', async (path, options) => {
      reads += 1
      if (reads === 2) {
        await server.kill()
        untilFinished(await startReadOnly(server))
      }
      return zookeeper.read(path, options)
    })
    const refusal = {
      code: 'TRANSPORT_FAILED',
      reason: 'OPERATION_TIMEOUT',
      retryable: true,
      message: 'no connection to ZooKeeper within 1000 ms',
      hint: expect.stringContaining('quorum'),
    }
    const snapshotter = new ZnodeSnapshotter({ zookeeper: losing, storage, concurrency: 1 })
    await expect(snapshotter.run()).rejects.toMatchObject(refusal)
    await expect(new ZnodeRestorer({ zookeeper, storage }).run()).rejects.toMatchObject(refusal)
  })
})

describe('a server that enforces quotas', () => {
  it('refuses nodes beyond them: each is named with the reason and a hint, and the rest is restored', async () => {
    const server = untilFinished(await startZooKeeper({ properties: { enforceQuota: 'true' } }))
    const zookeeper = transportTo(server.connect)
    const storage = await snapshotOf(zookeeper, [
      { path: '/used' },
      { path: '/used/large', data: 'larger than the quota' },
      { path: '/used/large/below' },
      { path: '/used/small', data: 'ok' },
      { path: '/z' },
    ])
    const restored = ['/used/large/below', '/used/large', '/used/small', '/z']
    await zookeeper.commit(restored.map((path) => ({ type: 'delete', path, version: -1 }) as const))
    const quota = '/zookeeper/quota/used'
    await seed(zookeeper, [
      { path: quota },
      { path: `${quota}/zookeeper_limits`, data: 'count=-1,bytes=-1;byteHardLimit=10' },
      { path: `${quota}/zookeeper_stats`, data: 'count=1,bytes=0' },
    ])
    const { created, failed } = await new ZnodeRestorer({ zookeeper, storage }).run()
    expect(created).toBe(2)
    expect(failed).toMatchObject([
      {
        path: '/used/large',
        error: { code: 'TRANSPORT_FAILED', reason: 'QUOTA_EXCEEDED', hint: expect.stringContaining('quota') },
      },
      { path: '/used/large/below', error: { reason: 'NO_NODE' } },
    ])
  })
})

describe('a server with a jute.maxbuffer of its own', () => {
  const MEGABYTE = 1_048_576

  it('gives and takes values far beyond the usual megabyte, where it is larger', async () => {
    const source = transportTo((await serverTaking(4 * MEGABYTE)).connect)
    const data = Buffer.alloc(3 * MEGABYTE, 'x')
    const storage = await snapshotOf(source, [{ path: '/large', data }])
    await source.commit([{ type: 'delete', path: '/large', version: -1 }])
    expect(await new ZnodeRestorer({ zookeeper: source, storage }).run()).toMatchObject({ created: 1, failed: [] })
    expect(data.equals((await source.read('/large'))?.data ?? Buffer.alloc(0))).toBe(true)
  })

  it('gets no more at once than it takes, where it is smaller; what never fits is named with its size', async () => {
    const small = await serverTaking(65_536)
    const from = transportTo(await ownChroot(services().zookeeper.connect))
    const many = Array.from({ length: 400 }, (_, index) => `/many/node-${index}`)
    const data = Buffer.alloc(1_000, 'x')
    // A name so long that the usual number of passing children does not fit into one packet.
    const queue = `/${'long-name-'.repeat(20)}`
    const passing = [
      { type: 'create', path: `${queue}/x`, data: null, acl: OPEN_ACL },
      { type: 'delete', path: `${queue}/x`, version: -1 },
    ] as const
    await seed(from, [{ path: queue }, { path: '/many' }])
    const operations = [
      ...many.map((path) => ({ type: 'create', path, data, acl: OPEN_ACL }) as const),
      ...Array.from({ length: 300 }, () => passing).flat(),
    ]
    expect(await from.commit(operations)).toEqual({ committed: true })
    const storage = await snapshotOf(from, [
      { path: '/fits', data: Buffer.alloc(60_000) },
      { path: '/does-not-fit', data: Buffer.alloc(70_000) },
    ])
    const to = transportTo(small.connect)
    const { created, failed } = await new ZnodeRestorer({ zookeeper: to, storage }).run()
    expect(created).toBe(many.length + 3)
    expect(await to.stat(queue)).toMatchObject({ childrenVersion: 600 })
    expect(failed).toMatchObject([
      {
        path: '/does-not-fit',
        error: {
          message: expect.stringMatching(/\/does-not-fit, about 70\d\d\d bytes$/),
          retryable: false,
          hint: expect.stringContaining('jute.maxbuffer'),
        },
      },
    ])
  })
})

import type { Socket } from 'node:net'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import { createClient } from 'node-zookeeper-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OPEN_ACL } from '../../../src/zookeeper/acl.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import { answering, answerOf, fakeServer, ints, SYNC } from '../../support/fake-zookeeper.js'
import { services } from '../../support/services.js'
import { ownChroot, seed, transportTo } from '../../support/znodes.js'

const OWNER_ONLY = [{ permissions: 31, scheme: 'auth', id: '' }]
const NO_NODE = -101
const UNIMPLEMENTED = -6
const EXISTS = 3
const GET_DATA = 4
const GET_ACL = 6
const MULTI_READ = 22
const STAT = Buffer.alloc(68)

/** An open ACL, with counters. */
const ACL_ANSWER = Buffer.concat([ints(1, 31, 5), Buffer.from('world'), ints(6), Buffer.from('anyone'), STAT])

describe('NodeZooKeeperTransport', () => {
  it('does not believe a server that is behind what another one has told', async () => {
    const there = (xid: number, zxid: number) => answerOf(xid, 0, STAT, zxid)
    const goneAt = (xid: number, zxid: number) => answerOf(xid, NO_NODE, Buffer.alloc(0), zxid)
    // The first server is ahead and goes away after one answer, the second is behind, the third has caught up.
    const servers: ((xid: number, socket: Socket) => Buffer)[] = [
      (xid, socket) => {
        setImmediate(() => socket.end())
        return there(xid, 100)
      },
      (xid) => goneAt(xid, 50),
      (xid) => there(xid, 100),
    ]
    let connections = 0
    const server = await fakeServer((socket) => {
      const answer = servers[connections]
      connections += 1
      answering((xid, opcode) => (opcode === EXISTS ? answer?.(xid, socket) : answerOf(xid, 0)))(socket)
    })
    const zookeeper = transportTo(server)
    expect(await zookeeper.stat('/a')).toBeDefined()
    await expect.poll(() => connections).toBe(2)
    expect(await zookeeper.stat('/a')).toBeDefined()
    expect(connections).toBe(3)
  })

  it('reads one by one from a server that cannot read many at once', async () => {
    const asked: number[] = []
    const old = await fakeServer(
      answering((xid, opcode) => {
        asked.push(opcode)
        if (opcode === MULTI_READ) return answerOf(xid, UNIMPLEMENTED)
        if (opcode === GET_ACL) return answerOf(xid, 0, ACL_ANSWER)
        if (opcode === GET_DATA) return answerOf(xid, 0, Buffer.concat([ints(1), Buffer.from('x'), STAT]))
        return answerOf(xid, opcode === SYNC ? 0 : NO_NODE)
      }),
    )
    const zookeeper = transportTo(old)
    for (let round = 0; round < 2; round += 1) {
      const readings = await Promise.all(['/a', '/b', '/c'].map((path) => zookeeper.read(path)))
      expect(readings.map((reading) => Buffer.from(reading?.data ?? []).toString())).toEqual(['x', 'x', 'x'])
    }
    expect(asked.filter((opcode) => opcode === MULTI_READ)).toHaveLength(1)
  })

  it('tells of each of many nodes by itself that it is gone or may not be read', async () => {
    const connect = await ownChroot(services().zookeeper.connect)
    const ann = transportTo(connect, { auth: [{ scheme: 'digest', credentials: 'ann:secret' }] })
    const acl = [...OWNER_ONLY]
    await seed(ann, [
      { path: '/a', data: 'a' },
      { path: '/secret', acl },
      { path: '/z', data: 'z' },
    ])
    const stranger = transportTo(connect)
    const [first, secret, gone, last] = await Promise.allSettled(
      ['/a', '/secret', '/gone', '/z'].map((path) => stranger.read(path)),
    )
    expect(first).toMatchObject({ value: { data: new Uint8Array(Buffer.from('a')) } })
    expect(secret).toMatchObject({ reason: { reason: 'NO_AUTH' } })
    expect(gone).toEqual({ status: 'fulfilled', value: undefined })
    expect(last).toMatchObject({ value: { data: new Uint8Array(Buffer.from('z')) } })
  })

  it('writes fences where the root may not be read: each one is the next transaction', async () => {
    const server = await startZooKeeper()
    onTestFinished(() => server.destroy())
    const ann = transportTo(server.connect, { auth: [{ scheme: 'digest', credentials: 'ann:secret' }] })
    await seed(ann, [{ path: '/own', acl: OWNER_ONLY }])
    const stranger = transportTo(`${server.connect}/own`)
    const first = await stranger.fence()
    expect(await stranger.fence()).toBe(first + 1n)
    await seed(ann, [{ path: '/own/a' }])
    expect(await stranger.fence()).toBe(first + 3n)
  })

  it('proves who it is again after a lost connection', async () => {
    const server = await startZooKeeper()
    onTestFinished(() => server.destroy())
    const ann = transportTo(server.connect, { auth: [{ scheme: 'digest', credentials: 'ann:secret' }] })
    await seed(ann, [{ path: '/own', data: 'kept', acl: OWNER_ONLY }])
    await server.kill()
    const reading = ann.read('/own')
    const revived = await startZooKeeper({ dataDirectory: server.dataDirectory, port: server.port })
    onTestFinished(() => revived.destroy())
    expect(await reading).toMatchObject({ data: new Uint8Array(Buffer.from('kept')) })
  })

  it('can be closed while it connects, and leaves no connection behind', async () => {
    const sockets = new Set<Socket>()
    const silent = await fakeServer((socket) => {
      sockets.add(socket)
      socket.resume()
      socket.on('close', () => sockets.delete(socket))
    })
    const zookeeper = new NodeZooKeeperTransport({ connect: () => createClient(silent) })
    const reading = zookeeper.read('/')
    await expect.poll(() => sockets.size).toBe(1)
    await zookeeper.close()
    await expect(reading).rejects.toMatchObject({ code: 'TRANSPORT_FAILED' })
    await expect.poll(() => sockets.size).toBe(0)
  })

  it('reads a list of children that is larger than any packet a client may send', async () => {
    const zookeeper = transportTo(await ownChroot(services().zookeeper.connect))
    const names = Array.from({ length: 12_000 }, (_, index) => `${'long-name-'.repeat(9)}${index}`)
    for (let start = 0; start < names.length; start += 1_000) {
      const creations = names.slice(start, start + 1_000).map((name) => {
        return { type: 'create', path: `/${name}`, data: null, acl: OPEN_ACL } as const
      })
      expect(await zookeeper.commit(creations)).toEqual({ committed: true })
    }
    expect((await zookeeper.read('/'))?.children).toHaveLength(names.length)
  })
})

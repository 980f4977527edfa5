import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import { createClient } from 'node-zookeeper-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OPEN_ACL } from '../../../src/zookeeper/acl.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import {
  answering,
  answerOf,
  fakeServer,
  GREETING,
  handshake,
  ints,
  SESSION_EXPIRED,
  SYNC,
} from '../../support/fake-zookeeper.js'
import { services } from '../../support/services.js'
import { ownChroot, seed, transportTo } from '../../support/znodes.js'

const connect = () => services().zookeeper.connect

describe('NodeZooKeeperTransport', () => {
  it('reads data, ACL, children and counters of one instant, and keeps no data apart from empty data', async () => {
    const zookeeper = transportTo(await ownChroot(connect()))
    const acl = [{ permissions: 3, scheme: 'ip', id: '127.0.0.1' }]
    await seed(zookeeper, [{ path: '/none' }, { path: '/empty', data: '' }, { path: '/some', data: 'x', acl }])
    await seed(zookeeper, [{ path: '/none/child' }])
    expect(await zookeeper.read('/none')).toMatchObject({ data: null, children: ['child'], stat: { childCount: 1 } })
    expect(await zookeeper.read('/empty')).toMatchObject({ data: new Uint8Array(), acl: OPEN_ACL, children: [] })
    expect(await zookeeper.read('/some')).toMatchObject({ data: new Uint8Array(Buffer.from('x')), acl })
    expect(await zookeeper.read('/not-there')).toBeUndefined()
    expect(await zookeeper.stat('/not-there')).toBeUndefined()
  })

  it('commits all or nothing and names the operation that was refused', async () => {
    const zookeeper = transportTo(await ownChroot(connect()))
    await seed(zookeeper, [{ path: '/a' }])
    const outcome = await zookeeper.commit([
      { type: 'create', path: '/b', data: null, acl: OPEN_ACL },
      { type: 'create', path: '/a', data: null, acl: OPEN_ACL },
    ])
    expect(outcome).toEqual({ committed: false, index: 1, reason: 'NODE_EXISTS' })
    expect(await zookeeper.read('/b')).toBeUndefined()
  })

  it('takes version 0 as version 0, and writes null data', async () => {
    const zookeeper = transportTo(await ownChroot(connect()))
    await seed(zookeeper, [{ path: '/a', data: 'first' }])
    expect(await zookeeper.commit([{ type: 'set', path: '/a', data: null, version: 0 }])).toEqual({ committed: true })
    const again = await zookeeper.commit([{ type: 'set', path: '/a', data: null, version: 0 }])
    expect(again).toMatchObject({ committed: false, reason: 'BAD_VERSION' })
    expect(await zookeeper.read('/a')).toMatchObject({ data: null })
  })

  it('reads and writes ACL entries without a permission', async () => {
    const zookeeper = transportTo(await ownChroot(connect()))
    await seed(zookeeper, [{ path: '/a' }])
    const acl = [...OPEN_ACL, { permissions: 0, scheme: 'digest', id: 'nobody:hash' }]
    await zookeeper.setAcl('/a', acl)
    expect(await zookeeper.read('/a')).toMatchObject({ acl })
  })

  it('shows the credentials before anything is asked', async () => {
    const chroot = await ownChroot(connect())
    const auth = [{ scheme: 'digest', credentials: 'ann:secret' }]
    const ann = transportTo(chroot, { auth })
    await seed(ann, [{ path: '/a', acl: [{ permissions: 31, scheme: 'auth', id: '' }] }])
    expect(await transportTo(chroot, { auth }).read('/a')).toBeDefined()
    await expect(transportTo(chroot).read('/a')).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      reason: 'NO_AUTH',
      hint: expect.stringContaining('auth'),
    })
  })

  it('says which credentials a server does not take', async () => {
    const zookeeper = transportTo(connect(), { auth: [{ scheme: 'no-such-scheme', credentials: 'secret' }] })
    const failure = zookeeper.fence()
    await expect(failure).rejects.toMatchObject({ code: 'TRANSPORT_FAILED', reason: 'AUTH_FAILED' })
    await expect(failure).rejects.not.toThrow('secret')
  })

  it('counts no write between two fences when there was none', async () => {
    const server = await startZooKeeper()
    onTestFinished(() => server.destroy())
    const zookeeper = transportTo(server.connect)
    const first = await zookeeper.fence()
    expect(await zookeeper.fence()).toBe(first + 1n)
    await seed(zookeeper, [{ path: '/a' }])
    expect(await zookeeper.fence()).toBe(first + 3n)
  })

  it('creates the nodes above a chroot that does not exist, but not the chroot itself', async () => {
    const chroot = await ownChroot(connect())
    const zookeeper = transportTo(`${chroot}/x/y/z`)
    await expect(zookeeper.fence()).rejects.toMatchObject({
      reason: 'NO_NODE',
      hint: expect.stringContaining('chroot'),
    })
    await zookeeper.ensureRootParent()
    expect(await zookeeper.read('/')).toBeUndefined()
    await seed(zookeeper, [{ path: '/' }])
    expect(await transportTo(chroot).read('/x/y/z')).toBeDefined()
  })

  it('gives one clear error when no server answers', async () => {
    const zookeeper = transportTo('127.0.0.1:1', { timeoutMs: 300 })
    await expect(zookeeper.read('/')).rejects.toMatchObject({
      name: 'TransportError',
      code: 'TRANSPORT_FAILED',
      retryable: true,
      message: 'no connection to ZooKeeper within 300 ms',
      cause: expect.objectContaining({ code: 'ECONNREFUSED' }),
    })
  })

  it('gives one clear error when a server accepts connections but never speaks', async () => {
    const zookeeper = transportTo(await fakeServer(() => {}), { timeoutMs: 300 })
    await expect(zookeeper.read('/')).rejects.toMatchObject({ reason: 'OPERATION_TIMEOUT' })
  })

  it('gives one clear error when what answers is not ZooKeeper', async () => {
    const web = await fakeServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await expect(transportTo(web, { timeoutMs: 300 }).read('/')).rejects.toMatchObject({ code: 'TRANSPORT_FAILED' })
  })

  it('gives one clear error when a server greets but never answers', async () => {
    const silent = await fakeServer(answering((xid, opcode) => (opcode === SYNC ? answerOf(xid, 0) : undefined)))
    await expect(transportTo(silent, { timeoutMs: 300 }).read('/')).rejects.toMatchObject({
      message: expect.stringMatching(/^ZooKeeper did not .* within 300 ms$/),
      reason: 'OPERATION_TIMEOUT',
    })
  })

  it('survives error codes that the client does not know', async () => {
    const strange = await fakeServer(answering((xid, opcode) => answerOf(xid, opcode === SYNC ? 0 : -125)))
    await expect(transportTo(strange).read('/')).rejects.toMatchObject({ reason: 'QUOTA_EXCEEDED' })
    const stranger = await fakeServer(answering((xid, opcode) => answerOf(xid, opcode === SYNC ? 0 : -4711)))
    await expect(transportTo(stranger).read('/')).rejects.toMatchObject({ reason: 'ERROR_-4711' })
  })

  it('survives answers that are too short', async () => {
    const short = await fakeServer(answering((xid) => answerOf(xid, 0, ints(1_000))))
    await expect(transportTo(short).stat('/')).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      message: expect.stringContaining('cannot be read'),
    })
  })

  it('is not confused by an answer that a lost connection has cut off', async () => {
    let connections = 0
    const cutting = await fakeServer((socket) => {
      connections += 1
      const cuts = connections === 1
      answering((xid, opcode) => {
        if (opcode === SYNC) return answerOf(xid, 0)
        const answer = answerOf(xid, -101)
        if (!cuts) return answer
        socket.end(answer.subarray(0, 9))
        return undefined
      })(socket)
    })
    expect(await transportTo(cutting).stat('/a')).toBeUndefined()
    expect(connections).toBe(2)
  })

  it('rejects with the reason of the signal itself, also while it waits for a server', async () => {
    const zookeeper = transportTo('127.0.0.1:1')
    const reason = new Error('stop')
    const controller = new AbortController()
    const reading = zookeeper.read('/', { signal: controller.signal })
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await expect(zookeeper.read('/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('goes on with reads when the server comes back', async () => {
    const server = await startZooKeeper()
    onTestFinished(() => server.destroy())
    const zookeeper = transportTo(server.connect)
    await seed(zookeeper, [{ path: '/a', data: 'kept' }])
    await server.kill()
    const reading = zookeeper.read('/a')
    const { dataDirectory, port } = server
    const revived = await startZooKeeper({ dataDirectory, port })
    onTestFinished(() => revived.destroy())
    expect(await reading).toMatchObject({ data: new Uint8Array(Buffer.from('kept')) })
  })

  it('turns from a server that says nothing to the next one, in the handshake and after it', async () => {
    const silences = [
      () => {},
      answering(
        (xid, opcode) => (opcode === SYNC ? answerOf(xid, 0) : undefined),
        handshake({ sessionTimeoutMs: 300 }),
      ),
      answering((xid, opcode) => answerOf(xid, opcode === SYNC ? 0 : -101)),
    ]
    let connections = 0
    const silent = await fakeServer((socket) => {
      silences[connections]?.(socket)
      connections += 1
    })
    const zookeeper = new NodeZooKeeperTransport({ connect: () => createClient(silent, { sessionTimeout: 300 }) })
    onTestFinished(() => zookeeper.close())
    expect(await zookeeper.stat('/a')).toBeUndefined()
    expect(connections).toBe(3)
  })

  it('goes on with a new client when the session has expired', async () => {
    const handshakes: Buffer[] = [GREETING, SESSION_EXPIRED, GREETING]
    const expiring = await fakeServer((socket) => {
      const [greeting] = handshakes.splice(0, 1)
      const isLast = handshakes.length === 0
      answering((xid, opcode) => {
        if (opcode === SYNC || isLast) return answerOf(xid, opcode === SYNC ? 0 : -101)
        socket.end()
        return undefined
      }, greeting)(socket)
    })
    let clients = 0
    const connectOnce = () => {
      clients += 1
      return createClient(expiring)
    }
    const zookeeper = new NodeZooKeeperTransport({ connect: connectOnce })
    onTestFinished(() => zookeeper.close())
    expect(await zookeeper.stat('/a')).toBeUndefined()
    expect(clients).toBe(2)
  })

  it('refuses to be used after it was closed, and closes twice', async () => {
    const zookeeper = transportTo(connect())
    await zookeeper.fence()
    await zookeeper.close()
    await zookeeper.close()
    await expect(zookeeper.fence()).rejects.toThrow('the ZooKeeper transport is closed')
  })

  it('says what is wrong with a client that is not one, is in use, or is given twice', async () => {
    const none = new NodeZooKeeperTransport({ connect: () => ({}) })
    await expect(none.fence()).rejects.toMatchObject({ code: 'UNSUPPORTED_CLIENT', hint: expect.any(String) })
    const client = createClient('127.0.0.1:1')
    const used = new NodeZooKeeperTransport({ connect: () => client, timeoutMs: 100 })
    await expect(used.fence()).rejects.toMatchObject({ reason: 'OPERATION_TIMEOUT' })
    await expect(used.fence()).rejects.toMatchObject({ code: 'UNSUPPORTED_CLIENT' })
  })

  it('rejects wrong options at once', () => {
    const factory = () => createClient('127.0.0.1:1')
    expect(() => new NodeZooKeeperTransport({ connect: factory, timeoutMs: 0 })).toThrow(RangeError)
    const misspelt = { connect: factory, timeout: 5 }
    expect(() => new NodeZooKeeperTransport(misspelt)).toThrow('has no option `timeout`')
  })
})

import assert from 'node:assert/strict'
import { OPEN_ACL } from '../zookeeper/acl.js'
import type { ZnodeOperation, ZooKeeperTransport } from '../zookeeper/transport.js'
import type { TestFunction } from './test-function.js'

interface ZooKeeperContract {
  readonly test: TestFunction
  readonly open: () => Promise<ZooKeeperTransport>
}

const ANY_VERSION = -1

/**
 * Defines the tests that every {@link ZooKeeperTransport} must pass, with the `test` function of your runner.
 *
 * @param test - Called with a name and an async body for each test.
 * @param open - Answers a transport whose root exists, is empty, and is nobody else's: a chroot of its own. Called once
 * per test, and closed after it.
 * @example
 * ```ts
 * describe('MyTransport', () => zookeeperTransportContract(test, async () => new MyTransport(await ownChroot())))
 * ```
 */
export function zookeeperTransportContract(test: TestFunction, open: () => Promise<ZooKeeperTransport>): void {
  const contract = { test, open }
  readContract(contract)
  commitContract(contract)
  fenceContract(contract)
  lifeContract(contract)
}

async function withTransport(
  { open }: ZooKeeperContract,
  body: (transport: ZooKeeperTransport) => Promise<void>,
): Promise<void> {
  const transport = await open()
  try {
    await body(transport)
  } finally {
    await transport.close()
  }
}

function creation(path: string, data: Uint8Array | null = null): ZnodeOperation {
  return { type: 'create', path, data, acl: OPEN_ACL }
}

async function committed(transport: ZooKeeperTransport, ...operations: ZnodeOperation[]): Promise<void> {
  assert.deepEqual(await transport.commit(operations), { committed: true })
}

function readContract(contract: ZooKeeperContract): void {
  const { test } = contract
  test('reads a node with its data, its ACL, its children and its counters', () =>
    withTransport(contract, async (transport) => {
      const data = Buffer.from([0, 255, 128])
      await committed(transport, creation('/parent', data), creation('/parent/one'), creation('/parent/two'))
      const reading = await transport.read('/parent')
      assert.deepEqual(Buffer.from(reading?.data ?? []), data)
      assert.deepEqual(reading?.acl, OPEN_ACL)
      assert.deepEqual(reading?.children.toSorted(), ['one', 'two'])
      assert.equal(reading?.stat.childCount, 2)
      assert.equal(reading?.stat.version, 0)
      assert.deepEqual(await transport.stat('/parent'), reading?.stat)
    }))

  test('tells null from empty data', () =>
    withTransport(contract, async (transport) => {
      await committed(transport, creation('/null', null), creation('/empty', Buffer.alloc(0)))
      assert.equal((await transport.read('/null'))?.data, null)
      assert.equal((await transport.read('/empty'))?.data?.length, 0)
    }))

  test('answers undefined for a node that is not there', () =>
    withTransport(contract, async (transport) => {
      assert.equal(await transport.read('/nowhere'), undefined)
      assert.equal(await transport.stat('/nowhere/below'), undefined)
    }))

  test('reads thousands of nodes at once', () =>
    withTransport(contract, async (transport) => {
      const paths = Array.from({ length: 2_000 }, (_, index) => `/node-${index}`)
      await committed(transport, ...paths.map((path) => creation(path, Buffer.from(path))))
      const readings = await Promise.all(paths.map((path) => transport.read(path)))
      assert.deepEqual(
        readings.map((reading) => Buffer.from(reading?.data ?? []).toString()),
        paths,
      )
    }))
}

function commitContract(contract: ZooKeeperContract): void {
  const { test } = contract
  test('makes all writes of a transaction, or none, and says which one was refused', () =>
    withTransport(contract, async (transport) => {
      await committed(transport, creation('/there'))
      const outcome = await transport.commit([creation('/new'), creation('/there'), creation('/newer')])
      assert.deepEqual(outcome, { committed: false, index: 1, reason: 'NODE_EXISTS' })
      assert.equal(await transport.stat('/new'), undefined)
    }))

  test('writes and deletes only the version that it is told, also version 0', () =>
    withTransport(contract, async (transport) => {
      await committed(transport, creation('/node'))
      const set = (version: number): ZnodeOperation => ({ type: 'set', path: '/node', data: null, version })
      await committed(transport, set(0), set(1), set(ANY_VERSION))
      assert.equal((await transport.stat('/node'))?.version, 3)
      assert.deepEqual(await transport.commit([set(0)]), { committed: false, index: 0, reason: 'BAD_VERSION' })
      const remove = (version: number): ZnodeOperation => ({ type: 'delete', path: '/node', version })
      assert.deepEqual(await transport.commit([remove(0)]), { committed: false, index: 0, reason: 'BAD_VERSION' })
      await committed(transport, remove(3))
      assert.equal(await transport.stat('/node'), undefined)
    }))

  test('replaces an ACL, and may do so again', () =>
    withTransport(contract, async (transport) => {
      await committed(transport, creation('/node'))
      const acl = [
        { permissions: 1, scheme: 'world', id: 'anyone' },
        { permissions: 31, scheme: 'ip', id: '127.0.0.1' },
      ]
      await transport.setAcl('/node', acl)
      await transport.setAcl('/node', acl)
      assert.deepEqual((await transport.read('/node'))?.acl, acl)
      await assert.rejects(transport.setAcl('/nowhere', acl), { code: 'TRANSPORT_FAILED', reason: 'NO_NODE' })
    }))
}

function fenceContract(contract: ZooKeeperContract): void {
  const { test } = contract
  test('answers fences that grow by one where nothing was written, and by more where something was', () =>
    withTransport(contract, async (transport) => {
      const first = await transport.fence()
      const second = await transport.fence()
      await committed(transport, creation('/between'))
      const third = await transport.fence()
      assert.ok(second > first)
      assert.ok(third >= second + 2n)
      const created = (await transport.stat('/between'))?.createdZxid ?? 0n
      assert.ok(created > second && created < third)
    }))

  test('leaves the tree alone when the parents of its root are there', () =>
    withTransport(contract, async (transport) => {
      await committed(transport, creation('/node'))
      const before = await transport.read('/')
      await transport.ensureRootParent()
      assert.deepEqual(await transport.read('/'), before)
    }))
}

function lifeContract(contract: ZooKeeperContract): void {
  const { test } = contract
  const calls: Readonly<Record<string, (transport: ZooKeeperTransport, signal?: AbortSignal) => Promise<unknown>>> = {
    fence: (transport, signal) => transport.fence({ signal }),
    read: (transport, signal) => transport.read('/', { signal }),
    stat: (transport, signal) => transport.stat('/', { signal }),
    commit: (transport, signal) => transport.commit([creation('/node')], { signal }),
    setAcl: (transport, signal) => transport.setAcl('/', OPEN_ACL, { signal }),
    ensureRootParent: (transport, signal) => transport.ensureRootParent({ signal }),
  }

  test('rejects every call with the reason of a signal that has fired', () =>
    withTransport(contract, async (transport) => {
      const reason = new Error('enough')
      for (const [name, call] of Object.entries(calls)) {
        const rejected = call(transport, AbortSignal.abort(reason))
        await assert.rejects(rejected, (error) => error === reason, `${name} must reject with the signal's reason`)
      }
    }))

  test('rejects every call once it is closed, and may be closed twice', () =>
    withTransport(contract, async (transport) => {
      await transport.fence()
      await transport.close()
      await transport.close()
      for (const [name, call] of Object.entries(calls)) {
        await assert.rejects(call(transport), { code: 'TRANSPORT_FAILED' }, `${name} must fail`)
      }
    }))
}

import fc from 'fast-check'
import { MemoryStorage, ZnodeArchive, zookeeperFilesLayout } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { znodeToJson } from '../../../../src/codec/znode-json.js'
import { kindOf } from '../../../../src/interop/zookeeper/owner.js'
import { OPEN_ACL } from '../../../../src/zookeeper/acl.js'
import { parentOf } from '../../../../src/zookeeper/path.js'
import { untouchedZnode, type ZnodeStat } from '../../../../src/zookeeper/znode.js'
import {
  body,
  digestTail,
  type FileNode,
  type FileTransaction,
  logBytes,
  snapshotBytes,
  TYPE,
} from '../../../support/server-file-bytes.js'
import { collected } from '../../../support/znode-arbitrary.js'
import { newestTree } from '../../../support/zookeeper-files.js'

const LAYOUT = zookeeperFilesLayout({ prefix: '' })
const NAMES = ['a', 'b', 'c']
const SESSIONS = [7n, 8n]

/** A server that holds its tree in the plainest way, and writes down what it does. */
class ModelServer {
  readonly log: FileTransaction[] = []
  readonly nodes = new Map<string, FileNode>()
  zxid = 0n

  constructor() {
    this.nodes.set('/', { path: '/', data: new Uint8Array(), stat: statFrom({}) })
  }

  children(path: string): string[] {
    return [...this.nodes.keys()].filter((other) => parentOf(other) === path)
  }

  create(path: string, ephemeral: boolean, sessionId: bigint): void {
    const parent = this.nodes.get(parentOf(path) ?? '')
    if (parent === undefined || parent.stat.ephemeralOwner !== 0n || this.nodes.has(path)) {
      this.fail()
      return
    }
    const creations = parent.stat.childrenVersion + 1
    const zxid = this.write({ sessionId, type: TYPE.create, body: body.create(path, null, { ephemeral, creations }) })
    this.change(parent, { childrenVersion: creations, childrenZxid: zxid })
    this.nodes.set(path, { path, data: null, stat: createdAt(zxid, ephemeral ? sessionId : 0n) })
  }

  delete(path: string): void {
    if (path === '/' || !this.nodes.has(path) || this.children(path).length > 0) {
      this.fail()
      return
    }
    this.remove(path, this.write({ type: TYPE.delete, body: body.delete(path) }))
  }

  set(path: string, text: string): void {
    const node = this.nodes.get(path)
    if (node === undefined) {
      this.fail()
      return
    }
    const [data, version] = [new Uint8Array(Buffer.from(text)), node.stat.version + 1]
    const zxid = this.write({ type: TYPE.set, body: body.set(path, data, version) })
    this.change({ ...node, data }, { version, modifiedZxid: zxid, modifiedMs: 1_000n + zxid })
  }

  setAcl(path: string): void {
    const node = this.nodes.get(path)
    if (node === undefined) {
      this.fail()
      return
    }
    const aclVersion = node.stat.aclVersion + 1
    this.write({ type: TYPE.setAcl, body: body.setAcl(path, OPEN_ACL, aclVersion) })
    this.change(node, { aclVersion })
  }

  closeSession(sessionId: bigint): void {
    const owned = [...this.nodes.values()].filter(({ stat }) => stat.ephemeralOwner === sessionId)
    const paths = owned.map(({ path }) => path)
    // Before ZooKeeper 3.6 the paths were not told, and a server did not come to the same zxids of parents itself.
    const zxid = this.write({ sessionId, type: TYPE.closeSession, body: body.closeSession(paths) })
    for (const path of paths) this.remove(path, zxid)
  }

  fail(): void {
    this.write({ type: TYPE.error, body: body.error(-101) })
  }

  private write(transaction: Omit<FileTransaction, 'zxid'>): bigint {
    this.zxid += 1n
    this.log.push({ zxid: this.zxid, ...transaction })
    return this.zxid
  }

  private remove(path: string, zxid: bigint): void {
    this.nodes.delete(path)
    const parent = this.nodes.get(parentOf(path) ?? '')
    if (parent !== undefined) this.change(parent, { childrenZxid: zxid })
  }

  private change(node: FileNode, stat: Partial<ZnodeStat>): void {
    this.nodes.set(node.path, { ...node, stat: { ...node.stat, ...stat } })
  }
}

function statFrom(changes: Partial<ZnodeStat>): ZnodeStat {
  const { path, data, acl, kind, sequence, ...stat } = untouchedZnode('/')
  return { ...stat, ...changes }
}

function createdAt(zxid: bigint, ephemeralOwner: bigint): ZnodeStat {
  const times = { createdMs: 1_000n + zxid, modifiedMs: 1_000n + zxid }
  return statFrom({ createdZxid: zxid, modifiedZxid: zxid, childrenZxid: zxid, ...times, ephemeralOwner })
}

type Step = (server: ModelServer) => void

const pathArbitrary = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((names) => `/${names.join('/')}`)
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(pathArbitrary, fc.boolean(), fc.constantFrom(...SESSIONS)).map(
      ([path, ephemeral, session]): Step =>
        (server) =>
          server.create(path, ephemeral, session),
    ),
  },
  {
    weight: 4,
    arbitrary: pathArbitrary.map(
      (path): Step =>
        (server) =>
          server.delete(path),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(pathArbitrary, fc.string()).map(
      ([path, text]): Step =>
        (server) =>
          server.set(path, text),
    ),
  },
  {
    weight: 1,
    arbitrary: pathArbitrary.map(
      (path): Step =>
        (server) =>
          server.setAcl(path),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...SESSIONS).map(
      (session): Step =>
        (server) =>
          server.closeSession(session),
    ),
  },
)

/** Writes a snapshot as a server does: node by node, while it goes on making the changes of `meanwhile`. */
function fuzzySnapshot(server: ModelServer, meanwhile: readonly Step[]): FileNode[] {
  const steps = [...meanwhile]
  const written: FileNode[] = []
  const visit = (path: string) => {
    steps.shift()?.(server)
    const node = server.nodes.get(path)
    if (node === undefined) return
    const children = server.children(path)
    written.push(node)
    steps.shift()?.(server)
    for (const child of children) visit(child)
  }
  visit('/')
  for (const step of steps) step(server)
  return written
}

/** The lines of the model's tree, as the archive tells them. */
function linesOf(server: ModelServer): string[] {
  const paths = [...server.nodes.keys()].sort()
  return paths.map((path) => {
    const { data, stat } = server.nodes.get(path) as FileNode
    const childCount = server.children(path).length
    const childrenVersion = 2 * stat.childrenVersion - childCount
    const sequence = stat.childrenVersion
    const node = {
      path,
      data,
      acl: OPEN_ACL,
      ...stat,
      ...kindOf(stat.ephemeralOwner),
      childCount,
      childrenVersion,
      sequence,
    }
    return znodeToJson(node)
  })
}

describe('replaying a log on a snapshot', () => {
  it('that was written while others wrote gives the tree of the server', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(stepArbitrary, { maxLength: 30 }),
        fc.array(stepArbitrary, { maxLength: 25 }),
        fc.array(stepArbitrary, { minLength: 1, maxLength: 15 }),
        fc.boolean(),
        async (before, meanwhile, after, tells) => {
          const server = new ModelServer()
          server.fail()
          for (const step of before) step(server)
          const begun = server.zxid
          const nodes = fuzzySnapshot(server, meanwhile)
          // Of a digest only the transaction is looked at here: the log has none to compare it with.
          const tail = tells ? digestTail(server.zxid, 0n) : []
          for (const step of after) step(server)
          const storage = new MemoryStorage()
          await storage.put(`snapshot.${begun.toString(16)}`, snapshotBytes(nodes, tail))
          await storage.put('log.1', logBytes(server.log))
          expect((await newestTree(storage, LAYOUT)).map(znodeToJson)).toEqual(linesOf(server))
          const states = await collected(new ZnodeArchive({ storage, layout: LAYOUT }).snapshots())
          expect(states.at(-1)).toMatchObject({ consistency: 'exact', toZxid: server.zxid })
        },
      ),
      { numRuns: 150 },
    )
  })
})

it('shows an ACL that the server has lost so that it is never restored, unless the logs have it', async () => {
  const nodes = (server: ModelServer) => [...server.nodes.values()].map((node) => ({ ...node, aclNumber: 5n }))
  const server = new ModelServer()
  server.create('/a', false, 7n)
  const storage = new MemoryStorage()
  await storage.put('snapshot.1', snapshotBytes(nodes(server)))
  server.setAcl('/a')
  await storage.put('log.1', logBytes(server.log))
  const [root, known] = await newestTree(storage, LAYOUT)
  expect(root).toMatchObject({ path: '/', aclRedacted: true, acl: [{ permissions: 0 }] })
  expect(known).toMatchObject({ path: '/a', acl: OPEN_ACL })
  expect(known).not.toHaveProperty('aclRedacted')
})

describe('a log that does not fit', () => {
  const start = () => {
    const server = new ModelServer()
    server.create('/a', false, 7n)
    return server
  }

  it.each([
    ['creates what is there', TYPE.create, body.create('/a', null, { creations: 2 })],
    ['creates below what is not there', TYPE.create, body.create('/x/y', null, { creations: 1 })],
    ['deletes what is not there', TYPE.delete, body.delete('/x')],
    ['writes what is not there', TYPE.set, body.set('/x', null, 1)],
    ['sets the ACL of what is not there', TYPE.setAcl, body.setAcl('/x', OPEN_ACL, 1)],
  ])('is refused when it %s', async (_, type, content) => {
    const server = start()
    const storage = new MemoryStorage()
    await storage.put('snapshot.1', snapshotBytes([...server.nodes.values()], digestTail(1n, 0n)))
    // What comes right after a snapshot may be there in part.
    const odd = [
      { zxid: 2n, type, body: content },
      { zxid: 3n, type, body: content },
    ]
    await storage.put('log.1', logBytes([...server.log, ...odd]))
    await expect(newestTree(storage, LAYOUT)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      key: 'log.1',
      message: expect.stringContaining('transaction 0x3 at byte'),
    })
  })

  it('is refused when its parts differ between two logs, or go back', async () => {
    const storage = new MemoryStorage()
    const server = start()
    server.set('/a', 'x')
    await storage.put('log.1', logBytes(server.log))
    await storage.put('log.2', logBytes([{ zxid: 2n, type: TYPE.set, body: body.set('/a', null, 1) }]))
    await expect(newestTree(storage, LAYOUT)).rejects.toMatchObject({
      message: expect.stringContaining('different transactions 0x2'),
    })
    const back = new MemoryStorage()
    await back.put('log.1', logBytes([...server.log, ...server.log]))
    await expect(newestTree(back, LAYOUT)).rejects.toMatchObject({ message: expect.stringContaining('comes after') })
  })

  it('is refused when it has a transaction that nobody knows, or one that is none', async () => {
    const storage = new MemoryStorage()
    await storage.put('log.1', logBytes([{ zxid: 1n, type: 99, body: [] }]))
    await expect(newestTree(storage, LAYOUT)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
    const odd = new MemoryStorage()
    await odd.put('log.1', logBytes([{ zxid: 1n, type: TYPE.delete, body: body.delete('no/path') }]))
    await expect(newestTree(odd, LAYOUT)).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: 'log.1' })
  })

  it('is not replayed in part: what a refused transaction wanted is not done', async () => {
    const parts = [
      { type: TYPE.create, body: body.create('/a', null, { creations: 1 }) },
      { type: TYPE.error, body: body.error(-101) },
    ]
    const storage = new MemoryStorage()
    await storage.put('log.1', logBytes([{ zxid: 1n, type: TYPE.multi, body: body.multi(parts) }]))
    const paths = (await newestTree(storage, LAYOUT)).map(({ path }) => path)
    expect(paths).toEqual(['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota'])
  })
})

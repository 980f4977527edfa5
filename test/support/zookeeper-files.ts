import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { MemoryStorage, ZnodeArchive, type ZnodeLayout, ZnodeSnapshotter } from 'kafkeep'
import type { ArchiveStorage } from '../../src/storage/storage.js'
import { OPEN_ACL } from '../../src/zookeeper/acl.js'
import type { ZooKeeperTransport } from '../../src/zookeeper/transport.js'
import type { Znode } from '../../src/zookeeper/znode.js'
import { collected } from './znode-arbitrary.js'
import { seed, sessionAt } from './znodes.js'

/** Settings of a server that begins new files after a few transactions, and keeps them small. */
export const SMALL_FILES = { extendedTypesEnabled: 'true', snapCount: '20', preAllocSize: '4' }
/** The identity that {@link writeVariedTree} needs, and that may see all of the tree. */
export const ANN = { scheme: 'digest', credentials: 'ann:secret' }

/** Writes something of every kind to a server, so that most kinds of transactions are in its logs. */
export async function writeVariedTree(zookeeper: ZooKeeperTransport, connect: string): Promise<void> {
  const [lasting, passing] = [await sessionAt(connect), await sessionAt(connect)]
  await seed(zookeeper, [
    { path: '/a', data: 'x' },
    { path: '/a/b' },
    { path: '/empty', data: '' },
    { path: '/grüße', data: Buffer.from([0, 255]) },
    { path: '/queue' },
    { path: '/secret', acl: [{ permissions: 31, scheme: 'auth', id: '' }] },
  ])
  await zookeeper.commit([
    { type: 'create', path: '/box', data: null, acl: OPEN_ACL, kind: 'container' },
    { type: 'create', path: '/box/in', data: null, acl: OPEN_ACL },
    { type: 'create', path: '/brief', data: Buffer.from('t'), acl: OPEN_ACL, kind: 'ttl', ttlMs: 600_000n },
  ])
  for (let job = 0; job < 5; job += 1) await lasting.createSequential('/queue/job-')
  await lasting.createEphemeral('/queue/live')
  await passing.createEphemeral('/queue/gone')
  await passing.createEphemeral('/gone')
  await passing.end()
  await zookeeper.commit([
    { type: 'create', path: '/never', data: null, acl: OPEN_ACL },
    { type: 'delete', path: '/nowhere', version: -1 },
  ])
  await zookeeper.commit([
    { type: 'create', path: '/passing', data: null, acl: OPEN_ACL },
    { type: 'delete', path: '/passing', version: -1 },
    { type: 'delete', path: '/queue/job-0000000003', version: -1 },
    { type: 'set', path: '/a', data: Buffer.from('y'), version: 0 },
  ])
  await zookeeper.setAcl('/a/b', [{ permissions: 1, scheme: 'world', id: 'anyone' }])
  for (let round = 0; round < 25; round += 1) await setData(zookeeper, '/a', `round ${round}`)
}

/** Replaces the data of a node. */
export async function setData(zookeeper: ZooKeeperTransport, path: string, data: string): Promise<void> {
  await zookeeper.commit([{ type: 'set', path, data: Buffer.from(data), version: -1 }])
}

/** The whole tree as a client sees it, the server's own nodes too. */
export async function liveTree(zookeeper: ZooKeeperTransport): Promise<Znode[]> {
  const storage = new MemoryStorage()
  const { id } = await new ZnodeSnapshotter({ zookeeper, storage }).run({ exclude: [], requireExact: true })
  return collected(new ZnodeArchive({ storage }).nodes(id))
}

/** The newest state that a layout shows. */
export async function newestTree(storage: ArchiveStorage, layout: ZnodeLayout): Promise<Znode[]> {
  return collected(new ZnodeArchive({ storage, layout }).nodes('latest'))
}

/** Nodes as a client sees them, to whom containers and nodes with a time to live are persistent. */
export function asClientsSee(nodes: readonly Znode[]): readonly Znode[] {
  return nodes.map(({ ttlMs, ...node }) => {
    return node.kind === 'container' || node.kind === 'ttl' ? { ...node, kind: 'persistent' } : node
  })
}

/** The kind of each node that is not just persistent. */
export function kindsIn(nodes: readonly Znode[]): Readonly<Record<string, string>> {
  const special = nodes.filter(({ kind }) => kind !== 'persistent')
  return Object.fromEntries(
    special.map(({ path, kind, ttlMs }) => [path, ttlMs === undefined ? kind : `${kind} ${ttlMs}`]),
  )
}

/** What {@link kindsIn} tells of the tree of {@link writeVariedTree}. */
export const VARIED_KINDS = { '/box': 'container', '/brief': 'ttl 600000', '/queue/live': 'ephemeral' }

/** The files in a folder, below `prefix` of a storage. */
export async function storedFiles(folder: string, prefix = 'version-2'): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  for (const name of await readdir(folder)) await storage.put(`${prefix}/${name}`, await readFile(join(folder, name)))
  return storage
}

/** The logs in a folder as Exhibitor uploads them; `prefix` is its key prefix. */
export async function exhibitorUploads(folder: string, prefix = 'exhibitor-backup'): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  for (const name of await readdir(folder)) {
    if (!name.startsWith('log.')) continue
    await storage.put(`${prefix}/${name}/1577209078000`, gzipSync(await readFile(join(folder, name))))
  }
  return storage
}

/** Where the files of real servers are. */
export const FIXTURES = fileURLToPath(new URL('../fixtures/zookeeper/', import.meta.url))

/** A copy of a storage with what `change` makes of each object: `null` leaves it out, `undefined` leaves it as it is. */
export async function edited(
  storage: MemoryStorage,
  change: (key: string, bytes: Buffer) => Buffer | null | undefined,
): Promise<MemoryStorage> {
  const copy = new MemoryStorage()
  for await (const { key } of storage.list('')) {
    const bytes = Buffer.concat(await collected(storage.get(key)))
    const changed = change(key, bytes)
    if (changed !== null) await copy.put(key, changed ?? bytes)
  }
  return copy
}

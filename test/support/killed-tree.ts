import { MemoryStorage, type Znode, ZnodeArchive, ZnodeSnapshotter, type ZooKeeperTransport } from 'kafkeep'
import { OPEN_ACL } from '../../src/zookeeper/acl.js'
import type { ZnodeOperation } from '../../src/zookeeper/transport.js'
import type { Acl } from '../../src/zookeeper/znode.js'
import { collected } from './znode-arbitrary.js'

/** Who restores. */
export const KILLED_AUTH = [{ scheme: 'digest', credentials: 'ann:secret' }]

const READ_ONLY: readonly Acl[] = [{ permissions: 1, scheme: 'world', id: 'anyone' }]
const PARENTS = 60
const CHILDREN = 40
const SERVICES = 200

/**
 * Makes a tree in which every step of a restore has something to do: data of all kinds, counters far beyond the number of
 * children, versions, nodes that nobody may write any more.
 */
export async function makeKilledTree(zookeeper: ZooKeeperTransport): Promise<void> {
  await commit(zookeeper, [create('/parents'), create('/services', 'inner data'), create('/seqid', '')])
  await commit(
    zookeeper,
    Array.from({ length: 37 }, () => set('/seqid', '')),
  )
  for (let parent = 0; parent < PARENTS; parent += 1) {
    const path = `/parents/parent-${parent}`
    const children = Array.from({ length: CHILDREN }, (_, child) => `${path}/job-${String(child).padStart(10, '0')}`)
    const passed = Array.from({ length: parent }, () => [create(`${path}/gone`), remove(`${path}/gone`)])
    const creates = children.map((child, index) => create(child, index % 3 === 0 ? undefined : `data of ${child}`))
    await commit(zookeeper, [create(path), ...creates, ...passed.flat()])
    if (parent % 3 === 0) await zookeeper.setAcl(path, READ_ONLY)
  }
  for (let service = 0; service < SERVICES; service += 1) {
    const path = `/services/service-${service}`
    const writes = Array.from({ length: service % 5 }, (_, write) => set(path, `write ${write}`))
    await commit(zookeeper, [create(path, 'first'), create(`${path}/leader`, 'x'), ...writes])
    if (service % 4 === 0) await zookeeper.setAcl(path, READ_ONLY)
  }
}

/** A line for each node of the tree with everything of it that a client can set; a tree that is gone has none. */
export async function settableLines(zookeeper: ZooKeeperTransport): Promise<readonly string[]> {
  const storage = new MemoryStorage()
  const { id } = await new ZnodeSnapshotter({ zookeeper, storage }).run()
  return (await collected(new ZnodeArchive({ storage }).nodes(id))).map(settableLine)
}

/** Everything that a client can set of a node, as text that shows what differs. */
export function settableLine({ path, data, acl, sequence, version }: Znode): string {
  const content = data === null ? null : Buffer.from(data).toString('base64')
  return JSON.stringify({ path, content, acl, sequence, version })
}

async function commit(zookeeper: ZooKeeperTransport, operations: readonly ZnodeOperation[]): Promise<void> {
  const outcome = await zookeeper.commit(operations)
  if (!outcome.committed) throw new Error(`the tree cannot be made: ${outcome.reason}`)
}

function create(path: string, data?: string): ZnodeOperation {
  return { type: 'create', path, data: data === undefined ? null : Buffer.from(data), acl: OPEN_ACL }
}

function set(path: string, data: string): ZnodeOperation {
  return { type: 'set', path, data: Buffer.from(data), version: -1 }
}

function remove(path: string): ZnodeOperation {
  return { type: 'delete', path, version: -1 }
}

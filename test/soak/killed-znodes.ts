import { FileSystemStorage, ZnodeArchive, ZnodeRestorer, ZnodeSnapshotter } from 'kafkeep'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import { createClient } from 'node-zookeeper-client'
import { KILLED_AUTH, makeKilledTree, settableLine, settableLines } from '../support/killed-tree.js'
import type { Soaked } from './soaked.js'

/**
 * A snapshotter and a restorer that are killed in turn. Each time a restore is through, its tree is compared with the
 * one that was archived, and the next one begins with a new target. Fills a tree; the folder must be empty.
 */
export async function killedZnodes(connect: string, directory: string): Promise<Soaked> {
  const storage = new FileSystemStorage({ directory })
  const source = `${connect}/source`
  const expected = await withTree(source, async (zookeeper) => {
    await zookeeper.ensureRootParent()
    await zookeeper.commit([{ type: 'create', path: '/', data: null, acl: OPEN }])
    await makeKilledTree(zookeeper)
    await new ZnodeSnapshotter({ zookeeper, storage }).run()
    return (await settableLines(zookeeper)).join('\n')
  })
  let restored = 0
  let runs = 0
  const target = () => `${connect}/target-${restored}`
  const compare = async () => {
    await withTree(target(), async (zookeeper) => {
      if ((await settableLines(zookeeper)).join('\n') !== expected) throw new Error(`${target()} is not as it was`)
    })
    restored += 1
  }
  return {
    latestKillMs: 1_500,
    next() {
      runs += 1
      if (runs % 2 === 0) return { verb: 'snapshot-znodes', connect: source, directory }
      return { verb: 'restore-znodes', connect: target(), directory }
    },
    async afterKill(end) {
      if (end === 'by-itself' && runs % 2 === 1) await compare()
    },
    async check() {
      const snapshots = await checkSnapshots(storage, expected)
      await withTree(target(), (zookeeper) => new ZnodeRestorer({ zookeeper, storage }).run({ versions: true }))
      await compare()
      return `${snapshots} snapshots and ${restored} restored trees are as the first one`
    },
  }
}

const OPEN = [{ permissions: 31, scheme: 'world', id: 'anyone' }]

/** A snapshotter that was killed leaves nothing, or a whole snapshot. */
async function checkSnapshots(storage: FileSystemStorage, expected: string): Promise<number> {
  const archive = new ZnodeArchive({ storage })
  let snapshots = 0
  for await (const { id } of archive.snapshots()) {
    const lines: string[] = []
    for await (const node of archive.nodes(id)) lines.push(settableLine(node))
    if (lines.join('\n') !== expected) throw new Error(`the snapshot ${id} is not of the tree as it was`)
    snapshots += 1
  }
  return snapshots
}

async function withTree<T>(connect: string, use: (zookeeper: NodeZooKeeperTransport) => Promise<T>): Promise<T> {
  await using zookeeper = new NodeZooKeeperTransport({ connect: () => createClient(connect), auth: KILLED_AUTH })
  return await use(zookeeper)
}

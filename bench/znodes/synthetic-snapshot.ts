import { FileSystemStorage } from 'kafkeep'
import { ensureArchive } from '../../src/archive/archive-marker.js'
import { writeSnapshot } from '../../src/archive/znode-snapshot.js'
import { jsonLinesZnodes } from '../../src/codec/json-lines-znodes.js'
import { untouchedZnode, type Znode } from '../../src/zookeeper/znode.js'

const CHILDREN = 1_000
const DATA = new Uint8Array(Buffer.alloc(100, 'x'))

/** Stores a snapshot of so many nodes of 100 bytes, a thousand below each parent. */
export async function storeSyntheticSnapshot(directory: string, nodes: number): Promise<void> {
  const storage = new FileSystemStorage({ directory })
  await ensureArchive(storage, {})
  const proof = { consistency: 'exact', fromZxid: 1n, toZxid: 2n } as const
  const facts = { takenMs: Date.now(), roots: ['/'], exclude: [], unreadable: [], moved: [], ...proof }
  await writeSnapshot(storage, { facts, nodes: () => treeOf(nodes), codec: jsonLinesZnodes() }, {})
}

/** Sorted by path. */
async function* treeOf(nodes: number): AsyncGenerator<Znode> {
  const parents = Math.ceil(nodes / CHILDREN)
  yield parent('/', parents)
  for (let index = 0; index < parents; index += 1) {
    const path = `/parent-${String(index).padStart(6, '0')}`
    yield parent(path, CHILDREN)
    for (let child = 0; child < CHILDREN; child += 1) {
      yield { ...untouchedZnode(`${path}/node-${String(child).padStart(6, '0')}`), data: DATA }
    }
  }
}

function parent(path: string, children: number): Znode {
  return { ...untouchedZnode(path), childCount: children, sequence: children }
}

import { findSnapshot, type SnapshotFacts, writeSnapshot } from '../../src/archive/znode-snapshot.js'
import { jsonLinesZnodes } from '../../src/codec/json-lines-znodes.js'
import type { ArchiveStorage, StorageCallOptions } from '../../src/storage/storage.js'
import type { Znode } from '../../src/zookeeper/znode.js'
import { collected, streamOf } from './znode-arbitrary.js'

const FACTS: SnapshotFacts = {
  takenMs: Date.UTC(2026, 10, 23),
  roots: ['/'],
  exclude: ['/zookeeper'],
  unreadable: [],
  consistency: 'exact',
  moved: [],
  fromZxid: 1n,
  toZxid: 2n,
}
const MARKER = Buffer.from('{"format":1}')

/** Stores a snapshot of the given nodes, which must be sorted by path, as a snapshotter does. */
export async function storeSnapshot(
  storage: ArchiveStorage,
  { nodes, codec = jsonLinesZnodes(), ...facts }: Partial<SnapshotFacts> & SnapshotToStore,
  options: StorageCallOptions = {},
) {
  await storage.put('archive.json', MARKER)
  return writeSnapshot(storage, { facts: { ...FACTS, ...facts }, nodes: () => streamOf(nodes), codec }, options)
}

interface SnapshotToStore {
  readonly nodes: readonly Znode[]
  readonly codec?: ReturnType<typeof jsonLinesZnodes>
}

/** Replaces a snapshot by one whose text is changed. */
export async function editSnapshot(
  storage: ArchiveStorage,
  id: string,
  edit: (text: string) => string,
): Promise<string> {
  const { key } = await findSnapshot(storage, id, {})
  const before = Buffer.concat(await collected(storage.get(key))).toString()
  const after = edit(before)
  if (after === before) throw new Error(`nothing of ${key} was edited`)
  await storage.delete(key)
  await storage.put(key, Buffer.from(after))
  return key
}

/** Copies the newest snapshot to another storage, under another key where one is given. Returns the key. */
export async function copySnapshot(from: ArchiveStorage, to: ArchiveStorage, under?: string): Promise<string> {
  const { key } = await findSnapshot(from, 'latest', {})
  await to.put('archive.json', MARKER)
  await to.put(under ?? key, Buffer.concat(await collected(from.get(key))))
  return under ?? key
}

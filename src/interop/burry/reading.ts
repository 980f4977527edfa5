import { setImmediate } from 'node:timers/promises'
import { headerFromZnode, headerToZnode, NodeTally, type SnapshotHeader } from '../../archive/znode-snapshot-header.js'
import { jsonLinesZnodes } from '../../codec/json-lines-znodes.js'
import { ArchiveCorruptError } from '../../errors.js'
import { byPath, isWithin, parentOf } from '../../zookeeper/path.js'
import type { PathFilter } from '../../zookeeper/path-filter.js'
import { untouchedZnode, type Znode } from '../../zookeeper/znode.js'
import { type BurryTree, burryTree, dataOf } from './burry-tree.js'
import { ephemeralsAmong } from './ephemerals.js'
import { isHeldByBurry } from './names.js'
import { contentStream, damagedEntry, readZip, type ZipEntry } from './zip-reading.js'

/** Burry stores them too. The server makes them itself, and does not count them as children that were created. */
const SERVER_NODES = '/zookeeper'

/** Nodes that are read without a pause. */
const NODES_AT_ONCE = 500

/** A zip of Burry's. */
export interface BurryZip {
  readonly key: string
  readonly bytes: Buffer
  /** Burry's name of it: when it was taken, in seconds. */
  readonly snapshot: string
}

/** What reading it takes. */
export interface BurryReadOptions {
  readonly signal: AbortSignal | undefined
  /** Nodes that belonged to sessions, besides those of Kafka. */
  readonly ephemerals: PathFilter
}

/**
 * The snapshot that a zip holds: the header, then the nodes, as every snapshot of kafkeep's is read. Only when the
 * iteration ends without an error is it what was written.
 *
 * @throws {@link ArchiveCorruptError} when it is not.
 */
export async function* readBurryZip(
  { key, bytes, snapshot }: BurryZip,
  { signal, ephemerals }: BurryReadOptions,
): AsyncGenerator<Znode, void, void> {
  const tree = burryTree(await readZip(bytes, { key, signal }), snapshot, key)
  if (tree.sidecar !== undefined) {
    yield* bothAlike(tree, tree.sidecar, { snapshot, signal })
    return
  }
  const isEphemeral = ephemeralsAmong(tree.contents.keys(), ephemerals)
  const tally = new NodeTally()
  for await (const node of nodesOf(tree, isEphemeral, signal)) tally.add(node)
  yield headerToZnode({ ...factsOf(snapshot), ...tally.content })
  yield* nodesOf(tree, isEphemeral, signal)
}

/** What is known of a snapshot that Burry took: it read one node after the other, while others may have written. */
function factsOf(snapshot: string) {
  return {
    takenMs: Number(snapshot) * 1_000,
    roots: ['/'],
    exclude: [],
    unreadable: [],
    consistency: 'fuzzy',
    moved: [],
    fromZxid: 0n,
    toZxid: 0n,
  } as const
}

/** What Burry does not keep is as it is of a node that was just created, like all nodes below it. */
async function* nodesOf(
  tree: BurryTree,
  isEphemeral: (path: string) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<Znode, void, void> {
  const paths = [...tree.contents.keys()].map((path) => ({ path })).sort(byPath)
  const children = new Map<string, { all: number; lasting: number }>()
  for (const { path } of paths) {
    const parent = parentOf(path)
    if (parent === undefined) continue
    const counts = children.get(parent) ?? { all: 0, lasting: 0 }
    children.set(parent, counts)
    counts.all += 1
    if (!isEphemeral(path) && path !== SERVER_NODES) counts.lasting += 1
  }
  for (const [index, { path }] of paths.entries()) {
    // Everything is in memory: without pauses no session would be kept alive meanwhile.
    if (index % NODES_AT_ONCE === 0) await setImmediate()
    signal?.throwIfAborted()
    const { all, lasting } = children.get(path) ?? { all: 0, lasting: 0 }
    yield {
      ...untouchedZnode(path),
      data: dataOf(tree, path),
      kind: isEphemeral(path) ? 'ephemeral' : 'persistent',
      childCount: all,
      childrenVersion: lasting,
      sequence: lasting,
    }
  }
}

/** The snapshot in the sidecar, compared with what Burry would restore: whoever has edited one has not edited both. */
async function* bothAlike(
  tree: BurryTree,
  sidecar: ZipEntry,
  { snapshot, signal }: { readonly snapshot: string; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Znode, void, void> {
  const differs = (why: string) => differsFrom(tree.key, why)
  const left = new Set(tree.contents.keys())
  let header: SnapshotHeader | undefined
  for await (const node of sidecarNodes(tree.key, sidecar, signal)) {
    if (header === undefined) {
      header = headerFromZnode(node, tree.key)
      yield node
      continue
    }
    const { path, data } = node
    const isHeld = tree.contents.get(path) !== undefined
    if (isHeld !== isHeldByBurry(node, snapshot)) throw differs(`only one of them has ${path}`)
    if (isHeld && Buffer.compare(dataOf(tree, path), data ?? new Uint8Array()) !== 0) {
      throw differs(`the data of ${path} is not the same`)
    }
    left.delete(path)
    yield node
  }
  for (const path of left) {
    const mayBeMissing = header?.unreadable.some((top) => isWithin(top, path)) === true
    if (!mayBeMissing || tree.contents.get(path) !== undefined) throw differs(`only one of them has ${path}`)
  }
}

async function* sidecarNodes(
  key: string,
  sidecar: ZipEntry,
  signal: AbortSignal | undefined,
): AsyncGenerator<Znode, void, void> {
  try {
    yield* jsonLinesZnodes().decode(contentStream(sidecar, { key, signal }), { signal })
  } catch (error) {
    if (!(error instanceof ArchiveCorruptError) || error.key !== undefined) throw error
    throw damagedEntry(key, sidecar.name, error.message, error)
  }
}

function differsFrom(key: string, why: string): ArchiveCorruptError {
  return new ArchiveCorruptError(`${key} was edited: what Burry and what kafkeep would restore differs; ${why}`, {
    key,
    hint: 'take the file .kafkeep.znodes.jsonl out of it to restore what Burry would, without ACLs and versions',
  })
}

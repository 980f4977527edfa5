import { setImmediate } from 'node:timers/promises'
import { znodeCodecFor } from '../codec/built-in.js'
import type { Codec } from '../codec/codec.js'
import { ArchiveCorruptError, StorageError } from '../errors.js'
import type { ArchiveStorage, ObjectInfo, StorageCallOptions } from '../storage/storage.js'
import type { Znode } from '../zookeeper/znode.js'
import { chosenId, type InstantChoice, instantOf, newInstantId, noSuchInstant } from './instant-id.js'
import { ZNODES_PREFIX } from './names.js'
import {
  headerFromZnode,
  headerToZnode,
  NodeTally,
  type SnapshotContent,
  type SnapshotHeader,
} from './znode-snapshot-header.js'

/** A snapshot as the listing shows it. */
export interface StoredSnapshot {
  /** Its name, which begins with the time it was taken. */
  readonly id: string
  readonly key: string
  /** The codec's extension, with the leading dot. */
  readonly extension: string
  /** Size of the object in bytes. */
  readonly sizeBytes: number
}

/** What reading a snapshot accepts. */
export interface SnapshotReadOptions extends StorageCallOptions {
  /** Codecs besides the built-in ones. */
  readonly codecs: readonly Codec<Znode>[]
}

/** What is known of a snapshot apart from its nodes. */
export type SnapshotFacts = Omit<SnapshotHeader, keyof SnapshotContent>

/** Largest object that is encoded in memory; of larger ones there is never more than a part. */
const IN_MEMORY_BYTES = 8_388_608
/** What compression may save, at best. */
const LARGEST_RATIO = 16
/** About what the line of a node takes besides its data, in bytes. */
const LINE_BYTES = 250
/** Nodes that are summed up without a pause. */
const NODES_AT_ONCE = 500

/**
 * Stores a snapshot as one object, whole or not at all. `nodes` is read several times, and must give the same each time:
 * the header comes first and sums up what follows, and a put may have to be repeated.
 */
export async function writeSnapshot(
  storage: ArchiveStorage,
  snapshot: {
    readonly facts: SnapshotFacts
    readonly nodes: () => AsyncIterable<Znode>
    readonly codec: Codec<Znode>
  },
  { signal }: StorageCallOptions,
): Promise<SnapshotHeader & { readonly id: string }> {
  const { facts, nodes, codec } = snapshot
  const tally = new NodeTally()
  for await (const node of nodes()) {
    tally.add(node)
    if (tally.nodes % NODES_AT_ONCE === 0) await pause(signal)
  }
  const header = { ...facts, ...tally.content }
  const id = newInstantId(facts.takenMs)
  const key = `${ZNODES_PREFIX}${id}${codec.extension}`
  const encoded = () => codec.encode(withHeader(header, nodes()), { signal, subject: id })
  const body = isLarge(tally.content) ? undefined : await inMemory(encoded(), signal)
  const { created, info } = await storage.put(key, body ?? encoded, { signal })
  if (!created) throw new StorageError(`${key} exists already`, { key, retryable: true })
  // A foreign layout may show it under another name.
  return { id: storedSnapshot(info)?.id ?? id, ...header }
}

/** Whether no codec would make a small object of it: then none is tried in vain. */
function isLarge({ nodes, bytes }: SnapshotContent): boolean {
  return nodes * LINE_BYTES + Number(bytes) > LARGEST_RATIO * IN_MEMORY_BYTES
}

/**
 * The chunks of an object that is not large. A put that is repeated should send the same bytes, by which its own object
 * is known, and a codec that encrypts gives other bytes each time. Of a large object the repetition would then meet one
 * of unknown origin, and the snapshot would have to be taken anew.
 */
async function inMemory(
  encoded: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[] | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of encoded) {
    bytes += chunk.length
    if (bytes > IN_MEMORY_BYTES) return undefined
    chunks.push(chunk)
    await pause(signal)
  }
  return chunks
}

/** Nodes come from memory: without pauses nothing else would run between a million of them, not even timers. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  signal?.throwIfAborted()
}

async function* withHeader(header: SnapshotHeader, nodes: AsyncIterable<Znode>): AsyncGenerator<Znode> {
  yield headerToZnode(header)
  yield* nodes
}

/** All snapshots, oldest first. Objects with other names are none of ours. */
export async function* storedSnapshots(
  storage: ArchiveStorage,
  { signal }: StorageCallOptions,
): AsyncGenerator<StoredSnapshot> {
  for await (const info of storage.list(ZNODES_PREFIX, { signal })) {
    const snapshot = storedSnapshot(info)
    if (snapshot !== undefined) yield snapshot
  }
}

/** The snapshot that an object below {@link ZNODES_PREFIX} is by its name, or `undefined` when it is none of ours. */
export function storedSnapshot({ key, sizeBytes }: ObjectInfo): StoredSnapshot | undefined {
  const name = key.slice(ZNODES_PREFIX.length)
  const [id = ''] = name.split('.', 1)
  const extension = name.slice(id.length)
  return instantOf(id) !== undefined && extension.length > 1 ? { id, key, extension, sizeBytes } : undefined
}

/**
 * The snapshot that `choice` means.
 *
 * @throws {@link NotInArchiveError} when there is none.
 */
export async function findSnapshot(
  storage: ArchiveStorage,
  choice: InstantChoice,
  { signal }: StorageCallOptions,
): Promise<StoredSnapshot> {
  const byId = new Map<string, StoredSnapshot>()
  for await (const snapshot of storedSnapshots(storage, { signal })) byId.set(snapshot.id, snapshot)
  const ids = [...byId.keys()]
  const found = byId.get(chosenId(ids, choice) ?? '')
  if (found !== undefined) return found
  throw noSuchInstant('znode snapshot', choice, ids)
}

/** Reads what a snapshot says of itself, and nothing more of it. */
export async function readSnapshotHeader(
  storage: ArchiveStorage,
  snapshot: StoredSnapshot,
  options: SnapshotReadOptions,
): Promise<SnapshotHeader> {
  for await (const first of items(storage, snapshot, options)) return headerFromZnode(first, snapshot.key)
  throw new ArchiveCorruptError(`${snapshot.key} is empty`, { key: snapshot.key })
}

/**
 * Reads the nodes of a snapshot. Only when the iteration ends without an error are they known to be what was written.
 *
 * @throws {@link ArchiveCorruptError} when they are not.
 */
export async function* readSnapshotNodes(
  storage: ArchiveStorage,
  snapshot: StoredSnapshot,
  options: SnapshotReadOptions,
): AsyncGenerator<Znode, void, void> {
  const { key } = snapshot
  const tally = new NodeTally()
  let header: SnapshotHeader | undefined
  for await (const node of items(storage, snapshot, options)) {
    if (header === undefined) {
      header = headerFromZnode(node, key)
      continue
    }
    if (node.path === '') throw new ArchiveCorruptError(`${key} has more than one header`, { key })
    tally.add(node)
    yield node
  }
  if (header === undefined || !isContentOf(header, tally.content)) {
    throw new ArchiveCorruptError(`${key} does not hold the nodes its header speaks of`, { key })
  }
}

function isContentOf(header: SnapshotHeader, { nodes, bytes, ephemerals, crc32c }: SnapshotContent): boolean {
  return (
    header.nodes === nodes && header.bytes === bytes && header.ephemerals === ephemerals && header.crc32c === crc32c
  )
}

/** Damage is reported with the object it is in, which a codec does not know. */
async function* items(
  storage: ArchiveStorage,
  { id, key, extension }: StoredSnapshot,
  { codecs, signal }: SnapshotReadOptions,
): AsyncGenerator<Znode, void, void> {
  const codec = znodeCodecFor(extension, codecs)
  try {
    yield* codec.decode(storage.get(key, { signal }), { signal, subject: id })
  } catch (error) {
    if (!(error instanceof ArchiveCorruptError) || error.key !== undefined) throw error
    throw new ArchiveCorruptError(`${key}: ${error.message}`, { key, cause: error })
  }
}

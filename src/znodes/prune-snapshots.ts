import { instantOf } from '../archive/instant-id.js'
import type { PrunedObject } from '../archive/pruned-object.js'
import {
  readSnapshotHeader,
  readSnapshotNodes,
  type SnapshotReadOptions,
  type StoredSnapshot,
  storedSnapshots,
} from '../archive/znode-snapshot.js'
import { ArchiveCorruptError, ObjectNotFoundError } from '../errors.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { KeepPlaces, type KeepRules } from './keep-rules.js'

/** What to prune, and how. */
export interface PruneOptions extends SnapshotReadOptions {
  readonly rules: KeepRules
  readonly dryRun: boolean
}

/**
 * Deletes snapshots that no rule keeps, the oldest first, and yields each once it is gone. Nothing is deleted before
 * everything that is kept in its stead was read whole.
 */
export async function* pruneSnapshots(
  storage: ArchiveStorage,
  { rules, dryRun, ...reading }: PruneOptions,
): AsyncGenerator<PrunedObject, void, void> {
  const superfluous = new Set<StoredSnapshot>()
  const groups = await snapshotsByRoots(storage, reading)
  for (const group of groups) {
    for (const snapshot of await superfluousOf(storage, group, rules, reading)) superfluous.add(snapshot)
  }
  for (const snapshot of groups.flat().sort(byAge)) {
    if (!superfluous.has(snapshot)) continue
    reading.signal?.throwIfAborted()
    if (!dryRun) await storage.delete(snapshot.key, { signal: reading.signal })
    yield { key: snapshot.key, bytes: snapshot.sizeBytes }
  }
}

/**
 * Snapshots that one can stand in for another, each group oldest first. One whose header cannot be read is in none: it
 * stands in for nothing, and nobody knows what could stand in for it.
 */
async function snapshotsByRoots(
  storage: ArchiveStorage,
  options: SnapshotReadOptions,
): Promise<(readonly StoredSnapshot[])[]> {
  const groups = new Map<string, StoredSnapshot[]>()
  for await (const snapshot of storedSnapshots(storage, options)) {
    const header = await unlessBroken(readSnapshotHeader(storage, snapshot, options))
    if (header === undefined) continue
    const roots = JSON.stringify([...header.roots].sort())
    const group = groups.get(roots) ?? []
    group.push(snapshot)
    groups.set(roots, group)
  }
  return [...groups.values()]
}

async function superfluousOf(
  storage: ArchiveStorage,
  snapshots: readonly StoredSnapshot[],
  rules: KeepRules,
  options: SnapshotReadOptions,
): Promise<readonly StoredSnapshot[]> {
  // Were some of them broken, fewer would be superfluous, never more.
  const atMost = await withoutPlace(snapshots, rules, async () => true)
  if (atMost.length === 0) return []
  return withoutPlace(snapshots, rules, (snapshot) => isIntact(storage, snapshot, options))
}

/** Those that have no place. One that could have a place but does not deserve it keeps it open and is left alone. */
async function withoutPlace(
  snapshots: readonly StoredSnapshot[],
  rules: KeepRules,
  deserves: (snapshot: StoredSnapshot) => Promise<boolean>,
): Promise<readonly StoredSnapshot[]> {
  const places = new KeepPlaces(rules)
  const without: StoredSnapshot[] = []
  for (const snapshot of [...snapshots].reverse()) {
    const takenMs = instantOf(snapshot.id) ?? Number.NaN
    if (!places.has(takenMs)) without.push(snapshot)
    else if (await deserves(snapshot)) places.take(takenMs)
  }
  return without
}

async function isIntact(
  storage: ArchiveStorage,
  snapshot: StoredSnapshot,
  options: SnapshotReadOptions,
): Promise<boolean> {
  const read = async () => {
    for await (const _ of readSnapshotNodes(storage, snapshot, options));
    return true
  }
  return (await unlessBroken(read())) ?? false
}

/** What was read, or `undefined` where it is damaged or gone. What this program cannot read is an error. */
async function unlessBroken<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof ArchiveCorruptError || error instanceof ObjectNotFoundError) return undefined
    throw error
  }
}

function byAge({ key: one }: StoredSnapshot, { key: other }: StoredSnapshot): number {
  return one < other ? -1 : 1
}

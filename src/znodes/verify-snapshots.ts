import type { Finding } from '../archive/finding.js'
import { instantOf } from '../archive/instant-id.js'
import { ZNODES_PREFIX } from '../archive/names.js'
import {
  readSnapshotHeader,
  readSnapshotNodes,
  type SnapshotReadOptions,
  type StoredSnapshot,
  storedSnapshot,
} from '../archive/znode-snapshot.js'
import { ArchiveCorruptError, KafkeepError, ObjectNotFoundError, UnsupportedFormatError } from '../errors.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { ZnodeOrder } from './znode-order.js'

/** Reads every snapshot whole and yields what is not as it must be, in the order of the keys. */
export async function* verifySnapshots(
  storage: ArchiveStorage,
  options: SnapshotReadOptions,
): AsyncGenerator<Finding, void, void> {
  for await (const info of storage.list(ZNODES_PREFIX, { signal: options.signal })) {
    const snapshot = storedSnapshot(info)
    if (snapshot === undefined) yield foreign(info.key)
    else yield* verifySnapshot(storage, snapshot, options)
  }
}

async function* verifySnapshot(
  storage: ArchiveStorage,
  snapshot: StoredSnapshot,
  options: SnapshotReadOptions,
): AsyncGenerator<Finding, void, void> {
  const { id, key } = snapshot
  try {
    const header = await readSnapshotHeader(storage, snapshot, options)
    const { takenMs } = header
    const order = new ZnodeOrder(header)
    let problem: string | undefined
    for await (const { path } of readSnapshotNodes(storage, snapshot, options)) problem ??= order.problemOf(path)
    if (takenMs !== instantOf(id)) {
      const text = `${key} was taken at ${new Date(takenMs).toISOString()}, which its name does not say`
      yield { kind: 'mismatch', key, text, hint: 'somebody has renamed or copied it; a choice by time would go wrong' }
    }
    if (problem !== undefined) {
      const hint = 'take a new snapshot; this one can be read, but not compared, and perhaps not restored'
      yield { kind: 'mismatch', key, text: `${key} does not hold its znodes in order: ${problem}`, hint }
    }
  } catch (error) {
    yield findingOf(error, key)
  }
}

function foreign(key: string): Finding {
  const hint = 'kafkeep never reads, counts or deletes it; move it to where it belongs'
  return { kind: 'foreign', key, text: `${key} is not the name of a snapshot`, hint }
}

/** What can only be about this one object. Anything else would be the same for all of them, and is thrown. */
function findingOf(error: unknown, key: string): Finding {
  if (!(error instanceof KafkeepError) || error.retryable) throw error
  const { message: text } = error
  if (error instanceof ObjectNotFoundError) {
    return { kind: 'missing', key, text: `${key} was there and is gone`, hint: 'a prune at the same time may do that' }
  }
  if (error instanceof ArchiveCorruptError) {
    return { kind: 'damaged', key, text, hint: 'restore another snapshot, and take a new one; `prune` never counts it' }
  }
  const fallback = error instanceof UnsupportedFormatError ? 'pass its codec' : 'find out why the storage refuses it'
  return { kind: 'unverifiable', key, text, hint: error.hint ?? fallback }
}

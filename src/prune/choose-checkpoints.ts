import {
  type Checkpoint,
  type CheckpointPartition,
  checkpointIds,
  checkpointKey,
  readListedCheckpoint,
} from '../archive/checkpoint.js'
import { NamedStates } from '../archive/named-states.js'
import { topicKey } from '../archive/names.js'
import { allOf } from '../internal/all-of.js'
import { larger, smaller } from '../internal/bigint.js'
import { selects } from '../internal/topic-filter.js'
import { unfinishedRestores } from '../restore/restore-record.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import type { PruneJob } from './prune-options.js'

/** Which checkpoints go, oldest first, and what those that stay need. */
export interface CheckpointChoices {
  readonly gone: readonly string[]
  readonly needed: NamedStates
}

/** Decides about every checkpoint. One that cannot be read ends it: nobody knows what it needs. */
export async function chooseCheckpoints(
  storage: ArchiveStorage,
  job: PruneJob,
  pinned: ReadonlySet<string>,
): Promise<CheckpointChoices> {
  const { signal } = job
  const ids = await allOf(checkpointIds(storage, { signal }))
  const seen = new Map<string, number>()
  const gone: string[] = []
  const needed = new NamedStates()
  for (const id of ids.toReversed()) {
    const checkpoint = await readListedCheckpoint(storage, id, { signal })
    // Another process may prune at the same time.
    if (checkpoint === undefined) continue
    const stays = id === ids.at(-1) || pinned.has(id) || isWanted(checkpoint, seen, job)
    for (const topic of checkpoint.topics) seen.set(topicKey(topic), (seen.get(topicKey(topic)) ?? 0) + 1)
    if (stays) needed.add(checkpointKey(id), checkpoint.topics, pinned.has(id) ? undefined : startOfState)
    else gone.unshift(id)
  }
  return { gone, needed }
}

/** Checkpoints to which unfinished restores may still have to go back. */
export async function pinnedCheckpoints(
  storage: ArchiveStorage,
  options: StorageCallOptions,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for await (const { checkpoint } of unfinishedRestores(storage, options)) ids.add(checkpoint)
  return ids
}

function isWanted({ takenMs, topics }: Checkpoint, seen: ReadonlyMap<string, number>, job: PruneJob): boolean {
  const { olderThanMs, keepCheckpoints } = job
  if (olderThanMs !== undefined && takenMs >= olderThanMs) return true
  if (topics.some(({ topic }) => !selects(job.topics, topic))) return true
  return keepCheckpoints !== undefined && topics.some((topic) => (seen.get(topicKey(topic)) ?? 0) < keepCheckpoints)
}

/** Where the log began when the checkpoint was taken; where that is not known, all of it is needed. */
function startOfState({ from, next, logStart = from }: CheckpointPartition): bigint {
  return smaller(larger(from, logStart), next)
}

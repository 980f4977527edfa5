import { isDeepStrictEqual } from 'node:util'
import {
  type Checkpoint,
  type CheckpointTopic,
  checkpointIds,
  checkpointKey,
  putCheckpoint,
  readListedCheckpoint,
  writeCheckpoint,
} from '../archive/checkpoint.js'
import { topicKey } from '../archive/names.js'
import type { CheckpointEvent } from '../archiver/events.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'

/**
 * Writes the checkpoints that the new archive lacks, under the ids that they have, with the topics that were converted.
 * The newest state is that of a day which may not be over, or has changed since it was converted: then it becomes a
 * checkpoint of now.
 */
export async function* convertCheckpoints(
  from: ArchiveStorage,
  to: ArchiveStorage,
  { signal }: StorageCallOptions,
): AsyncGenerator<CheckpointEvent, void, void> {
  const nowMs = Date.now()
  let newest: Checkpoint | undefined
  for await (const id of checkpointIds(from, { signal })) {
    const listed = await readListedCheckpoint(from, id, { signal })
    if (listed === undefined) continue
    const checkpoint = await convertedPart(listed, to, { signal })
    if (checkpoint.topics.length === 0) continue
    newest = checkpoint
    if (checkpoint.takenMs > nowMs || (await to.head(checkpointKey(id), { signal })) !== undefined) continue
    await putCheckpoint(to, id, checkpoint, { signal })
    yield { type: 'checkpoint', id }
  }
  if (newest === undefined || (await isThere(newest.topics, to, { signal }))) return
  yield { type: 'checkpoint', id: await writeCheckpoint(to, { ...newest, takenMs: nowMs }, { signal }) }
}

/** A checkpoint without the topics that the new archive does not have. */
async function convertedPart(
  { takenMs, clusterId, topics, groups }: Checkpoint,
  to: ArchiveStorage,
  { signal }: StorageCallOptions,
): Promise<Checkpoint> {
  const there: CheckpointTopic[] = []
  for (const topic of topics) if ((await to.head(topicKey(topic), { signal })) !== undefined) there.push(topic)
  return { takenMs, clusterId, topics: there, groups }
}

/** Whether some checkpoint has exactly this state. */
async function isThere(
  topics: readonly CheckpointTopic[],
  storage: ArchiveStorage,
  { signal }: StorageCallOptions,
): Promise<boolean> {
  for await (const id of checkpointIds(storage, { signal })) {
    if (isDeepStrictEqual((await readListedCheckpoint(storage, id, { signal }))?.topics, topics)) return true
  }
  return false
}

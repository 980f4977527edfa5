import { FORMAT_VERSION } from '../archive/archive-marker.js'
import type { Hole } from '../archive/finding.js'
import { JsonFields, jsonBytes, readJson } from '../archive/json-object.js'
import { offset20, RESTORES_PREFIX } from '../archive/names.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import type { RestoreTarget } from './restore-record.js'

function prefixOf({ clusterId, topicId }: RestoreTarget): string {
  return `${RESTORES_PREFIX}${clusterId}/${topicId}/skipped/`
}

/**
 * The holes that a restore has left out so far. Whoever takes it up again leaves out the same ones, whatever the archive
 * gives by then: the records behind them have their places in the target.
 */
export async function readSkippedHoles(
  storage: ArchiveStorage,
  target: RestoreTarget,
  { signal }: StorageCallOptions,
): Promise<Hole[]> {
  const holes: Hole[] = []
  for await (const { key } of storage.list(prefixOf(target), { signal })) {
    const fields = new JsonFields(await readJson(storage, key, { signal }), key)
    const object = fields.optionalString('key')
    holes.push({
      kind: fields.string('kind') === 'missing' ? 'missing' : 'damaged',
      ...(object !== undefined && { key: object }),
      topic: fields.string('topic'),
      partition: fields.integer('partition'),
      from: fields.bigint('from', 0n),
      next: fields.bigint('next', 0n),
      text: fields.string('text'),
    })
  }
  return holes
}

/** Pins a hole, before anything that lies behind it is produced. */
export async function pinSkippedHole(
  storage: ArchiveStorage,
  target: RestoreTarget,
  hole: Hole,
  { signal }: StorageCallOptions,
): Promise<void> {
  const { kind, key: damaged, topic, partition, from, next, text } = hole
  const key = `${prefixOf(target)}${partition}/${offset20(from)}-${offset20(next)}.json`
  const body = jsonBytes(key, { format: FORMAT_VERSION, kind, key: damaged, topic, partition, from, next, text })
  await storage.put(key, body, { signal })
}

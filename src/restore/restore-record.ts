import { FORMAT_VERSION } from '../archive/archive-marker.js'
import { JsonFields, jsonBytes, readJson } from '../archive/json-object.js'
import { RESTORES_PREFIX } from '../archive/names.js'
import type { ProducerIdentity } from '../kafka/transport.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'

/** Which topic a restore goes to. */
export interface RestoreTarget {
  readonly clusterId: string
  readonly topicId: string
}

/**
 * What a restore into one topic has pinned before its first batch: whoever takes it up again, on whatever machine, goes
 * on under the same producer identity, so that the broker itself drops what was sent twice.
 */
export interface RestoreRecord extends ProducerIdentity {
  readonly startedMs: number
  /** Digest of everything that decides which batches are produced. */
  readonly digest: string
  readonly source: string
  readonly target: string
  readonly checkpoint: string
  /** First offset that this restore writes, by partition. */
  readonly targetFrom: readonly bigint[]
  /** What the target's own configs were before they were held; `null` where the topic had none. */
  readonly originalConfigs: Readonly<Record<string, string | null>>
}

function keyOf({ clusterId, topicId }: RestoreTarget): string {
  return `${RESTORES_PREFIX}${clusterId}/${topicId}.json`
}

/** What an earlier restore into this topic has pinned, if there was one. */
export async function readRestoreRecord(
  storage: ArchiveStorage,
  target: RestoreTarget,
  { signal }: StorageCallOptions,
): Promise<RestoreRecord | undefined> {
  const key = keyOf(target)
  if ((await storage.head(key, { signal })) === undefined) return undefined
  const fields = new JsonFields(await readJson(storage, key, { signal }), key)
  return {
    startedMs: fields.integer('startedMs'),
    digest: fields.string('digest'),
    source: fields.string('source'),
    target: fields.string('target'),
    checkpoint: fields.string('checkpoint'),
    targetFrom: fields.list('targetFrom', (item) => item.bigint('offset')),
    originalConfigs: fields.strings('originalConfigs'),
    producerId: fields.bigint('producerId'),
    producerEpoch: fields.integer('producerEpoch'),
  }
}

/** Pins a restore. Of several that begin at once the first one decides; all are told what is pinned. */
export async function pinRestore(
  storage: ArchiveStorage,
  target: RestoreTarget,
  record: RestoreRecord,
  { signal }: StorageCallOptions,
): Promise<RestoreRecord> {
  const targetFrom = record.targetFrom.map((offset) => ({ offset }))
  const body = jsonBytes({ format: FORMAT_VERSION, ...record, targetFrom })
  const { created } = await storage.put(keyOf(target), body, { signal })
  if (created) return record
  return (await readRestoreRecord(storage, target, { signal })) ?? record
}

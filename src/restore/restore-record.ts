import { FORMAT_VERSION } from '../archive/archive-marker.js'
import { JsonFields, jsonBytes, readJson } from '../archive/json-object.js'
import { RESTORES_PREFIX } from '../archive/names.js'
import type { ProducerIdentity } from '../kafka/transport.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import type { OffsetMode } from './events.js'

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
  readonly offsets: OffsetMode
  /** Whether this restore created the topic: if its log is spoiled, it may be deleted and made again. */
  readonly created: boolean
  /** Where the target ended when the restore began, by partition. */
  readonly targetFrom: readonly bigint[]
  /** What the target's own configs were before they were held; `null` where the topic had none. */
  readonly originalConfigs: Readonly<Record<string, string | null>>
}

/** Which restore is about to create which topic. */
export interface RestoreIntent {
  readonly clusterId: string
  readonly target: string
  /** Digest of everything that decides which batches are produced. */
  readonly digest: string
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
    offsets: fields.choice('offsets', ['exact', 'translate']),
    created: fields.isSet('created'),
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
  const created = record.created || undefined
  const body = jsonBytes({ format: FORMAT_VERSION, ...record, targetFrom, created })
  const put = await storage.put(keyOf(target), body, { signal })
  if (put.created) return record
  return (await readRestoreRecord(storage, target, { signal })) ?? record
}

function intentKey({ clusterId, target, digest }: RestoreIntent): string {
  return `${RESTORES_PREFIX}${clusterId}/intents/${target}.${digest}.json`
}

/** Says that the topic is about to be created, so that whoever finds it empty after a crash knows who made it. */
export async function declareIntent(
  storage: ArchiveStorage,
  intent: RestoreIntent,
  { signal }: StorageCallOptions,
): Promise<void> {
  const { target, digest } = intent
  await storage.put(intentKey(intent), jsonBytes({ format: FORMAT_VERSION, target, digest }), { signal })
}

/** Whether this restore was about to create the topic. */
export async function hasIntent(
  storage: ArchiveStorage,
  intent: RestoreIntent,
  { signal }: StorageCallOptions,
): Promise<boolean> {
  return (await storage.head(intentKey(intent), { signal })) !== undefined
}

/** Forgets an intent: what has become of it is pinned. */
export async function dropIntent(
  storage: ArchiveStorage,
  intent: RestoreIntent,
  { signal }: StorageCallOptions,
): Promise<void> {
  await storage.delete(intentKey(intent), { signal })
}

import { FORMAT_VERSION } from '../archive/archive-marker.js'
import { JsonFields, jsonBytes, readJson } from '../archive/json-object.js'
import { RESTORES_PREFIX } from '../archive/names.js'
import { RestoreConflictError } from '../errors.js'
import type { ProducerIdentity } from '../kafka/transport.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import type { OffsetMode } from './events.js'
import type { ConfigsBeforeHold } from './held-configs.js'

/** Which topic a restore goes to. */
export interface RestoreTarget {
  readonly clusterId: string
  readonly topicId: string
}

/**
 * What a restore into one topic has pinned before its first batch: whoever takes it up again, on whatever machine, goes
 * on under the same producer identity, so that the broker itself drops what was sent twice.
 */
export interface RestoreRecord extends ProducerIdentity, ConfigsBeforeHold {
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

function keyOfAbandoned({ clusterId, topicId }: RestoreTarget): string {
  return `${RESTORES_PREFIX}${clusterId}/${topicId}.abandoned.json`
}

/** What an earlier restore into this topic has pinned, if there was one. */
export async function readRestoreRecord(
  storage: ArchiveStorage,
  target: RestoreTarget,
  { signal }: StorageCallOptions,
): Promise<RestoreRecord | undefined> {
  return readRecord(storage, keyOf(target), { signal })
}

/** What was pinned by a restore that was abandoned, until another one is pinned. */
export async function readAbandonedRestore(
  storage: ArchiveStorage,
  target: RestoreTarget,
  { signal }: StorageCallOptions,
): Promise<RestoreRecord | undefined> {
  return readRecord(storage, keyOfAbandoned(target), { signal })
}

/** Where it is noted that the restore which has pinned a record has come to its end. */
function finishedKey({ clusterId, topicId }: RestoreTarget, { producerId, producerEpoch }: ProducerIdentity): string {
  return `${RESTORES_PREFIX}${clusterId}/${topicId}/finished/${producerId}-${producerEpoch}.json`
}

/** Notes that a restore has come to its end: what it has pinned may go. */
export async function finishRestore(
  storage: ArchiveStorage,
  target: RestoreTarget,
  record: RestoreRecord,
  { signal }: StorageCallOptions,
): Promise<void> {
  const key = finishedKey(target, record)
  if ((await storage.head(key, { signal })) !== undefined) return
  const { source, checkpoint } = record
  await storage.put(key, jsonBytes(key, { format: FORMAT_VERSION, source, checkpoint }), { signal })
}

const RECORD = new RegExp(`^${RESTORES_PREFIX}(?<clusterId>[^/]+)/(?<topicId>[^/]+?)(?<!\\.abandoned)\\.json$`)

/** What is pinned by restores that have not come to their end. */
export async function* unfinishedRestores(
  storage: ArchiveStorage,
  { signal }: StorageCallOptions,
): AsyncGenerator<RestoreRecord, void, void> {
  const targets: RestoreTarget[] = []
  const keys = new Set<string>()
  for await (const { key } of storage.list(RESTORES_PREFIX, { signal })) {
    const { clusterId, topicId } = RECORD.exec(key)?.groups ?? {}
    if (clusterId !== undefined && topicId !== undefined) targets.push({ clusterId, topicId })
    else if (key.includes('/finished/')) keys.add(key)
  }
  for (const target of targets) {
    const record = await readRestoreRecord(storage, target, { signal })
    if (record !== undefined && !keys.has(finishedKey(target, record))) yield record
  }
}

async function readRecord(
  storage: ArchiveStorage,
  key: string,
  { signal }: StorageCallOptions,
): Promise<RestoreRecord | undefined> {
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
    inheritedConfigs: fields.strings('inheritedConfigs'),
    producerId: fields.bigint('producerId'),
    producerEpoch: fields.integer('producerEpoch'),
  }
}

/**
 * Forgets the restore that has pinned `record`. What it knows of the topic's configs before they were held is kept aside
 * until another restore is pinned: were it lost, they would stay held for good.
 */
export async function abandonRestore(
  storage: ArchiveStorage,
  target: RestoreTarget,
  { producerId }: RestoreRecord,
  { signal }: StorageCallOptions,
): Promise<void> {
  const current = await readRestoreRecord(storage, target, { signal })
  // Somebody else has abandoned it meanwhile, and perhaps pinned another one.
  if (current?.producerId !== producerId) return
  await storage.delete(keyOfAbandoned(target), { signal })
  await storage.put(keyOfAbandoned(target), bodyOf(keyOfAbandoned(target), current), { signal })
  await storage.delete(keyOf(target), { signal })
}

/**
 * Pins a restore. Of several that begin at once the first one decides; all are told what is pinned.
 *
 * @throws {@link RestoreConflictError} when that is another restore than this one.
 */
export async function pinRestore(
  storage: ArchiveStorage,
  target: RestoreTarget,
  record: RestoreRecord,
  { signal }: StorageCallOptions,
): Promise<RestoreRecord> {
  const { created } = await storage.put(keyOf(target), bodyOf(keyOf(target), record), { signal })
  const pinned = created ? record : ((await readRestoreRecord(storage, target, { signal })) ?? record)
  if (pinned.digest !== record.digest) {
    throw new RestoreConflictError(`a restore of ${pinned.source} into ${pinned.target} has begun meanwhile`, {
      hint: 'let it end, or stop it for good and pass `abandon`',
    })
  }
  await storage.delete(keyOfAbandoned(target), { signal })
  return pinned
}

function bodyOf(key: string, record: RestoreRecord): Buffer {
  return jsonBytes(key, {
    format: FORMAT_VERSION,
    ...record,
    targetFrom: record.targetFrom.map((offset) => ({ offset })),
    created: record.created || undefined,
  })
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
  const key = intentKey(intent)
  await storage.put(key, jsonBytes(key, { format: FORMAT_VERSION, target, digest }), { signal })
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

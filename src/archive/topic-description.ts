import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { FORMAT_VERSION } from './archive-marker.js'
import { JsonFields, jsonBytes, readJson } from './json-object.js'
import { type TopicIdentity, topicKey } from './names.js'

/** An incarnation of a topic as it was when it was first archived. */
export interface TopicDescription extends TopicIdentity {
  /** When it was first archived, in epoch milliseconds. */
  readonly firstSeenMs: number
  /** The cluster it was in. */
  readonly clusterId: string
  /** How many partitions it had. */
  readonly partitions: number
}

/** Stores the description unless there is one already: the first look counts. */
export async function describeTopic(
  storage: ArchiveStorage,
  description: TopicDescription,
  { signal }: StorageCallOptions,
): Promise<void> {
  const key = topicKey(description)
  if ((await storage.head(key, { signal })) !== undefined) return
  await storage.put(key, jsonBytes(key, { format: FORMAT_VERSION, ...description }), { signal })
}

/** Reads the description of an incarnation of a topic. */
export async function readTopicDescription(
  storage: ArchiveStorage,
  identity: TopicIdentity,
  { signal }: StorageCallOptions,
): Promise<TopicDescription> {
  const key = topicKey(identity)
  return parseTopicDescription(identity, new JsonFields(await readJson(storage, key, { signal }), key))
}

/** What a description's JSON says. */
export function parseTopicDescription(identity: TopicIdentity, fields: JsonFields): TopicDescription {
  return {
    ...identity,
    firstSeenMs: fields.integer('firstSeenMs'),
    clusterId: fields.string('clusterId'),
    partitions: fields.integer('partitions'),
  }
}

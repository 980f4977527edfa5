import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import {
  incarnationPrefix,
  type PartitionIdentity,
  parsePartitionOf,
  TOPICS_PREFIX,
  type TopicIdentity,
} from './names.js'

/** Names of the topics of which something is archived. */
export async function* archivedTopics(
  storage: ArchiveStorage,
  { signal }: StorageCallOptions,
): AsyncGenerator<string, void, void> {
  for await (const prefix of storage.listPrefixes(TOPICS_PREFIX, { signal })) {
    yield prefix.slice(TOPICS_PREFIX.length, -1)
  }
}

/** The incarnations of a topic of which something is archived. */
export async function* incarnationsOf(
  storage: ArchiveStorage,
  topic: string,
  { signal }: StorageCallOptions,
): AsyncGenerator<TopicIdentity, void, void> {
  const folder = `${TOPICS_PREFIX}${topic}/`
  for await (const prefix of storage.listPrefixes(folder, { signal })) {
    yield { topic, topicId: prefix.slice(folder.length, -1) }
  }
}

/** The partitions of an incarnation of which something is archived. */
export async function* partitionsOf(
  storage: ArchiveStorage,
  identity: TopicIdentity,
  { signal }: StorageCallOptions,
): AsyncGenerator<PartitionIdentity, void, void> {
  for await (const prefix of storage.listPrefixes(incarnationPrefix(identity), { signal })) {
    const partition = parsePartitionOf(prefix)
    if (partition !== undefined) yield partition
  }
}

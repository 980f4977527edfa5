import type { ArchiveStorage, ObjectInfo, StorageCallOptions } from '../../storage/storage.js'
import { type FileName, parseFileName } from './file-names.js'
import { OWN_FOLDER, parseAttemptKey, parseWrittenKey } from './written-files.js'

/** A data file in the bucket. */
export interface DataFile extends FileName, ObjectInfo {}

/** What the connector has put into a bucket. What kafkeep has written is not in here. */
export interface Bucket {
  /** Files by topic and partition, by the offset of their first record. */
  readonly topics: ReadonlyMap<string, ReadonlyMap<number, readonly DataFile[]>>
  /** Days on which something was uploaded, in order. */
  readonly days: readonly string[]
  /** Full keys of all objects that may be indexes. */
  readonly indexes: ReadonlySet<string>
}

/** Lists all that lies below the prefix, once. */
export async function surveyBucket(
  storage: ArchiveStorage,
  prefix: string,
  { signal }: StorageCallOptions,
): Promise<Bucket> {
  const files: DataFile[] = []
  const indexes = new Set<string>()
  const written = new Set<string>()
  const attempted = new Set<string>()
  for await (const info of storage.list(prefix, { signal })) {
    const key = info.key.slice(prefix.length)
    const name = parseFileName(key)
    if (name !== undefined) files.push({ ...name, ...info })
    else if (key.endsWith('.index.json')) indexes.add(info.key)
    if (!key.startsWith(OWN_FOLDER)) continue
    const own = key.slice(OWN_FOLDER.length)
    written.add(parseWrittenKey(own)?.dataKey ?? '')
    const attempt = parseAttemptKey(own)
    if (attempt !== undefined) attempted.add(`${attempt.dataKey} ${attempt.sizeBytes}`)
  }
  const isOwn = (key: string, sizeBytes: number) => written.has(key) || attempted.has(`${key} ${sizeBytes}`)
  const foreign = files.filter(({ key, sizeBytes }) => !isOwn(key.slice(prefix.length), sizeBytes))
  const days = [...new Set(foreign.map(({ day }) => day))].sort()
  return { topics: byPartition(foreign), days, indexes }
}

function byPartition(files: readonly DataFile[]): Bucket['topics'] {
  const topics = new Map<string, Map<number, DataFile[]>>()
  for (const file of files) {
    const partitions = topics.get(file.topic) ?? new Map<number, DataFile[]>()
    const own = partitions.get(file.partition) ?? []
    own.push(file)
    topics.set(file.topic, partitions.set(file.partition, own))
  }
  return topics
}

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ArchiveStorage, type KafkaRecord, MemoryStorage, type RecordHeader } from 'kafkeep'

const FIXTURES = fileURLToPath(new URL('../fixtures/spredfast/', import.meta.url))

/** Archives as the connector itself wrote them. */
export type SpredfastTree = 'bin-keys' | 'bin-nokeys' | 'text' | 'gaps' | 'grouped-by-topic'

/** A record as it was produced. */
export interface ProducedRecord extends Pick<KafkaRecord, 'offset' | 'timestampMs' | 'key' | 'value' | 'headers'> {
  readonly partition: number
}

/** The files of an archive, by their keys below the connector's prefix. */
export async function spredfastFiles(tree: SpredfastTree): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const folder = join(FIXTURES, tree)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(folder.length + 1), await readFile(path))
  }
  return files
}

/** A storage with the files of an archive below a prefix. */
export async function spredfastBucket(tree: SpredfastTree, prefix = `${tree}/`): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  await putFiles(storage, prefix, await spredfastFiles(tree))
  return storage
}

/** Stores files under their keys below a prefix. */
export async function putFiles(
  storage: ArchiveStorage,
  prefix: string,
  files: Iterable<readonly [key: string, body: Uint8Array]>,
): Promise<void> {
  for (const [key, body] of files) await storage.put(prefix + key, body)
}

/** The records from which the archives were made, aborted ones left out. */
export async function producedRecords(topic: 'golden' | 'golden-gaps'): Promise<readonly ProducedRecord[]> {
  const text = await readFile(join(FIXTURES, `${topic}.jsonl`), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FixtureLine)
    .filter(({ aborted }) => !aborted)
    .map(({ partition, offset, timestamp, key_b64, value_b64, headers }) => ({
      partition,
      offset: BigInt(offset),
      timestampMs: BigInt(timestamp),
      key: bytes(key_b64),
      value: bytes(value_b64),
      headers: headers.map(([key, value]) => ({ key, value: bytes(value) }) satisfies RecordHeader),
    }))
}

interface FixtureLine {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key_b64: string | null
  readonly value_b64: string | null
  readonly headers: readonly (readonly [string, string | null])[]
  readonly aborted: boolean
}

function bytes(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64')
}

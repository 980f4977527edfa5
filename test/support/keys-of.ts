import type { ArchiveStorage } from 'kafkeep'

/** The keys of all objects, or of those that begin with `prefix`. */
export async function keysOf(storage: ArchiveStorage, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of storage.list(prefix)) keys.push(key)
  return keys
}

import type { ArchiveStorage } from 'kafkeep'

/** The keys of all objects. */
export async function keysOf(storage: ArchiveStorage): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of storage.list('')) keys.push(key)
  return keys
}

import { readFileSync } from 'node:fs'
import { type BurryLayoutOptions, burryLayout, MemoryStorage, type Znode, ZnodeArchive } from 'kafkeep'
import { collected } from './znode-arbitrary.js'

/** Burry's name of the snapshot that the fixture is. */
export const SNAPSHOT = '1795451640'

/** A zip that Burry itself has written (master, ZooKeeper 3.9 under a Kafka 3.9). */
export function burryFixture(): Buffer {
  return readFileSync(new URL('../fixtures/burry/1795451640.zip', import.meta.url))
}

/** What belonged to sessions when the fixture was taken. */
export const FIXTURE_EPHEMERALS = ['/brokers/ids/0', '/burrytest/eph', '/controller']

/** A node of the tree that the fixture was taken of. */
export interface FixtureNode {
  readonly path: string
  readonly bytes: number
  /** The data as base64, of a large node only the beginning. */
  readonly begin: string
}

/**
 * What the fixture holds of the tree it was taken of, as that was read from the same ZooKeeper. Burry lost the node that
 * it could not read, and those that are named `content` or lie below such a node, and ended without an error.
 */
export function fixtureTree(): readonly FixtureNode[] {
  const lines = readFileSync(new URL('../fixtures/burry/znodes.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.flatMap((line) => {
    const { path, data_b64, len: bytes, noauth } = JSON.parse(line)
    if (noauth === true || path.split('/').includes('content')) return []
    return { path, bytes, begin: data_b64.replace('...', '') }
  })
}

/** What nodes hold, as {@link fixtureTree} tells it of the same paths. */
export function likeFixture(nodes: readonly Znode[], tree: readonly FixtureNode[]) {
  const begins = new Map(tree.map(({ path, begin }) => [path, begin]))
  return nodes.map(({ path, data }) => {
    const text = Buffer.from(data ?? '').toString('base64')
    return { path, bytes: data?.length ?? 0, begin: text.slice(0, begins.get(path)?.length) }
  })
}

/** An archive of one zip, at a key of the storage. */
export async function burryArchive(
  zip: Buffer,
  { key = SNAPSHOT, ...options }: BurryLayoutOptions & { key?: string } = {},
) {
  const storage = new MemoryStorage()
  await storage.put(key, zip)
  return { storage, archive: new ZnodeArchive({ storage, layout: burryLayout(options) }) }
}

/** What a zip gives back as the newest snapshot. */
export async function nodesOfZip(zip: Buffer, options: BurryLayoutOptions & { key?: string } = {}): Promise<Znode[]> {
  const { archive } = await burryArchive(zip, options)
  return collected(archive.nodes('latest'))
}

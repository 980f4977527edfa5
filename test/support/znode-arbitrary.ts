import fc from 'fast-check'
import { untouchedZnode, type Znode } from '../../src/zookeeper/znode.js'

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const name = fc
  .oneof(fc.string({ minLength: 1 }), fc.constantFrom('a b', '"', '\\', '{}', 'grüße', '\u2028', 'x\ny', '%00', '...'))
  .filter((text) => !text.includes('/') && !text.includes('\0') && text !== '.' && text !== '..')
const acl = fc.record({ permissions: int32, scheme: fc.string(), id: fc.string() })
const data = fc.oneof(
  fc.constant(null),
  fc.uint8Array(),
  fc.string({ unit: 'grapheme' }).map((text) => new Uint8Array(Buffer.from(text))),
  fc.constant(new Uint8Array(Buffer.from('\uFEFFwith a byte order mark'))),
)

/** Any znode that a codec must keep. */
export const znodeArbitrary: fc.Arbitrary<Znode> = fc.record(
  {
    path: fc.oneof(
      fc.constant('/'),
      fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join('/')}`),
    ),
    data,
    acl: fc.array(acl, { maxLength: 3 }),
    aclRedacted: fc.constant(true),
    kind: fc.constantFrom('persistent', 'ephemeral', 'container', 'ttl'),
    ttlMs: int64,
    version: int32,
    childrenVersion: int32,
    aclVersion: int32,
    sequence: int32,
    childCount: int32,
    createdZxid: int64,
    modifiedZxid: int64,
    childrenZxid: int64,
    createdMs: int64,
    modifiedMs: int64,
    ephemeralOwner: int64,
  },
  {
    requiredKeys: [
      'path',
      'data',
      'acl',
      'kind',
      'version',
      'childrenVersion',
      'aclVersion',
      'sequence',
      'childCount',
      'createdZxid',
      'modifiedZxid',
      'childrenZxid',
      'createdMs',
      'modifiedMs',
      'ephemeralOwner',
    ],
  },
)

/** A plain node, with what a test is about replaced. */
export function znode(changes: Partial<Znode> & { readonly path: string }): Znode {
  return { ...untouchedZnode(changes.path), createdZxid: 1n, modifiedZxid: 1n, childrenZxid: 1n, ...changes }
}

/** Items one after the other, as a stream. */
export async function* streamOf<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  yield* items
}

/** All items of a stream. */
export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

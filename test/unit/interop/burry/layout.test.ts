import { burryLayout, type ListOptions, MemoryStorage, NotInArchiveError, type Znode, ZnodeArchive } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import {
  burryArchive,
  burryFixture,
  FIXTURE_EPHEMERALS,
  fixtureTree,
  likeFixture,
  nodesOfZip,
  SNAPSHOT,
} from '../../../support/burry.js'
import { storeSnapshot } from '../../../support/stored-snapshots.js'
import { type HandmadeFile, handmadeZip } from '../../../support/zips.js'
import { collected, znode } from '../../../support/znode-arbitrary.js'

const TAKEN_MS = Number(SNAPSHOT) * 1_000
const OPEN = [{ permissions: 31, scheme: 'world', id: 'anyone' }]

/** A zip of the snapshot with files in it, and with Burry's own. */
function zipWith(...files: HandmadeFile[]): Buffer {
  const meta = { name: '.burrymeta', data: '{"svc":"zk"}' }
  return handmadeZip([meta, ...files].map((file) => ({ ...file, name: `${SNAPSHOT}/${file.name}` })))
}

function summary(nodes: readonly Znode[]): Record<string, string> {
  return Object.fromEntries(
    nodes.map(({ path, data, kind }) => [path, `${kind} ${Buffer.from(data ?? '?').toString()}`]),
  )
}

describe("a zip of Burry's own", () => {
  it('gives the tree it was taken of, but for what Burry lost', async () => {
    const nodes = await nodesOfZip(burryFixture())
    expect(likeFixture(nodes, fixtureTree())).toEqual(fixtureTree())
    // The server makes `/zookeeper` by itself, and `/controller` does not come back: 11 of 13 children are created.
    expect(nodes[0]).toMatchObject({ path: '/', childCount: 13, sequence: 11 })
    expect(nodes.every(({ acl }) => JSON.stringify(acl) === JSON.stringify(OPEN))).toBe(true)
  })

  it('says when it was taken, that it is fuzzy, and what belonged to sessions of Kafka', async () => {
    const { archive } = await burryArchive(burryFixture())
    const id = expect.stringMatching(/^20261123T163400000Z-[0-9a-f]{8}$/)
    expect(await collected(archive.snapshots())).toMatchObject([
      { id, takenMs: TAKEN_MS, consistency: 'fuzzy', nodes: 69, ephemerals: 2, fromZxid: 0n, toZxid: 0n },
    ])
    const ephemerals = (await collected(archive.nodes('latest'))).filter(({ kind }) => kind === 'ephemeral')
    expect(ephemerals.map(({ path }) => path)).toEqual(['/brokers/ids/0', '/controller'])
    expect(await collected(archive.verify())).toEqual([])
  })

  it('takes what the caller knows of sessions besides', async () => {
    const ephemerals = ['/burrytest/eph']
    const nodes = await nodesOfZip(burryFixture(), { ephemerals })
    const owned = nodes.filter(({ kind }) => kind === 'ephemeral').map(({ path }) => path)
    expect(owned).toEqual(FIXTURE_EPHEMERALS)
  })

  it('can be compared with a snapshot of kafkeep in the same layout', async () => {
    const { storage, archive } = await burryArchive(burryFixture())
    const changed = (await collected(archive.nodes('latest'))).filter(({ path }) => path !== '/cluster/id')
    const view = burryLayout().over(storage)
    const { id } = await storeSnapshot(view, { nodes: changed, takenMs: TAKEN_MS + 60_000, exclude: [] })
    const [first] = await collected(archive.snapshots())
    expect(await collected(archive.diff(first?.id ?? '', id))).toMatchObject([
      { path: '/cluster/id', action: 'delete' },
    ])
  })
})

describe('where the zips are', () => {
  it.each([
    ['the id', SNAPSHOT, undefined],
    ['the id below a prefix', `zk/prod/${SNAPSHOT}`, 'zk/prod'],
    ['a local backup', `${SNAPSHOT}.zip`, undefined],
    ['a bucket of its own', 'latest.zip', undefined],
    ['latest.zip below a prefix', 'zk/latest.zip', 'zk/'],
  ])('may be %s', async (_, key, prefix) => {
    const { storage, archive } = await burryArchive(burryFixture(), { key, prefix })
    const [info] = await collected(archive.snapshots())
    expect(info).toMatchObject({ takenMs: TAKEN_MS, nodes: 69 })
    expect(await collected(archive.nodes(info?.id ?? ''))).toHaveLength(69)
    expect(await collected(archive.verify())).toEqual([])
    const view = burryLayout({ prefix }).over(storage)
    const [shown] = (await collected(view.list('znodes/'))).map((one) => one.key)
    await view.delete(shown ?? '')
    expect(await storage.head(key)).toBeUndefined()
  })

  it('are beside other objects, which do not disturb and are never touched', async () => {
    const { storage, archive } = await burryArchive(burryFixture())
    const others = [
      '0/1',
      '17',
      '1795451640/x',
      '17954516400',
      'a',
      'archive.json',
      'latest.zip',
      'sub/1795451641',
      '~',
    ]
    for (const key of others) await storage.put(key, Buffer.from('PK?'))
    expect(await collected(archive.snapshots())).toHaveLength(1)
    expect(await collected(archive.verify())).toEqual([])
    expect(await collected(archive.prune({ last: 1 }))).toEqual([])
    for (const key of others) expect(await storage.head(key)).toBeDefined()
  })

  it('are found without a look at everything else in the bucket', async () => {
    class LargeStorage extends MemoryStorage {
      override async *list(prefix: string, options: ListOptions) {
        yield* super.list(prefix, options)
        throw new Error('everything is listed')
      }
    }
    const storage = new LargeStorage()
    for (const key of [SNAPSHOT, 'a']) await storage.put(key, burryFixture())
    const view = burryLayout().over(storage)
    expect(await collected(view.list('znodes/'))).toHaveLength(1)
  })

  it('keep their ids, of which each names one zip', async () => {
    const storage = new MemoryStorage()
    for (const key of [SNAPSHOT, `${SNAPSHOT}.zip`, 'latest.zip', `p/${SNAPSHOT}`])
      await storage.put(key, burryFixture())
    const idsOf = async (prefix?: string) => {
      const archive = new ZnodeArchive({ storage, layout: burryLayout({ prefix }) })
      return (await collected(archive.snapshots())).map(({ id }) => id)
    }
    const ids = [...(await idsOf()), ...(await idsOf('p'))]
    expect(new Set(ids).size).toBe(4)
    expect([...(await idsOf()), ...(await idsOf('p'))]).toEqual(ids)
  })

  it('are told apart from no archive at all', async () => {
    for (const key of ['other', 'latest.zip/x']) {
      const { archive } = await burryArchive(Buffer.from('?'), { key })
      await expect(collected(archive.snapshots())).rejects.toBeInstanceOf(NotInArchiveError)
    }
    const { archive } = await burryArchive(Buffer.from('?'), { key: 'latest.zip' })
    await expect(collected(archive.snapshots())).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: 'latest.zip' })
  })

  it('are deleted by prune', async () => {
    const { storage, archive } = await burryArchive(burryFixture())
    const newer = zipWith({ name: 'content' }).toString('latin1').replaceAll(SNAPSHOT, '1795451700')
    await storage.put('1795451700', Buffer.from(newer, 'latin1'))
    const bytes = burryFixture().length
    expect(await collected(archive.prune({ last: 1 }))).toMatchObject([{ bytes }])
    expect((await collected(storage.list(''))).map(({ key }) => key)).toEqual(['1795451700'])
  })
})

describe('what is in a zip', () => {
  it('may be without content for nodes with children, in any order, and with folders', async () => {
    const nodes = await nodesOfZip(
      zipWith({ name: 'b/c/d/content', data: 'd' }, { name: 'a/content', data: 'a' }, { name: 'e/f/', method: 0 }),
    )
    expect(summary(nodes)).toEqual({
      '/': 'persistent ',
      '/a': 'persistent a',
      '/b': 'persistent ',
      '/b/c': 'persistent ',
      '/b/c/d': 'persistent d',
      '/e': 'persistent ',
      '/e/f': 'persistent ',
    })
    expect(nodes.map(({ childCount, sequence }) => [childCount, sequence])).toEqual([
      [3, 3],
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
      [1, 1],
      [0, 0],
    ])
  })

  it('has names with colons, backslashes and everything that is UTF-8, whatever its flags say', async () => {
    const names = ['aBURRY_ESC_COLONb:', 'a\\b', 'grüße', '\u{1F600}', ' ', 'C:', '...', 'x\ny']
    const nodes = await nodesOfZip(zipWith(...names.map((name) => ({ name: `${name}/content`, data: 'x' }))))
    const expected = ['/', ...names.map((name) => `/${name.replace('BURRY_ESC_COLON', ':')}`)]
    expect(nodes.map(({ path }) => path)).toEqual(expected.sort())
  })

  it('is no node where Burry would not restore one', async () => {
    const nodes = await nodesOfZip(
      handmadeZip(
        ['.burrymeta', 'content', 'a/.burrymeta', 'a/content.txt', `a/${SNAPSHOT}/b/content`, 'a/.burrymeta/c/content']
          .map((name) => ({ name: `${SNAPSHOT}/${name}` }))
          .concat({ name: '__MACOSX/x/content' }, { name: 'README' }),
      ),
    )
    expect(nodes.map(({ path }) => path)).toEqual(['/', '/a'])
  })

  it('may be a node named content, whose parent has none', async () => {
    expect(summary(await nodesOfZip(zipWith({ name: 'a/content/content', data: 'x' })))).toMatchObject({
      '/a': 'persistent ',
      '/a/content': 'persistent x',
    })
  })

  it('belonged to sessions of Kafka below any chroot', async () => {
    const owned = ['brokers/ids/7', 'controller', 'consumers/g/ids/c-1', 'consumers/g/owners/t/0']
    const lasting = ['brokers/topics/t', 'controller_epoch', 'consumers/g/offsets/t/0', 'app/controller']
    const files = ['', 'kafka/', 'a/b/'].flatMap((root) =>
      [...owned, ...lasting].map((name) => `${root}${name}/content`),
    )
    const nodes = await nodesOfZip(zipWith(...files.map((name) => ({ name }))))
    const ephemerals = nodes.filter(({ kind }) => kind === 'ephemeral').map(({ path }) => path)
    expect(ephemerals).toEqual(
      ['/', '/kafka/', '/a/b/'].flatMap((root) => owned.map((name) => `${root}${name}`)).sort(),
    )
    // A restore raises no counter for what it leaves out.
    expect(nodes.find(({ path }) => path === '/kafka/brokers/ids')).toMatchObject({ childCount: 1, sequence: 0 })
  })
})

describe('the options', () => {
  it.each([
    [{ prefix: '' }, '`prefix` must be a string that is not empty'],
    [{ prefix: 'a//b' }, '`prefix` must have no segment that is empty'],
    [{ prefix: 1 }, '`prefix` must be a string'],
    [{ ephemerals: '/a' }, '`ephemerals` must be an array of paths and patterns'],
    [{ ephemerals: ['a'] }, '`ephemerals` must hold absolute znode paths'],
    [{ bucket: 'x' }, 'burryLayout has no option `bucket`'],
    [null, 'burryLayout takes an options object'],
  ])('%j are refused', (options, message) => {
    expect(() => burryLayout(options as never)).toThrow(message)
  })

  it('leave no choice of a codec', () => {
    const options = { storage: new MemoryStorage(), layout: burryLayout(), codecs: [] }
    expect(() => new ZnodeArchive(options)).not.toThrow()
  })
})

describe('a snapshot in the same second', () => {
  it('is refused for the moment, and replaces nothing', async () => {
    const { storage } = await burryArchive(burryFixture())
    const view = burryLayout().over(storage)
    const stored = storeSnapshot(view, { nodes: [znode({ path: '/' })], takenMs: TAKEN_MS + 999 })
    await expect(stored).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: true, key: SNAPSHOT })
    expect(Buffer.concat(await collected(storage.get(SNAPSHOT)))).toEqual(burryFixture())
  })
})

import { crc32, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { burryLayout, MemoryStorage, type Znode, ZnodeArchive } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { contentOf, readZip, type ZipEntry } from '../../../../src/interop/burry/zip-reading.js'
import { ZipWriter } from '../../../../src/interop/burry/zip-writing.js'
import { upwards } from '../../../../src/zookeeper/path.js'
import { burryFixture, nodesOfZip, SNAPSHOT } from '../../../support/burry.js'
import { storeSnapshot } from '../../../support/stored-snapshots.js'
import { zipFiles } from '../../../support/zips.js'
import { collected, znode, znodeArbitrary } from '../../../support/znode-arbitrary.js'

const TAKEN_MS = Number(SNAPSHOT) * 1_000
const SIDECAR = `${SNAPSHOT}/.kafkeep.znodes.jsonl`
const META = `${SNAPSHOT}/.burrymeta`
const MIB = 1_048_576

/** Stores nodes as Burry would, and answers the zip and what is read of it. */
async function stored(nodes: readonly Znode[]) {
  const bucket = new MemoryStorage()
  const layout = burryLayout({ prefix: 'zk/prod' })
  const { id } = await storeSnapshot(layout.over(bucket), { nodes, takenMs: TAKEN_MS + 123 })
  expect((await collected(bucket.list(''))).map(({ key }) => key)).toEqual([`zk/prod/${SNAPSHOT}`])
  const zip = Buffer.concat(await collected(bucket.get(`zk/prod/${SNAPSHOT}`)))
  return { id, zip, archive: new ZnodeArchive({ storage: bucket, layout }) }
}

describe('a zip that kafkeep writes', () => {
  it("has the same files as Burry's of the same tree, with the same headers, and one more", async () => {
    const nodes = (await nodesOfZip(burryFixture())).map((node) => ({ ...node, kind: 'persistent' as const }))
    const { zip } = await stored(nodes)
    const filesOf = (bytes: Buffer, left: readonly string[]) => {
      const files = zipFiles(bytes).filter(({ name }) => !left.includes(name))
      return files
        .map((file) => ({ ...file, data: file.data.toString('latin1') }))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    }
    expect(filesOf(zip, [META, SIDECAR])).toEqual(filesOf(burryFixture(), [META]))
    expect(zipFiles(zip).map(({ name }) => name)).toContain(SIDECAR)
  })

  it("has Burry's facts, as Burry writes them", async () => {
    const { zip } = await stored([znode({ path: '/' })])
    const metaOf = (bytes: Buffer) => String(zipFiles(bytes).find(({ name }) => name === META)?.data)
    expect(metaOf(zip)).toBe(
      '{"snapshot-date":"2026-11-23T16:34:00Z","svc":"zk","svc-endpoint":"","target":"s3","target-endpoint":""}',
    )
    const [own, theirs] = [zip, burryFixture()].map((bytes) => JSON.parse(metaOf(bytes)))
    expect(Object.keys(own)).toEqual(Object.keys(theirs))
    expect(own['snapshot-date']).toBe(theirs['snapshot-date'])
  })

  it('is found under the id that the snapshot was given, and is intact', async () => {
    const { id, archive } = await stored([znode({ path: '/' })])
    expect(id).toMatch(/^20261123T163400000Z-/)
    expect(await collected(archive.snapshots())).toMatchObject([{ id, takenMs: TAKEN_MS, consistency: 'exact' }])
    expect(await collected(archive.verify())).toEqual([])
  })

  it('keeps from Burry what it could not restore, or must not, but loses nothing', async () => {
    const fit = ['/', '/a', '/a/b:c', '/a/contents', `/${'n'.repeat(255)}`, '/z\\']
    const unfit = [
      '/content',
      '/content/x',
      '/a/.burrymeta',
      `/${SNAPSHOT}`,
      `/${SNAPSHOT}/x`,
      '/BURRY_ESC_COLON',
      '/\ud800',
      `/${'n'.repeat(256)}`,
      `/${':'.repeat(18)}`,
      `/${'ü'.repeat(128)}`,
      `/long${'/long'.repeat(700)}`,
    ]
    const nodes = [...fit, ...unfit.flatMap((path) => [...upwards(path)])]
      .filter((path, index, all) => all.indexOf(path) === index)
      .sort()
      .map((path) => znode({ path, data: new Uint8Array([1, 2]) }))
    const { zip, archive } = await stored([...nodes, znode({ path: '/~', kind: 'ephemeral' })])
    expect(await collected(archive.nodes('latest'))).toEqual([...nodes, znode({ path: '/~', kind: 'ephemeral' })])
    const names = zipFiles(zip).map(({ name }) => name)
    const short = names.filter((name) => !name.includes('/long'))
    const content = fit.map((path) => `${SNAPSHOT}${path === '/' ? '' : path.replace(':', 'BURRY_ESC_COLON')}/content`)
    expect(short.sort()).toEqual([...content, META, SIDECAR].sort())
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(3_072)
  })

  it('may have more files than 16 bits can count', async () => {
    const [zip, data] = [new ZipWriter(), Buffer.from('x')]
    const file = { packed: [deflateRawSync(data)], packedBytes: 3, sizeBytes: 1, crc32: crc32(data) }
    for (let index = 0; index < 66_000; index += 1) zip.add(`${index}`, file)
    const entries = await readZip(Buffer.concat(zip.end()), { key: 'many.zip' })
    expect(entries.map(({ name }) => name)).toEqual(Array.from({ length: 66_000 }, (_, index) => `${index}`))
    expect(contentOf(entries[65_999] as ZipEntry, 'many.zip')).toEqual(data)
  })

  it('is not written when it could not be read again', async () => {
    const data = new Uint8Array(33 * MIB).fill(0x61)
    const bucket = new MemoryStorage()
    const nodes = [znode({ path: '/' }), znode({ path: '/a', data })]
    await expect(storeSnapshot(burryLayout().over(bucket), { nodes })).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: '/a holds 34603008 bytes, and a zip of Burry has 33554432 for a znode',
    })
    expect(await collected(bucket.list(''))).toEqual([])
  })
})

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'content', '.burrymeta', SNAPSHOT, ':', '::', 'a:b', 'BURRY_ESC_COLON', 'BURRY_ESC_COL:ON'),
  fc.constantFrom(' ', 'a b', '\\', 'C:', 'grüße', '\u{1F600}', '\u202E', '%2F', '...', '*', '~', 'BURRY_ESC_COLO'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).filter((text) => !/[/\0]|^\.\.?$/.test(text)),
)
const tree = fc
  .array(fc.array(name, { maxLength: 4 }), { maxLength: 12 })
  .map((paths) => [...new Set([...paths, []].flatMap((names) => [...upwards(`/${names.join('/')}`)]))].sort())
  .chain((paths) => fc.tuple(...paths.map((path) => znodeArbitrary.map((node) => ({ ...node, path })))))

describe('any tree', () => {
  it('comes back as it was, and Burry gets what it can hold', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (nodes) => {
        const { zip, archive } = await stored(nodes)
        expect(await collected(archive.nodes('latest'))).toEqual(nodes)
        expect(await collected(archive.verify())).toEqual([])
        const read = new Map<string, Buffer>()
        for (const { name, data } of zipFiles(zip)) {
          const path =
            name
              .slice(SNAPSHOT.length)
              .replace(/\/content$/, '')
              .replaceAll('BURRY_ESC_COLON', ':') || '/'
          if (name.endsWith('/content')) read.set(path, data)
        }
        for (const { path, data, kind } of nodes) {
          if (!read.has(path)) continue
          expect(kind).not.toBe('ephemeral')
          expect(read.get(path)).toEqual(Buffer.from(data ?? ''))
        }
        expect([...read.keys()].filter((path) => !nodes.some((node) => node.path === path))).toEqual([])
      }),
      { numRuns: 200 },
    )
  })
})

import { describe, expect, it } from 'vitest'
import { findSnapshot, readSnapshotNodes } from '../../../src/archive/znode-snapshot.js'
import { jsonLinesZnodes } from '../../../src/codec/json-lines-znodes.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { ZnodeArchive } from '../../../src/znode-archive.js'
import { copySnapshot, editSnapshot, storeSnapshot } from '../../support/stored-snapshots.js'
import { collected, znode } from '../../support/znode-arbitrary.js'

const TAKEN_MS = Date.UTC(2026, 10, 23, 19, 18, 39, 123)
const NODES = [znode({ path: '/' }), znode({ path: '/a', data: Buffer.from('xyz') })]

async function stored({ storage = new MemoryStorage(), takenMs = TAKEN_MS } = {}) {
  const header = await storeSnapshot(storage, {
    takenMs,
    exclude: ['/zookeeper', /\d+$/i],
    unreadable: ['/secret'],
    consistency: 'settled',
    fromZxid: 2n ** 62n,
    toZxid: 2n ** 62n + 5n,
    nodes: NODES,
  })
  return { storage, header }
}

/** A storage with a copy of the one snapshot of `storage`, its text changed. */
async function edited(storage: MemoryStorage, edit: (text: string) => string): Promise<MemoryStorage> {
  const copy = new MemoryStorage()
  await copySnapshot(storage, copy)
  await editSnapshot(copy, 'latest', edit)
  return copy
}

describe('a stored snapshot', () => {
  it('describes itself in its one object', async () => {
    const { storage, header } = await stored()
    expect(header.id).toMatch(/^20261123T191839123Z-[0-9a-f]{8}$/)
    const archive = new ZnodeArchive({ storage })
    const { exclude, crc32c, roots, ...summary } = header
    expect(await collected(archive.snapshots())).toEqual([{ ...summary, nodes: 2, bytes: 3n, ephemerals: 0 }])
    expect((await collected(archive.nodes(header.id))).map(({ path }) => path)).toEqual(['/', '/a'])
  })

  it('lets others run while many nodes are summed up, so that it can be stopped then', async () => {
    const storage = new MemoryStorage()
    const nodes = Array.from({ length: 2_000 }, (_, index) => znode({ path: `/${index}` }))
    const reason = new Error('stop')
    const controller = new AbortController()
    setImmediate(() => controller.abort(reason))
    await expect(storeSnapshot(storage, { nodes }, { signal: controller.signal })).rejects.toBe(reason)
    expect(await collected(storage.list('znodes/'))).toEqual([])
  })

  it.each([
    ['a byte of a node', (text: string) => text.replace('xyz', 'xyZ')],
    ['a count', (text: string) => text.replace('\\"nodes\\":2', '\\"nodes\\":3')],
    ['the count of bytes', (text: string) => text.replace('\\"bytes\\":\\"3', '\\"bytes\\":\\"4')],
    ['the count of ephemerals', (text: string) => text.replace('\\"ephemerals\\":0', '\\"ephemerals\\":1')],
    ['the header', (text: string) => text.replace('settled', 'sattled')],
    ['all of the header', (text: string) => text.slice(text.indexOf('\n') + 1).replace('{"nodes":3}', '{"nodes":2}')],
    [
      'one node less',
      (text: string) => text.replace(/\n\{"path":"\/a".*\n/, '\n').replace('{"nodes":3}', '{"nodes":2}'),
    ],
  ])('does not pass for whole when somebody changes %s', async (_, edit) => {
    const { storage, header } = await stored()
    const archive = new ZnodeArchive({ storage: await edited(storage, edit) })
    await expect(collected(archive.nodes(header.id))).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      key: `znodes/${header.id}.znodes.jsonl`,
    })
  })

  it('is refused, not misread, when a newer kafkeep wrote it', async () => {
    const { storage, header } = await stored()
    const newer = await edited(storage, (text) => text.replace('\\"format\\":1', '\\"format\\":2'))
    await expect(collected(new ZnodeArchive({ storage: newer }).nodes(header.id))).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
    })
  })

  it('is found as the latest, by its id, or as the latest before an instant', async () => {
    const { storage, header: first } = await stored()
    const { header: second } = await stored({ storage, takenMs: TAKEN_MS + 1 })
    const found = async (choice: Parameters<typeof findSnapshot>[1]) => (await findSnapshot(storage, choice, {})).id
    expect(await found('latest')).toBe(second.id)
    expect(await found(first.id)).toBe(first.id)
    expect(await found({ before: new Date(second.takenMs) })).toBe(first.id)
    await expect(found({ before: new Date(first.takenMs) })).rejects.toMatchObject({ code: 'NOT_IN_ARCHIVE' })
  })

  it('is not confused with objects of other names, which stay', async () => {
    const { storage, header } = await stored()
    const foreign = ['znodes/notes.txt', 'znodes/20261123T191839123Z.jsonl', `znodes/x/${header.id}.znodes.jsonl`]
    for (const key of foreign) await storage.put(key, Buffer.from('?'))
    expect(await collected(new ZnodeArchive({ storage }).snapshots())).toHaveLength(1)
    for (const key of foreign) expect(await storage.head(key)).toBeDefined()
  })

  it('says which codec is missing, and takes those of the caller', async () => {
    const { storage, header } = await stored()
    const { key } = await findSnapshot(storage, 'latest', {})
    const bytes = Buffer.concat(await collected(storage.get(key)))
    const other = new MemoryStorage()
    await other.put(`znodes/${header.id}.own`, bytes)
    const snapshot = await findSnapshot(other, 'latest', {})
    await expect(collected(readSnapshotNodes(other, snapshot, { codecs: [] }))).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringContaining('.own'),
    })
    const own = { ...jsonLinesZnodes(), extension: '.own' }
    expect(await collected(readSnapshotNodes(other, snapshot, { codecs: [own] }))).toHaveLength(2)
  })
})

import { describe, expect, it } from 'vitest'
import { jsonLinesZnodes } from '../../../src/codec/json-lines-znodes.js'
import { ObjectNotFoundError, StorageError } from '../../../src/errors.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { withFaults } from '../../../src/testing/faults.js'
import { ZnodeArchive } from '../../../src/znode-archive.js'
import { copySnapshot, editSnapshot, storeSnapshot } from '../../support/stored-snapshots.js'
import { collected, znode } from '../../support/znode-arbitrary.js'

const NODES = [znode({ path: '/' }), znode({ path: '/a', data: Buffer.from('xyz') })]
const TAKEN_MS = Date.UTC(2026, 10, 23)

async function threeSnapshots() {
  const storage = new MemoryStorage()
  const ids: string[] = []
  for (const day of [0, 1, 2]) {
    ids.push((await storeSnapshot(storage, { takenMs: TAKEN_MS + day * 86_400_000, nodes: NODES })).id)
  }
  return { storage, ids, findings: () => collected(new ZnodeArchive({ storage }).verify()) }
}

describe('the verification of snapshots', () => {
  it('finds nothing where all is well', async () => {
    const { findings } = await threeSnapshots()
    expect(await findings()).toEqual([])
  })

  it.each([
    ['a byte', (text: string) => text.replace('xyz', 'xyZ')],
    ['a count', (text: string) => text.replace('\\"bytes\\":\\"3', '\\"bytes\\":\\"4')],
    ['the header', (text: string) => text.replace('"path":""', '"path":"/b"')],
    ['the end', (text: string) => text.slice(0, -5)],
    ['everything', () => ''],
  ])('names the one object of which %s is not as it was, and looks at the others too', async (_, edit) => {
    const { storage, ids, findings } = await threeSnapshots()
    const first = await editSnapshot(storage, ids[0] ?? '', edit)
    const last = await editSnapshot(storage, ids[2] ?? '', edit)
    expect(await findings()).toMatchObject([
      { kind: 'damaged', key: first, text: expect.stringContaining(first), hint: expect.any(String) },
      { kind: 'damaged', key: last },
    ])
  })

  it('names objects that are no snapshots', async () => {
    const { storage, findings } = await threeSnapshots()
    await storage.put('znodes/notes.txt', Buffer.from('?'))
    await storage.put('elsewhere/notes.txt', Buffer.from('?'))
    expect(await findings()).toMatchObject([{ kind: 'foreign', key: 'znodes/notes.txt' }])
  })

  it('names a snapshot whose name does not say when it was taken', async () => {
    const { storage, findings } = await threeSnapshots()
    const key = await copySnapshot(storage, storage, 'znodes/20300101T000000000Z-00000000.znodes.jsonl')
    expect(await findings()).toMatchObject([{ kind: 'mismatch', key, text: expect.stringContaining('2026-11-25') }])
  })

  it('names a snapshot that is not in order, or has a node without its parent', async () => {
    const { storage, findings } = await threeSnapshots()
    const { id } = await storeSnapshot(storage, { takenMs: TAKEN_MS, nodes: [...NODES].reverse() })
    expect(await findings()).toMatchObject([{ kind: 'mismatch', key: `znodes/${id}.znodes.jsonl` }])
  })

  it('names what it cannot read for want of a codec, and says what to do', async () => {
    const { storage, findings } = await threeSnapshots()
    const own = { ...jsonLinesZnodes(), extension: '.own' }
    const { id } = await storeSnapshot(storage, { takenMs: TAKEN_MS, nodes: NODES, codec: own })
    const key = `znodes/${id}.own`
    expect(await findings()).toMatchObject([
      { kind: 'unverifiable', key, text: expect.stringContaining('.own'), hint: expect.stringContaining('codecs') },
    ])
    expect(await collected(new ZnodeArchive({ storage, codecs: [own] }).verify())).toEqual([])
  })

  it('goes on where the storage refuses one object or has lost it, and stops where it fails', async () => {
    const { storage, ids } = await threeSnapshots()
    const key = `znodes/${ids[0]}.znodes.jsonl`
    const findingsAfter = async (error: Error) => {
      const { proxy, fail } = withFaults(storage)
      // The first object that is read is the archive's marker.
      fail('get', error, { skip: 1 })
      return collected(new ZnodeArchive({ storage: proxy }).verify())
    }
    expect(await findingsAfter(new StorageError('access denied', { key }))).toMatchObject([
      { kind: 'unverifiable', key },
    ])
    expect(await findingsAfter(new ObjectNotFoundError(key))).toMatchObject([{ kind: 'missing', key }])
    const outage = new StorageError('slow down', { key, retryable: true })
    await expect(findingsAfter(outage)).rejects.toBe(outage)
    const boom = new Error('a defect')
    await expect(findingsAfter(boom)).rejects.toBe(boom)
  })

  it('is of an archive, and ends at once when the signal says so', async () => {
    await expect(collected(new ZnodeArchive({ storage: new MemoryStorage() }).verify())).rejects.toMatchObject({
      code: 'NOT_IN_ARCHIVE',
    })
    const { storage } = await threeSnapshots()
    const reason = new Error('stop')
    const verified = new ZnodeArchive({ storage }).verify({ signal: AbortSignal.abort(reason) })
    await expect(collected(verified)).rejects.toBe(reason)
  })
})

import { describe, expect, it } from 'vitest'
import { ensureArchive, requireArchive } from '../../../src/archive/archive-marker.js'
import { ForeignContentError, NotInArchiveError, StorageError, UnsupportedFormatError } from '../../../src/errors.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { withFaults } from '../../../src/testing/faults.js'
import { keys, read } from '../../../src/testing/storage-contract/support.js'

async function holding(key: string, body: string): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  await storage.put(key, Buffer.from(body))
  return storage
}

describe('the marker of an archive', () => {
  it('makes an empty storage an archive, once', async () => {
    const storage = new MemoryStorage()
    await expect(requireArchive(storage, {})).rejects.toBeInstanceOf(NotInArchiveError)
    await ensureArchive(storage, {})
    await ensureArchive(storage, {})
    await requireArchive(storage, {})
    expect(await keys(storage, '')).toEqual(['archive.json'])
    expect(JSON.parse(Buffer.from(await read(storage, 'archive.json')).toString())).toMatchObject({ format: 1 })
  })

  it('is never put beside what somebody else keeps there', async () => {
    const storage = await holding('photos/cat.jpg', 'x')
    const making = ensureArchive(storage, {})
    await expect(making).rejects.toBeInstanceOf(ForeignContentError)
    await expect(making).rejects.toThrow('photos/cat.jpg')
    expect(await keys(storage, '')).toEqual(['photos/cat.jpg'])
  })

  it.each([ensureArchive, requireArchive])('of a newer format is refused: %o', async (look) => {
    const storage = await holding('archive.json', '{"format":2}')
    await expect(look(storage, {})).rejects.toBeInstanceOf(UnsupportedFormatError)
  })

  it.each(['', '{', 'null', '{}', '{"format":"1"}', '{"format":0}', '{"format":1.5}'])(
    'that reads %j is damage',
    async (body) => {
      const damage = { code: 'ARCHIVE_CORRUPT', key: 'archive.json' }
      await expect(ensureArchive(await holding('archive.json', body), {})).rejects.toMatchObject(damage)
      await expect(requireArchive(await holding('archive.json', body), {})).rejects.toMatchObject(damage)
    },
  )

  it('is agreed on by writers that begin at once', async () => {
    const storage = new MemoryStorage()
    await Promise.all(Array.from({ length: 10 }, () => ensureArchive(storage, {})))
    expect(await keys(storage, '')).toEqual(['archive.json'])
  })

  it('is seen by a writer that another one overtook between its two looks', async () => {
    const storage = new MemoryStorage()
    const { proxy, hang } = withFaults(storage)
    const goOn = hang('list')
    const late = ensureArchive(proxy, {})
    await ensureArchive(storage, {})
    await storage.put('topics/a', Buffer.alloc(1))
    goOn()
    await late
  })

  it('of a newer format is refused by a writer that finds it only when it puts its own', async () => {
    const storage = new MemoryStorage()
    const { proxy, hang } = withFaults(storage)
    const goOn = hang('put')
    const late = ensureArchive(proxy, {})
    await storage.put('archive.json', Buffer.from('{"format":2}'))
    goOn()
    await expect(late).rejects.toBeInstanceOf(UnsupportedFormatError)
  })

  it('is never taken for missing because the store fails', async () => {
    const refused = new StorageError('refused')
    const { proxy, fail } = withFaults(new MemoryStorage())
    fail('head', refused)
    await expect(ensureArchive(proxy, {})).rejects.toBe(refused)
    fail('head', refused)
    await expect(requireArchive(proxy, {})).rejects.toBe(refused)
  })
})

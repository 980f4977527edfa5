import fc from 'fast-check'
import { MemoryStorage } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { jsonBytes, readJson, readSealedJson } from '../../../src/archive/json-object.js'

const KEY = 'topics/orders/g2.json'
const VALUE = { format: 1, cut: 12n, note: 'größer' }

async function stored(bytes: Uint8Array, key = KEY): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  await storage.put(key, bytes)
  return storage
}

describe('a small JSON object', () => {
  it('is read as it was written', async () => {
    const { value, sealed } = await readSealedJson(await stored(jsonBytes(KEY, VALUE)), KEY, {})
    expect(value).toMatchObject({ format: 1, cut: '12', note: 'größer' })
    expect(sealed).toBe(true)
  })

  it('does not prove anything without its checksum', async () => {
    expect(await readSealedJson(await stored(Buffer.from('{"format":1}')), KEY, {})).toEqual({
      value: { format: 1 },
      sealed: false,
    })
  })

  it('is damage when any bit of it has changed', async () => {
    const bytes = jsonBytes(KEY, VALUE)
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 7 }), async (at, bit) => {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ (1 << bit)
        const read = await readSealedJson(await stored(changed), KEY, {}).catch((error: unknown) => error)
        if (read instanceof Error) expect(read).toMatchObject({ code: 'ARCHIVE_CORRUPT', key: KEY })
        // Where the name of the checksum is hit, there is none.
        else expect(read).toMatchObject({ sealed: false })
      }),
    )
  })

  it('is damage under another name than its own', async () => {
    const other = 'topics/orders/g3.json'
    const moved = readJson(await stored(jsonBytes(KEY, VALUE), other), other, {})
    await expect(moved).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: other })
  })
})

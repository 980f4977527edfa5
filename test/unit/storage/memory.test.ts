import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareUtf8 } from '../../../src/internal/utf8.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { nextPrefix } from '../../../src/storage/object-key.js'
import { all, keys, pattern } from '../../../src/testing/storage-contract/support.js'

const SEGMENT = fc.constantFrom('a', 'a-', 'a0', 'b', '\uFF5E', '\u{1F600}')
const KEY = fc.array(SEGMENT, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'))
const STEP = fc.record({ verb: fc.constantFrom('put', 'put', 'delete', 'list'), key: KEY })

describe('MemoryStorage', () => {
  test('lists what is there in byte order, in whatever order keys came and went', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(STEP, { maxLength: 60 }),
        fc.constantFrom('', 'a', 'a/', 'b/a'),
        async (steps, prefix) => {
          const storage = new MemoryStorage()
          const model = new Set<string>()
          const expectListing = async (startAfter: string) => {
            const sorted = [...model].sort(compareUtf8)
            const below = sorted.filter((key) => key.startsWith(prefix))
            const after = below.filter((key) => compareUtf8(key, startAfter) > 0)
            const segments = new Set(below.flatMap((key) => nextPrefix(key, prefix) ?? []))
            expect(await keys(storage, prefix, { startAfter })).toEqual(after)
            expect(await all(storage.listPrefixes(prefix))).toEqual([...segments])
          }
          for (const { verb, key } of steps) {
            if (verb === 'list') {
              await expectListing(key)
            } else if (verb === 'put') {
              await storage.put(key, pattern(1))
              model.add(key)
            } else {
              await storage.delete(key)
              model.delete(key)
            }
          }
          await expectListing('')
        },
      ),
    )
  })

  test('goes on with a listing while objects come and go', async () => {
    const storage = new MemoryStorage()
    const names = Array.from({ length: 2_500 }, (_, index) => `k/${String(index).padStart(4, '0')}`)
    for (const name of names.toReversed()) await storage.put(name, pattern(1))
    const listed: string[] = []
    for await (const { key } of storage.list('k/')) {
      listed.push(key)
      if (key === 'k/0500') {
        await storage.delete('k/0100')
        await storage.delete('k/0600')
        await storage.put('j', pattern(1))
        await storage.put('k/0400-', pattern(1))
      }
    }
    expect(listed).toEqual(names.filter((name) => name !== 'k/0600'))
  })
})

import assert from 'node:assert/strict'
import { all, keys, putEach, type StorageContract } from './support.js'

// In byte order. A walk of folders would put 'p/a/z' first, sorting by UTF-16 would put the emoji before U+FF5E.
const TRICKY = ['a', 'p/a-b', 'p/a.b', 'p/a/z', 'p/a0', 'p/ab/c', 'p/b', 'p2', 'q/a', 'q/\uFF5E']
const EMOJI = 'q/\u{1F600}'

/** What `list` and `listPrefixes` tell. */
export function listingContract(contract: StorageContract): void {
  order(contract)
  prefixes(contract)
  startAfter(contract)
  nextSegments(contract)
  manyObjects(contract)
}

function order({ test, open, limits }: StorageContract): void {
  const expected = limits.ordersByCodePoint ? [...TRICKY, EMOJI] : TRICKY

  test('lists in UTF-8 byte order, whatever the directory layout', async () => {
    const storage = await open()
    await putEach(storage, expected.toReversed())
    assert.deepEqual(await keys(storage, ''), expected)
  })

  test('lists nothing in an empty storage', async () => {
    const storage = await open()
    assert.deepEqual(await keys(storage, ''), [])
    assert.deepEqual(await keys(storage, 'no/such/'), [])
    assert.deepEqual(await all(storage.listPrefixes('')), [])
  })
}

function prefixes({ test, open }: StorageContract): void {
  test('lists exactly the keys that begin with the prefix', async () => {
    const storage = await open()
    await putEach(storage, ['foo/a', 'foo/b/c', 'foobar/a', 'fo', 'g'])
    assert.deepEqual(await keys(storage, 'foo/'), ['foo/a', 'foo/b/c'])
    assert.deepEqual(await keys(storage, 'foo'), ['foo/a', 'foo/b/c', 'foobar/a'])
    assert.deepEqual(await keys(storage, 'foo/b'), ['foo/b/c'])
    assert.deepEqual(await keys(storage, 'foo/a'), ['foo/a'])
    assert.deepEqual(await keys(storage, 'foo/a/'), [])
    assert.deepEqual(await keys(storage, 'h'), [])
  })

  test('leaves a listing early without harm', async () => {
    const storage = await open()
    await putEach(storage, ['a/1', 'a/2', 'b/1'])
    for await (const { key } of storage.list('')) {
      assert.equal(key, 'a/1')
      break
    }
    for await (const prefix of storage.listPrefixes('')) {
      assert.equal(prefix, 'a/')
      break
    }
    assert.equal((await keys(storage, '')).length, 3)
  })
}

function startAfter({ test, open }: StorageContract): void {
  test('starts a listing after a key, whether that exists or not', async () => {
    const storage = await open()
    await putEach(storage, TRICKY)
    const after = (key: string) => keys(storage, 'p/', { startAfter: key })
    assert.deepEqual(await after('p/a-b'), ['p/a.b', 'p/a/z', 'p/a0', 'p/ab/c', 'p/b'])
    assert.deepEqual(await after('p/a/'), ['p/a/z', 'p/a0', 'p/ab/c', 'p/b'])
    assert.deepEqual(await after('p/a/z'), ['p/a0', 'p/ab/c', 'p/b'])
    assert.deepEqual(await after('p/a/zz'), ['p/a0', 'p/ab/c', 'p/b'])
    assert.deepEqual(await after('p/b'), [])
    assert.deepEqual(await after('q'), [])
    assert.deepEqual(await after('a'), ['p/a-b', 'p/a.b', 'p/a/z', 'p/a0', 'p/ab/c', 'p/b'])
    assert.deepEqual(await keys(storage, '', { startAfter: 'p/ab/c' }), ['p/b', 'p2', 'q/a', 'q/\uFF5E'])
  })
}

function nextSegments({ test, open }: StorageContract): void {
  test('lists the next path segments below a prefix, each once, in byte order', async () => {
    const storage = await open()
    await putEach(storage, ['top', 't/a-b/1', 't/a/1', 't/a/2/3', 't/b', 't/c/d/e', 'u/x'])
    assert.deepEqual(await all(storage.listPrefixes('')), ['t/', 'u/'])
    assert.deepEqual(await all(storage.listPrefixes('t/')), ['t/a-b/', 't/a/', 't/c/'])
    assert.deepEqual(await all(storage.listPrefixes('t/a')), ['t/a-b/', 't/a/'])
    assert.deepEqual(await all(storage.listPrefixes('t/a/')), ['t/a/2/'])
    assert.deepEqual(await all(storage.listPrefixes('t/b/')), [])
    assert.deepEqual(await all(storage.listPrefixes('none/')), [])
  })

  test('lists a path segment no more when its last object is gone', async () => {
    const storage = await open()
    await putEach(storage, ['t/a/b/1', 't/c/1'])
    await storage.delete('t/a/b/1')
    assert.deepEqual(await all(storage.listPrefixes('t/')), ['t/c/'])
    assert.deepEqual(await keys(storage, 't/'), ['t/c/1'])
  })
}

function manyObjects({ test, open }: StorageContract): void {
  test('lists more than a thousand objects and path segments, whole and from the middle', async () => {
    const storage = await open()
    const names = Array.from({ length: 1_005 }, (_, index) => `many/${String(index).padStart(5, '0')}/x`)
    await putEach(storage, names)
    assert.deepEqual(await keys(storage, 'many/'), names)
    assert.deepEqual(await keys(storage, '', { startAfter: names[2] }), names.slice(3))
    const segments = names.map((name) => name.slice(0, -1))
    assert.deepEqual(await all(storage.listPrefixes('many/')), segments)
  })
}

import assert from 'node:assert/strict'
import { all, keys, pattern, putEach, read, type StorageContract } from './support.js'

const ODD_KEYS = [
  'with space/ and more ',
  'plus+and%20percent%',
  'quotes\'"`/<&>',
  'UPPER/Upper/upper',
  'upper/upper/upper',
  'gr\u00FC\u00DFe/\u65E5\u672C\u8A9E',
  'nfc/\u00E9',
  'nfd/e\u0301',
  'con/nul.txt/com1',
  'question?/star*/colon:/pipe|',
  'back\\slash/semi;comma,',
  'dots../..dots/...',
  '.hidden/.kafkeep-temporary/x',
  '.kafkeep-temporary',
  'trailing./dot.',
  '~tilde/(parens)/[brackets]/{braces}',
  '!bang/!',
  '%2f/%',
]

const REFUSED_KEYS = [
  '',
  '/',
  '/etc/passwd',
  'a//b',
  'a/',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/./b',
  'a/..',
  'a\0b',
  'a\nb',
  '\u007F',
  'lone \uD800 surrogate',
  'x'.repeat(901),
  '\u00E9'.repeat(451),
]

/** Which keys are taken, and that every one of them is another object. */
export function keyContract(contract: StorageContract): void {
  oddKeys(contract)
  longKeys(contract)
  refusedKeys(contract)
}

function oddKeys({ test, open, limits }: StorageContract): void {
  test('keeps odd keys apart and lists them as they are', async () => {
    const storage = await open()
    for (const [index, key] of ODD_KEYS.entries()) await storage.put(key, pattern(index + 1))
    for (const [index, key] of ODD_KEYS.entries()) {
      assert.deepEqual(await read(storage, key), pattern(index + 1), `another object comes back for ${key}`)
    }
    assert.deepEqual((await keys(storage, '')).toSorted(), ODD_KEYS.toSorted())
    for (const key of ODD_KEYS) await storage.delete(key)
    assert.deepEqual(await keys(storage, ''), [])
  })

  if (limits.keyMayBePrefixOfAnother) {
    test('keeps an object beside others whose keys go on after it', async () => {
      const storage = await open()
      await putEach(storage, ['a/b/c', 'a', 'a/b'])
      assert.deepEqual(await keys(storage, ''), ['a', 'a/b', 'a/b/c'])
      await storage.delete('a')
      assert.deepEqual(await keys(storage, ''), ['a/b', 'a/b/c'])
    })
  }
}

function longKeys({ test, open, limits }: StorageContract): void {
  test(`takes keys of ${limits.maxKeyBytes} bytes`, async () => {
    const storage = await open()
    const long = ['x', '\u00E9', 'Q'].map((letter) => longKey(letter, limits))
    await putEach(storage, long)
    assert.deepEqual(await keys(storage, ''), long.toSorted())
    assert.equal((await storage.head(long[0] ?? ''))?.key, long[0])
    assert.deepEqual(await keys(storage, '', { startAfter: longKey('x', limits) }), [longKey('\u00E9', limits)])
  })

  test(`keeps keys apart that differ only at the end of ${limits.maxSegmentBytes} bytes`, async () => {
    const storage = await open()
    const length = Math.min(limits.maxSegmentBytes, limits.maxKeyBytes)
    const similar = ['a', 'b', 'c'].map((last) => 's'.repeat(length - 1) + last)
    await putEach(storage, similar)
    assert.deepEqual(await keys(storage, ''), similar)
  })
}

function longKey(letter: string, { maxKeyBytes, maxSegmentBytes }: StorageContract['limits']): string {
  const letterBytes = Buffer.byteLength(letter)
  const segment = letter.repeat(Math.floor(maxSegmentBytes / letterBytes))
  let key = segment
  while (Buffer.byteLength(key) < maxKeyBytes) key += `/${segment}`
  const cut = Buffer.from(key).subarray(0, maxKeyBytes).toString()
  return cut.replace(/[/\uFFFD]+$/, '')
}

function refusedKeys({ test, open }: StorageContract): void {
  test('refuses keys that are none, before it does anything', async () => {
    const storage = await open()
    for (const key of REFUSED_KEYS) {
      await assert.rejects(async () => storage.put(key, Uint8Array.of(1)), TypeError, `put takes ${key}`)
      await assert.rejects(async () => all(storage.get(key)), TypeError, `get takes ${key}`)
      await assert.rejects(async () => storage.head(key), TypeError, `head takes ${key}`)
      await assert.rejects(async () => storage.delete(key), TypeError, `delete takes ${key}`)
    }
    assert.deepEqual(await keys(storage, ''), [])
  })

  test('refuses prefixes that no key can have', async () => {
    const storage = await open()
    for (const prefix of ['/', '../', 'a/../', 'a//', './', 'a\0']) {
      await assert.rejects(async () => keys(storage, prefix), TypeError, `list takes ${prefix}`)
      await assert.rejects(async () => all(storage.listPrefixes(prefix)), TypeError, `listPrefixes takes ${prefix}`)
    }
  })
}

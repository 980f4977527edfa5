import assert from 'node:assert/strict'
import { crc32c } from '@node-rs/crc32'
import { ObjectNotFoundError } from '../../errors.js'
import { all, inPieces, isStorageErrorAbout, keys, pattern, read, type StorageContract } from './support.js'

/** Single objects: what goes in comes out, and what is missing is said to be missing. */
export function objectContract(contract: StorageContract): void {
  missingObjects(contract)
  bodies(contract)
  releasedBodies(contract)
  facts(contract)
  checksums(contract)
}

function missingObjects({ test, open }: StorageContract): void {
  test('answers undefined to head of a missing object', async () => {
    assert.equal(await (await open()).head('no/such/object'), undefined)
  })

  test('rejects a read of a missing object with an error that names its key', async () => {
    const storage = await open()
    const isNotFound = (error: unknown) =>
      error instanceof ObjectNotFoundError && error.code === 'OBJECT_NOT_FOUND' && error.key === 'no/such/object'
    await assert.rejects(read(storage, 'no/such/object'), isNotFound)
    await assert.rejects(read(storage, 'no/such/object', { startByte: 2, endByte: 4 }), isNotFound)
    await assert.rejects(read(storage, 'no/such/object', { startByte: 2, endByte: 2 }), isNotFound)
  })

  test('deletes an object, also one that is missing already', async () => {
    const storage = await open()
    await storage.put('a/b', Uint8Array.of(1))
    await storage.delete('a/b')
    await storage.delete('a/b')
    await storage.delete('never/there')
    assert.equal(await storage.head('a/b'), undefined)
    assert.deepEqual(await keys(storage, ''), [])
    await assert.rejects(read(storage, 'a/b'), ObjectNotFoundError)
  })

  test('creates a key anew after it was deleted', async () => {
    const storage = await open()
    await storage.put('a', Uint8Array.of(1))
    await storage.delete('a')
    assert.equal((await storage.put('a', Uint8Array.of(2, 3))).created, true)
    assert.deepEqual(await read(storage, 'a'), Uint8Array.of(2, 3))
  })
}

function bodies({ test, open, limits }: StorageContract): void {
  for (const size of [0, 1, 70_001, limits.largeObjectBytes]) {
    test(`gives back ${size} bytes, however the body hands them over`, async () => {
      const storage = await open()
      const bytes = pattern(size)
      const bodies = {
        whole: bytes,
        array: [bytes.subarray(0, size / 3), new Uint8Array(0), bytes.subarray(size / 3)],
        pieces: inPieces(bytes, 65_521),
      }
      for (const [key, body] of Object.entries(bodies)) {
        const { created, info } = await storage.put(key, body)
        assert.equal(created, true)
        assert.equal(info.sizeBytes, size)
        assert.ok(Buffer.from(await read(storage, key)).equals(bytes), `${key} comes back as other bytes`)
      }
    })
  }

  test('gives back a body that comes byte by byte', async () => {
    const storage = await open()
    await storage.put('bytes', inPieces(pattern(300), 1))
    assert.deepEqual(await read(storage, 'bytes'), pattern(300))
  })

  test('keeps its own bytes, whatever the caller does with those it has put or got', async () => {
    const storage = await open()
    const bytes = pattern(1_000)
    await storage.put('a', bytes)
    bytes.fill(0)
    for (const chunk of await all(storage.get('a'))) chunk.fill(0)
    assert.deepEqual(await read(storage, 'a'), pattern(1_000))
  })
}

function releasedBodies({ test, open, limits }: StorageContract): void {
  test('looks at nothing of a body any more once its put has succeeded, where it promises that', async () => {
    const storage = await open()
    for (const size of [1_000, limits.largeObjectBytes]) {
      const bytes = Uint8Array.from(pattern(size))
      const expected = Uint8Array.from(bytes)
      await storage.put(`released/${size}`, [bytes.subarray(0, size / 2), bytes.subarray(size / 2)])
      if (storage.capabilities?.releasesBodies === true) bytes.fill(0)
      assert.deepEqual(await read(storage, `released/${size}`), expected)
    }
  })
}

function facts({ test, open }: StorageContract): void {
  test('tells the same facts of an object in put, head and list', async () => {
    const storage = await open()
    const { info: told } = await storage.put('facts/a', pattern(1_234))
    const [listed] = await all(storage.list('facts/'))
    for (const info of [told, await storage.head('facts/a'), listed]) {
      assert.equal(info?.key, 'facts/a')
      assert.equal(info.sizeBytes, 1_234)
      assert.ok(Number.isSafeInteger(info.modifiedMs), 'the time is not in whole milliseconds')
      // Some stores tell the time to the second only in one of the calls.
      assert.ok(Math.abs(info.modifiedMs - told.modifiedMs) < 1_000, 'the time is not the same')
    }
    // The clock of the store may differ from ours, but seconds taken for milliseconds are seen.
    assert.ok(Math.abs(told.modifiedMs - Date.now()) < 86_400_000, 'the time is not that of the put')
  })

  test('knows the CRC32C of the bytes, where head tells one', async () => {
    const storage = await open()
    await storage.put('a', pattern(5_000))
    const known = (await storage.head('a'))?.crc32c
    assert.ok(known === undefined || known === crc32c(pattern(5_000)))
  })
}

function checksums({ test, open, limits }: StorageContract): void {
  for (const size of [1_000, limits.largeObjectBytes]) {
    test(`takes a body of ${size} bytes that matches its CRC32C`, async () => {
      const storage = await open()
      const bytes = pattern(size)
      const { created } = await storage.put('good', inPieces(bytes, 100_003), { crc32c: crc32c(bytes) })
      assert.equal(created, true)
    })

    test(`refuses a body of ${size} bytes that does not match its CRC32C, and leaves nothing behind`, async () => {
      const storage = await open()
      const bytes = pattern(size)
      const options = { crc32c: crc32c(bytes.subarray(1)) }
      await assert.rejects(storage.put('bad', bytes, options), isStorageErrorAbout('bad'))
      await assert.rejects(storage.put('bad', inPieces(bytes, 100_003), options), isStorageErrorAbout('bad'))
      assert.equal(await storage.head('bad'), undefined)
      assert.deepEqual(await keys(storage, ''), [])
    })
  }
}

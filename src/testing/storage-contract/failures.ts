import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { ArchiveStorage, StorageCallOptions } from '../../storage/storage.js'
import { all, endingIn, keys, pattern, putEach, read, type StorageContract } from './support.js'

/** Every call with a signal, on a storage that holds `a/1` to `a/3`. */
const CALLS: Readonly<Record<string, (storage: ArchiveStorage, options: StorageCallOptions) => Promise<unknown>>> = {
  put: (storage, options) => storage.put('new', pattern(10), options),
  get: (storage, options) => all(storage.get('a/1', options)),
  head: (storage, options) => storage.head('a/1', options),
  list: (storage, options) => all(storage.list('', options)),
  listPrefixes: (storage, options) => all(storage.listPrefixes('', options)),
  delete: (storage, options) => storage.delete('a/1', options),
}

/** Bodies that fail, signals that fire, readers that leave. */
export function failureContract(contract: StorageContract): void {
  failingBodies(contract)
  abortedBefore(contract)
  abortedDuring(contract)
}

function failingBodies({ test, open, limits }: StorageContract): void {
  for (const size of [1_000, limits.largeObjectBytes]) {
    test(`leaves nothing behind when the body fails after ${size} bytes, and rejects with the body's error`, async () => {
      const storage = await open()
      const boom = new Error('boom')
      const body = endingIn(pattern(size), () => Promise.reject(boom))
      await assert.rejects(storage.put('torn', body), (error) => error === boom)
      assert.equal(await storage.head('torn'), undefined)
      assert.deepEqual(await keys(storage, ''), [])
      assert.equal((await storage.put('torn', pattern(5))).created, true)
    })
  }

  test('refuses a body that is none', async () => {
    const storage = await open()
    for (const body of [Object('text'), Object(5), Object({})]) {
      await assert.rejects(async () => storage.put('a', body), TypeError)
    }
    assert.deepEqual(await keys(storage, ''), [])
  })

  test('leaves no rejection unhandled', async () => {
    const storage = await open()
    await putEach(storage, ['a/1', 'a/2', 'a/3'])
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    try {
      const signal = AbortSignal.abort(new Error('stop'))
      for (const call of Object.values(CALLS)) await assert.rejects(async () => call(storage, { signal }))
      await assert.rejects(
        storage.put(
          'b',
          endingIn(pattern(5), () => Promise.reject(new Error('boom'))),
        ),
      )
      // Node reports unhandled rejections when the microtasks are done.
      await setImmediate()
      await setImmediate()
    } finally {
      process.off('unhandledRejection', note)
    }
    assert.deepEqual(unhandled, [])
  })
}

function abortedBefore({ test, open }: StorageContract): void {
  for (const [name, call] of Object.entries(CALLS)) {
    test(`rejects ${name} with the reason itself when the signal has fired already, and does nothing`, async () => {
      const storage = await open()
      await putEach(storage, ['a/1', 'a/2', 'a/3'])
      const reason = new Error('stop')
      await assert.rejects(call(storage, { signal: AbortSignal.abort(reason) }), (error) => error === reason)
      assert.deepEqual(await keys(storage, ''), ['a/1', 'a/2', 'a/3'])
    })
  }
}

function abortedDuring({ test, open, limits }: StorageContract): void {
  for (const size of [1_000, limits.largeObjectBytes]) {
    test(`ends a put whose body hangs after ${size} bytes when the signal fires, and leaves nothing behind`, async () => {
      const storage = await open()
      const controller = new AbortController()
      const reason = new Error('stop')
      const hang = () => {
        queueMicrotask(() => controller.abort(reason))
        return new Promise<void>(() => {})
      }
      const put = storage.put('hung', endingIn(pattern(size), hang), { signal: controller.signal })
      await assert.rejects(put, (error) => error === reason)
      assert.equal(await storage.head('hung'), undefined)
      assert.deepEqual(await keys(storage, ''), [])
    })
  }

  test('ends a read when the signal fires between two chunks', async () => {
    const storage = await open()
    await storage.put('large', pattern(limits.largeObjectBytes))
    const controller = new AbortController()
    const reason = new Error('stop')
    const reading = (async () => {
      for await (const _ of storage.get('large', { signal: controller.signal })) controller.abort(reason)
    })()
    await assert.rejects(reading, (error) => error === reason)
    assert.equal((await read(storage, 'large')).length, limits.largeObjectBytes)
  })

  test('ends a listing when the signal fires between two items', async () => {
    const storage = await open()
    await putEach(storage, ['a/1', 'b/1', 'c/1'])
    for (const open of [storage.list.bind(storage), storage.listPrefixes.bind(storage)]) {
      const controller = new AbortController()
      const reason = new Error('stop')
      const listing = (async () => {
        for await (const _ of open('', { signal: controller.signal })) controller.abort(reason)
      })()
      await assert.rejects(listing, (error) => error === reason)
    }
  })

  test('leaves a read early without harm', async () => {
    const storage = await open()
    await storage.put('large', pattern(limits.largeObjectBytes))
    for (let round = 0; round < 5; round += 1) {
      for await (const chunk of storage.get('large')) {
        assert.ok(chunk.length > 0)
        break
      }
    }
    assert.equal((await read(storage, 'large', { startByte: 100 })).length, limits.largeObjectBytes - 100)
  })
}

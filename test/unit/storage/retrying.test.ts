import { crc32c } from '@node-rs/crc32'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { StorageError } from '../../../src/errors.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { RetryingStorage } from '../../../src/storage/retrying.js'
import { type Faults, withFaults } from '../../../src/testing/faults.js'
import { all, keys, pattern, putEach, read } from '../../../src/testing/storage-contract/support.js'

const busy = new StorageError('busy', { retryable: true })

let memory: MemoryStorage
let faults: Faults<MemoryStorage>
let storage: RetryingStorage

beforeEach(() => {
  memory = new MemoryStorage()
  faults = withFaults(memory)
  storage = new RetryingStorage(faults.proxy, { attempts: 3, maxDelayMs: 0 })
})

describe('RetryingStorage', () => {
  test('repeats a call until it succeeds', async () => {
    faults.fail('head', busy, { times: 2 })
    expect(await storage.head('a')).toBeUndefined()
  })

  test('gives up after so many attempts, with the last error', async () => {
    const last = new StorageError('still busy', { retryable: true })
    faults.fail('head', busy, { times: 2 })
    faults.fail('head', last)
    await expect(storage.head('a')).rejects.toBe(last)
  })

  test('does not repeat what would fail again', async () => {
    const refused = new StorageError('refused')
    faults.fail('delete', refused)
    await expect(storage.delete('a')).rejects.toBe(refused)
    const foreign = new Error('of a body')
    faults.fail('put', foreign)
    await expect(storage.put('a', pattern(1))).rejects.toBe(foreign)
  })

  test('ends its wait when the signal fires', async () => {
    const patient = new RetryingStorage(faults.proxy, { maxDelayMs: 3_600_000 })
    vi.spyOn(Math, 'random').mockReturnValue(1)
    faults.fail('head', busy, { times: 9 })
    const controller = new AbortController()
    const reason = new Error('stop')
    const pending = patient.head('a', { signal: controller.signal })
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
    vi.restoreAllMocks()
  })
})

describe('RetryingStorage, when a read or listing breaks off', () => {
  test('goes on at the byte it has reached, in a range, too', async () => {
    await memory.put('a', pattern(500_000))
    for (const range of [{}, { startByte: 1_000, endByte: 400_001 }]) {
      faults.fail('get', busy, { afterItems: 2 })
      faults.fail('get', busy, { skip: 1, afterItems: 3 })
      const expected = pattern(500_000).subarray(range.startByte, range.endByte)
      expect(Buffer.from(await read(storage, 'a', range)).equals(expected)).toBe(true)
    }
  })

  test('goes on after the last key', async () => {
    await putEach(memory, ['a/1', 'b/1', 'c/1', 'd/1'])
    faults.fail('list', busy, { afterItems: 2 })
    expect(await keys(storage, '')).toEqual(['a/1', 'b/1', 'c/1', 'd/1'])
    faults.fail('list', busy, { afterItems: 1 })
    expect(await keys(storage, '', { startAfter: 'a/1' })).toEqual(['b/1', 'c/1', 'd/1'])
    faults.fail('listPrefixes', busy, { afterItems: 3 })
    expect(await all(storage.listPrefixes(''))).toEqual(['a/', 'b/', 'c/', 'd/'])
  })

  test('counts attempts anew whenever it has got ahead', async () => {
    await putEach(memory, ['a', 'b', 'c', 'd', 'e', 'f'])
    faults.fail('list', busy, { times: 5, afterItems: 1 })
    expect(await keys(storage, '')).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  test('gives up when it does not get ahead', async () => {
    await putEach(memory, ['a', 'b'])
    faults.fail('list', busy, { afterItems: 1 })
    faults.fail('list', busy, { skip: 1, times: 2 })
    const listed: string[] = []
    const listing = (async () => {
      for await (const { key } of storage.list('')) listed.push(key)
    })()
    await expect(listing).rejects.toBe(busy)
    expect(listed).toEqual(['a'])
  })
})

describe('RetryingStorage, when the answer to a put is lost', () => {
  test('takes the object that it then finds for its own', async () => {
    faults.fail('put', busy, { at: 'answer' })
    expect(await storage.put('a', pattern(10))).toMatchObject({ created: true, info: { sizeBytes: 10 } })
  })

  test('does not take an object of other bytes for its own', async () => {
    await memory.put('a', pattern(10).fill(7))
    faults.fail('put', busy)
    expect((await storage.put('a', pattern(10))).created).toBe(false)
    expect(crc32c(await read(memory, 'a'))).toBe(crc32c(pattern(10).fill(7)))
  })

  test('says that an object was there when the first answer says so', async () => {
    await memory.put('a', pattern(10))
    expect((await storage.put('a', pattern(10))).created).toBe(false)
  })
})

describe('the options of RetryingStorage', () => {
  test('are checked at once', () => {
    expect(() => new RetryingStorage(memory, { attempts: 0 })).toThrow(RangeError)
    expect(() => new RetryingStorage(memory, { maxDelayMs: -1 })).toThrow(RangeError)
    expect(() => new RetryingStorage(memory, Object.assign({ attempts: 3 }, { retries: 3 }))).toThrow(
      'has no option `retries`',
    )
    expect(() => new RetryingStorage(Object.assign({}))).toThrow(TypeError)
  })
})

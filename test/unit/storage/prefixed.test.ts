import { describe, expect, test } from 'vitest'
import { StorageError } from '../../../src/errors.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { PrefixedStorage } from '../../../src/storage/prefixed.js'
import { withFaults } from '../../../src/testing/faults.js'
import { all, keys, read } from '../../../src/testing/storage-contract/support.js'

describe('PrefixedStorage', () => {
  test('puts objects below the prefix, with or without a slash at its end', async () => {
    const shared = new MemoryStorage()
    await new PrefixedStorage(shared, 'a/b').put('x', Uint8Array.of(1))
    await new PrefixedStorage(shared, 'a/b/').put('y', Uint8Array.of(1))
    expect(await keys(shared, '')).toEqual(['a/b/x', 'a/b/y'])
  })

  test('names the key that the caller knows in errors, and keeps the first error as the cause', async () => {
    const { proxy, fail } = withFaults(new MemoryStorage())
    const storage = new PrefixedStorage(proxy, 'tenant')
    await expect(read(storage, 'x')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND', key: 'x' })
    const busy = new StorageError('busy', { key: 'tenant/x', retryable: true, hint: 'wait' })
    fail('head', busy)
    await expect(storage.head('x')).rejects.toMatchObject({ key: 'x', retryable: true, hint: 'wait', cause: busy })
    fail('listPrefixes', busy)
    await expect(all(storage.listPrefixes('p/'))).rejects.toMatchObject({ key: 'p/', cause: busy })
  })

  test('passes on errors that are not of the storage as they are', async () => {
    const { proxy, fail } = withFaults(new MemoryStorage())
    const reason = new Error('stop')
    fail('delete', reason)
    await expect(new PrefixedStorage(proxy, 'p').delete('x')).rejects.toBe(reason)
  })

  test.each(['', '/', '/a', 'a//b', '..'])('refuses %j as a prefix', (prefix) => {
    expect(() => new PrefixedStorage(new MemoryStorage(), prefix)).toThrow(TypeError)
  })
})

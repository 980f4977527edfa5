import { storageContract } from 'kafkeep/testing'
import { describe } from 'vitest'
import { StorageError } from '../../../src/errors.js'
import { FileSystemStorage } from '../../../src/storage/filesystem.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { PrefixedStorage } from '../../../src/storage/prefixed.js'
import { RetryingStorage } from '../../../src/storage/retrying.js'
import { withFaults } from '../../../src/testing/faults.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { testWithTime } from '../../support/with-time.js'

const newFolder = temporaryFolders()

describe('MemoryStorage', () => {
  storageContract(testWithTime, async () => new MemoryStorage())
})

describe('FileSystemStorage', () => {
  storageContract(testWithTime, async () => new FileSystemStorage({ directory: await newFolder() }))
})

describe('PrefixedStorage', () => {
  const prefix = 'tenants/one'
  storageContract(testWithTime, async () => storageBesideOthers(prefix), { maxKeyBytes: 900 - prefix.length - 1 })
})

describe('RetryingStorage over a storage that fails now and then', () => {
  storageContract(testWithTime, async () => new RetryingStorage(oftenFailing(), { maxDelayMs: 1 }))
})

/** Neighbours whose keys come just before and just after those below the prefix. */
async function storageBesideOthers(prefix: string): Promise<PrefixedStorage> {
  const shared = new MemoryStorage()
  for (const key of [prefix, `${prefix}-a/b`, `${prefix}0/a`]) await shared.put(key, Uint8Array.of(1))
  return new PrefixedStorage(shared, prefix)
}

/** Every method fails twice, then works, and fails again later; reads and listings also break off in the middle. */
function oftenFailing(): MemoryStorage {
  const { proxy, fail } = withFaults(new MemoryStorage())
  const busy = () => new StorageError('busy', { retryable: true })
  for (const method of ['put', 'head', 'delete', 'get', 'list', 'listPrefixes'] as const) {
    for (const skip of [0, 10, 20]) fail(method, busy(), { skip, times: 2 })
  }
  for (const method of ['get', 'list', 'listPrefixes'] as const) {
    for (const skip of [2, 5, 14]) fail(method, busy(), { skip, afterItems: 2 })
  }
  return proxy
}

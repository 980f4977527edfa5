import { MemoryStorage } from 'kafkeep'
import { storageContract, withFaults } from 'kafkeep/testing'
import { describe, expect, it } from 'vitest'
import { MirroredStorage } from '../../../examples/custom-storage.js'

describe('the storage of one’s own among the examples', () => {
  storageContract(it, async () => new MirroredStorage(new MemoryStorage(), new MemoryStorage()))

  it('makes the second copy later when the one who created the object died before', async () => {
    const second = new MemoryStorage()
    const { proxy, fail } = withFaults(second)
    const storage = new MirroredStorage(new MemoryStorage(), proxy)
    fail('put', new Error('the second place is down'))
    await expect(storage.put('key', Buffer.from('content'))).rejects.toThrow('the second place is down')
    expect(await storage.put('key', Buffer.from('content'))).toMatchObject({ created: false })
    expect(await second.head('key')).toMatchObject({ sizeBytes: 7 })
  })
})

import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ALIGNMENT_BYTES, allocateAligned } from '../../../src/internal/aligned-memory.js'
import { FileSystemStorage } from '../../../src/storage/filesystem.js'
import { read } from '../../../src/testing/storage-contract/support.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const MIB = 1_048_576

const newFolder = temporaryFolders()
let storage: FileSystemStorage
let prototype: FileHandle

beforeEach(async () => {
  storage = new FileSystemStorage({ directory: await newFolder() })
  const handle = await open(join(await newFolder(), 'any'), 'w')
  prototype = Object.getPrototypeOf(handle)
  await handle.close()
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** Aligned memory in which no two blocks are alike. */
function alignedPattern(bytes: number): Buffer {
  const memory = allocateAligned(bytes)
  for (let at = 0; at + 4 <= bytes; at += 4) memory.writeUInt32BE(at, at)
  return memory
}

/** How many bytes each write wrote, and where. */
function writes(): readonly unknown[] {
  return vi.mocked(prototype.write).mock.calls.map((call: readonly unknown[]) => call.slice(2))
}

// Elsewhere everything goes through the cache, and the plain tests of the storage are about that.
describe.runIf(process.platform === 'linux')('writing large chunks of aligned memory', () => {
  test('is done in whole blocks, and the rest in the ordinary way', async () => {
    vi.spyOn(prototype, 'write')
    const memory = alignedPattern(2 * MIB + 100)
    await storage.put('a', [memory.subarray(0, 2 * MIB), memory.subarray(0, MIB + 100), memory.subarray(0, MIB)])
    expect(writes()).toEqual([
      [2 * MIB, 0],
      [MIB, 2 * MIB],
      [100, 3 * MIB],
      // The file has come to no border of a block.
      [MIB, 3 * MIB + 100],
    ])
    const whole = [memory.subarray(0, 2 * MIB), memory.subarray(0, MIB + 100), memory.subarray(0, MIB)]
    expect(Buffer.concat(whole).equals(await read(storage, 'a'))).toBe(true)
  })

  test('is not tried where memory is not known to be aligned', async () => {
    vi.spyOn(prototype, 'write')
    await storage.put('a', alignedPattern(2 * MIB).subarray(1))
    await storage.put('b', Buffer.alloc(2 * MIB + 1))
    expect(writes()).toEqual([
      [2 * MIB - 1, 0],
      [2 * MIB + 1, 0],
    ])
  })

  test('goes on in the ordinary way where the file system refuses it', async () => {
    const refusal = Object.assign(new Error('EINVAL: invalid argument, write'), { code: 'EINVAL' })
    vi.spyOn(prototype, 'write').mockRejectedValueOnce(refusal)
    const memory = alignedPattern(2 * MIB)
    await storage.put('a', [memory, memory])
    expect(writes()).toEqual([
      [2 * MIB, 0],
      [2 * MIB, 0],
      [2 * MIB, 2 * MIB],
    ])
    expect(Buffer.concat([memory, memory]).equals(await read(storage, 'a'))).toBe(true)
  })

  test('goes on behind what was written where that was less than all', async () => {
    const memory = alignedPattern(2 * MIB)
    const { write } = prototype
    vi.spyOn(prototype, 'write').mockImplementationOnce(function (this: FileHandle) {
      return Reflect.apply(write, this, [memory, 0, MIB, 0])
    })
    await storage.put('a', memory)
    expect(memory.equals(await read(storage, 'a'))).toBe(true)
  })

  test('fails as every other write does', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    vi.spyOn(prototype, 'write').mockRejectedValueOnce(full)
    await expect(storage.put('a', alignedPattern(2 * MIB))).rejects.toMatchObject({ code: 'STORAGE_FAILED', key: 'a' })
    expect(await storage.head('a')).toBeUndefined()
  })
})

test('chunks of any size and memory come out as they went in', async () => {
  const chunk = fc.record({
    bytes: fc.oneof(fc.integer({ min: 0, max: 3 * MIB }), fc.constantFrom(MIB, 2 * MIB, MIB + ALIGNMENT_BYTES)),
    aligned: fc.boolean(),
  })
  let puts = 0
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 5 }), async (chunks) => {
      const body = chunks.map(({ bytes, aligned }) => (aligned ? alignedPattern(bytes) : Buffer.alloc(bytes, 7)))
      const key = `a-${puts++}`
      await storage.put(key, body)
      expect(Buffer.concat(body).equals(await read(storage, key))).toBe(true)
    }),
    { numRuns: 30 },
  )
})

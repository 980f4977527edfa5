import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, mkdir, open, readdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compareUtf8 } from '../../../src/internal/utf8.js'
import { FileSystemStorage } from '../../../src/storage/filesystem.js'
import { isObjectKey } from '../../../src/storage/object-key.js'
import { all, keys, pattern, read } from '../../../src/testing/storage-contract/support.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const TEMPORARY_FOLDER = '.kafkeep-temporary'

const newFolder = temporaryFolders()
let directory: string
let storage: FileSystemStorage

beforeEach(async () => {
  directory = await newFolder()
  storage = new FileSystemStorage({ directory })
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe('FileSystemStorage', () => {
  test('keeps the objects of an archive as files of the same names', async () => {
    await storage.put('topics/orders/0/0-9.log', pattern(10))
    expect(await readdir(join(directory, 'topics/orders/0'))).toEqual(['0-9.log'])
  })

  test('takes a directory that does not exist yet for empty, and makes it with the first put', async () => {
    const deep = new FileSystemStorage({ directory: join(directory, 'not/yet') })
    expect(await keys(deep, '')).toEqual([])
    expect(await deep.head('a')).toBeUndefined()
    await deep.put('a', pattern(1))
    expect(await keys(deep, '')).toEqual(['a'])
  })

  test('lists any keys in byte order, from any key on', async () => {
    const segment = fc.string({ unit: fc.constantFrom('a', 'B', '-', '.', '0', '\uFF5E', '\u{1F600}'), maxLength: 3 })
    const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
    const validKeys = fc.uniqueArray(key.filter(isObjectKey), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(validKeys, fc.nat(), async (names, choice) => {
        const own = new FileSystemStorage({ directory: await newFolder() })
        for (const name of names) await own.put(name, pattern(1))
        const sorted = names.toSorted(compareUtf8)
        const startAfter = sorted[choice % sorted.length]
        expect(await keys(own, '')).toEqual(sorted)
        expect(await keys(own, '', { startAfter })).toEqual(sorted.slice((choice % sorted.length) + 1))
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  test('does not list what somebody else has put into the directory', async () => {
    await storage.put('a/b.log', pattern(1))
    await writeFile(join(directory, 'a', '.DS_Store'), 'x')
    await writeFile(join(directory, 'README'), 'x')
    await mkdir(join(directory, 'lost+found'))
    expect(await keys(storage, '')).toEqual(['a/b.log'])
    expect(await all(storage.listPrefixes(''))).toEqual(['a/'])
  })
})

describe('FileSystemStorage, when a put does not come to its end', () => {
  test('leaves no file at all when the body fails', async () => {
    const body = async function* () {
      yield pattern(10)
      throw new Error('boom')
    }
    await expect(storage.put('a', body)).rejects.toThrow('boom')
    expect(await readdir(join(directory, TEMPORARY_FOLDER))).toEqual([])
  })

  test('leaves no file at all when the disk is full, and says so', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    vi.spyOn(await fileHandlePrototype(), 'write').mockRejectedValueOnce(full)
    await expect(storage.put('a', pattern(10))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      key: 'a',
      hint: 'free some space: the file system is full',
      cause: full,
    })
    expect(await readdir(join(directory, TEMPORARY_FOLDER))).toEqual([])
    expect(await keys(storage, '')).toEqual([])
    expect((await storage.put('a', pattern(10))).created).toBe(true)
  })

  test('does not show an object that could not be flushed', async () => {
    await storage.put('other', pattern(1))
    const broken = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    vi.spyOn(await fileHandlePrototype(), 'sync').mockRejectedValueOnce(broken)
    await expect(storage.put('a', pattern(10))).rejects.toMatchObject({ code: 'STORAGE_FAILED', cause: broken })
    expect(await keys(storage, '')).toEqual(['other'])
  })

  test('does not acknowledge an object whose folders could not be flushed, not even later', async () => {
    await storage.put('other', pattern(1))
    const broken = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    const sync = vi.spyOn(await fileHandlePrototype(), 'sync')
    const flushed = Promise.resolve()
    // Once for the file, then for its folder.
    sync.mockReturnValueOnce(flushed).mockRejectedValueOnce(broken).mockRejectedValueOnce(broken)
    await expect(storage.put('a/b', pattern(10))).rejects.toMatchObject({ code: 'STORAGE_FAILED', cause: broken })
    await expect(storage.put('a/b', pattern(10))).rejects.toMatchObject({ code: 'STORAGE_FAILED', cause: broken })
    expect((await storage.put('a/b', pattern(10))).created).toBe(false)
  })

  test('shows nothing of it after the process was killed, and is none the worse', async () => {
    const script = fileURLToPath(new URL('./hanging-put.ts', import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await readdir(join(directory, TEMPORARY_FOLDER))).toHaveLength(1)
    expect(await keys(storage, '')).toEqual([])
    expect(await storage.head('topics/a/1.log')).toBeUndefined()
    expect((await storage.put('topics/a/1.log', pattern(5))).created).toBe(true)
  }, 30_000)

  test('clears away the left-overs of killed processes after a day, and no younger ones', async () => {
    const folder = join(directory, TEMPORARY_FOLDER)
    await mkdir(folder)
    await writeFile(join(folder, 'old'), 'x')
    await writeFile(join(folder, 'young'), 'x')
    const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400
    await utimes(join(folder, 'old'), twoDaysAgo, twoDaysAgo)
    await storage.put('a', pattern(1))
    expect(await readdir(folder)).toEqual(['young'])
  })
})

describe('FileSystemStorage, when the file system fails', () => {
  test('does not take an error for a missing object', async () => {
    await symlink('loop', join(directory, 'loop'))
    const looping = { code: 'STORAGE_FAILED', key: 'loop/a', hint: expect.stringContaining('symbolic links') }
    await expect(storage.head('loop/a')).rejects.toMatchObject(looping)
    await expect(read(storage, 'loop/a')).rejects.toMatchObject(looping)
    await expect(storage.delete('loop/a')).rejects.toMatchObject(looping)
    await expect(storage.put('loop/a', pattern(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  test('refuses to list beside a symbolic link, rather than leave out what is behind it', async () => {
    await storage.put('a/1.log', pattern(1))
    await symlink(await newFolder(), join(directory, 'elsewhere'))
    await expect(keys(storage, '')).rejects.toMatchObject({ code: 'STORAGE_FAILED', key: 'elsewhere' })
    await expect(all(storage.listPrefixes(''))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  test('rejects a read when the file became shorter meanwhile', async () => {
    await storage.put('a.log', pattern(3_000_000))
    const chunks = storage.get('a.log')[Symbol.asyncIterator]()
    await chunks.next()
    await truncate(join(directory, 'a.log'), 1_500_000)
    await chunks.next()
    await expect(chunks.next()).rejects.toMatchObject({ code: 'STORAGE_FAILED', key: 'a.log' })
  })

  test('rejects when a folder stands where an object belongs', async () => {
    await mkdir(join(directory, 'a.log'))
    await expect(storage.head('a.log')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(read(storage, 'a.log')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })
})

describe('the options of FileSystemStorage', () => {
  test('are checked at once', () => {
    expect(() => new FileSystemStorage({ directory: '' })).toThrow(TypeError)
    expect(() => new FileSystemStorage(Object.assign({ directory }, { sync: false }))).toThrow('has no option `sync`')
  })
})

async function fileHandlePrototype(): Promise<FileHandle> {
  const handle = await open(directory)
  await handle.close()
  return Object.getPrototypeOf(handle)
}

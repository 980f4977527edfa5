import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cacheDirectory, cachedDirectory, isCached } from '../../services/cache.js'

describe('cacheDirectory', () => {
  it('is the one that was asked for', () => {
    expect(cacheDirectory({ KAFKEEP_SERVICES_CACHE: '/mine', XDG_CACHE_HOME: '/caches' })).toBe('/mine')
  })

  it("lies in the user's cache folder otherwise", () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: '/caches' })).toBe('/caches/kafkeep-services')
    expect(cacheDirectory({})).toMatch(/\/\.cache\/kafkeep-services$/)
  })
})

describe('cachedDirectory', () => {
  beforeEach(async () => {
    const cache = await mkdtemp(join(tmpdir(), 'kafkeep-cache-'))
    vi.stubEnv('KAFKEEP_SERVICES_CACHE', cache)
    return async () => {
      vi.unstubAllEnvs()
      await rm(cache, { recursive: true })
    }
  })

  const fillWithFile = vi.fn((unfinished: string) => writeFile(join(unfinished, 'file'), 'content'))
  afterEach(() => fillWithFile.mockClear())

  it('is filled once, also when two need it at once', async () => {
    expect(isCached('thing')).toBe(false)
    const [first, second] = await Promise.all([1, 2].map(() => cachedDirectory('thing', fillWithFile)))
    expect(first).toBe(join(cacheDirectory(), 'thing'))
    expect(second).toBe(first)
    expect(await cachedDirectory('thing', fillWithFile)).toBe(first)
    expect(fillWithFile).toHaveBeenCalledTimes(1)
    expect(await readFile(join(cacheDirectory(), 'thing', 'file'), 'utf8')).toBe('content')
    expect(isCached('thing')).toBe(true)
  })

  it('is not there before it is complete', async () => {
    await cachedDirectory('thing', async (unfinished) => {
      await fillWithFile(unfinished)
      expect(isCached('thing')).toBe(false)
    })
    expect(isCached('thing')).toBe(true)
  })

  it('leaves nothing behind when it cannot be filled, and is filled by the next who needs it', async () => {
    const boom = new Error('boom')
    const failure = cachedDirectory('thing', async (unfinished) => {
      await fillWithFile(unfinished)
      throw boom
    })
    await expect(failure).rejects.toBe(boom)
    expect(await readdir(cacheDirectory())).toEqual([])
    await cachedDirectory('thing', fillWithFile)
    expect(isCached('thing')).toBe(true)
  })
})

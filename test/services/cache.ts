import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { withLock } from './lock.js'
import { deleteDirectory, watchedDirectory } from './watched-directory.js'

/** Where servers and the list of those started by hand are kept: `KAFKEEP_SERVICES_CACHE`, or else the user's cache folder. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment['KAFKEEP_SERVICES_CACHE']
  if (own !== undefined && own !== '') return own
  const caches = environment['XDG_CACHE_HOME']
  return join(caches === undefined || caches === '' ? join(homedir(), '.cache') : caches, 'kafkeep-services')
}

/** Whether {@link cachedDirectory} has that folder already. */
export function isCached(name: string): boolean {
  return existsSync(join(cacheDirectory(), name))
}

/**
 * Returns a folder of the cache. On first use `fill` is called, by one process at a time, with the folder to fill.
 *
 * @param name - Names the content for good: other content needs another name.
 */
export async function cachedDirectory(name: string, fill: (unfinished: string) => Promise<void>): Promise<string> {
  const directory = join(cacheDirectory(), name)
  if (!isCached(name)) {
    await mkdir(cacheDirectory(), { recursive: true })
    await withLock(`${directory}.lock`, async () => {
      if (!isCached(name)) await fillOnce(directory, fill)
    })
  }
  return directory
}

/** The folder appears under its name only when it is complete. */
async function fillOnce(directory: string, fill: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = await watchedDirectory(`${directory}.unfinished-`)
  try {
    await fill(unfinished)
    await rename(unfinished, directory)
  } finally {
    await deleteDirectory(unfinished)
  }
}

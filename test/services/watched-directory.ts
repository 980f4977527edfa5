import { mkdtemp, rm } from 'node:fs/promises'
import { reaper } from './reaper.js'

/** Makes a new folder whose path begins with `prefix`. It is deleted when this process ends, in whatever way. */
export async function watchedDirectory(prefix: string): Promise<string> {
  const directory = await mkdtemp(prefix)
  reaper().watch(directory)
  return directory
}

/** Deletes a folder of {@link watchedDirectory}, where it is still there. */
export async function deleteDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  reaper().spare(directory)
}

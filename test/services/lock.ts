import { randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { eventually } from '../support/eventually.js'

const LIMIT_MS = 10 * 60_000
const POLL_MS = 100

/**
 * Runs `work` while no other process runs its work under the same lock file. A lock whose process has died is taken over.
 *
 * @throws Error when the lock is still held after 10 minutes.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await eventually(() => acquire(file), { limitMs: LIMIT_MS, intervalMs: POLL_MS })
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function acquire(file: string): Promise<void> {
  const claim = `${file}.${randomUUID()}`
  await writeFile(claim, String(process.pid))
  try {
    // A link appears with its content, so nobody ever reads a lock without an owner.
    await link(claim, file)
  } catch (error) {
    const holder = Number(await readFile(file, 'utf8'))
    if (!isAlive(holder)) await rm(file, { force: true })
    throw new Error(`${file} is held by process ${holder}`, { cause: error })
  } finally {
    await rm(claim, { force: true })
  }
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

import { spawnSync } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withLock } from '../../services/lock.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const newFolder = temporaryFolders()

it('lets one work at a time', async () => {
  const file = join(await newFolder(), 'lock')
  let inside = 0
  let most = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise(setImmediate)
    inside -= 1
  }
  await Promise.all(Array.from({ length: 5 }, () => withLock(file, work)))
  expect(most).toBe(1)
})

it('returns what the work returns, and leaves no file behind', async () => {
  const folder = await newFolder()
  expect(await withLock(join(folder, 'lock'), async () => 42)).toBe(42)
  expect(await readdir(folder)).toEqual([])
})

it('is released when the work fails', async () => {
  const folder = await newFolder()
  const boom = new Error('boom')
  await expect(withLock(join(folder, 'lock'), () => Promise.reject(boom))).rejects.toBe(boom)
  expect(await readdir(folder)).toEqual([])
})

it('is taken over from a process that died', async () => {
  const file = join(await newFolder(), 'lock')
  const { pid } = spawnSync(process.execPath, ['--version'])
  await writeFile(file, String(pid))
  expect(await withLock(file, async () => 'mine')).toBe('mine')
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { isAlive } from '../../services/lock.js'
import { Reaper } from '../../services/reaper.js'
import { eventually } from '../../support/eventually.js'

const OWNER = fileURLToPath(new URL('./stand-in-owner.ts', import.meta.url))
// Two Node processes start here, perhaps on a busy machine.
const LIMIT_MS = 30_000

it(
  'ends what its owner started, and deletes its folder, when the owner is killed',
  async () => {
    const owner = spawn(process.execPath, ['--import', 'tsx', OWNER], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void owner.kill('SIGKILL'))
    const [line] = await once(createInterface({ input: owner.stdout }), 'line')
    const { child, folder }: { child: number; folder: string } = JSON.parse(line)
    expect(isAlive(child)).toBe(true)
    expect(existsSync(folder)).toBe(true)

    owner.kill('SIGKILL')

    await eventually(() => expect(isAlive(child)).toBe(false), { limitMs: LIMIT_MS })
    await eventually(() => expect(existsSync(folder)).toBe(false), { limitMs: LIMIT_MS })
  },
  LIMIT_MS,
)

it('leaves alone what was spared', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kafkeep-spared-'))
  const { child, pid } = idleProcess()
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })
  const reaper = new Reaper()
  for (const target of [folder, pid]) {
    reaper.watch(target)
    reaper.spare(target)
  }

  await reaper.reap()

  expect(existsSync(folder)).toBe(true)
  expect(child.signalCode).toBeNull()
})

it('has killed and deleted everything when it is told to do so at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kafkeep-reaped-'))
  const { child, pid } = idleProcess()
  const ended = once(child, 'exit')
  const reaper = new Reaper()
  reaper.watch(folder)
  reaper.watch(pid)

  await reaper.reap()

  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(existsSync(folder)).toBe(false)
})

function idleProcess() {
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1_000)'], { stdio: 'ignore' })
  if (child.pid === undefined) throw new Error('the process did not start')
  return { child, pid: child.pid }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { reaper } from '../test/services/reaper.js'
import { deleteDirectory, watchedDirectory } from '../test/services/watched-directory.js'

/** What a process took, from its start to its end. */
export interface ProcessCost {
  readonly seconds: number
  /** User and system time of all its threads. */
  readonly cpuSeconds: number
  /** The most that was resident at any time. */
  readonly peakBytes: number
}

/** Nothing that is measured takes nearly as long. */
const LIMIT_MS = 300_000

// macOS has a `time` of its own.
const GNU_TIME = process.platform === 'darwin' ? 'gtime' : 'time'
const INSTALL_LINE = 'install GNU time (Debian: `apt-get install -y time`; macOS: `brew install gnu-time`)'

/**
 * Runs a program to its end, and measures it from outside.
 *
 * @throws Error with what it printed when it fails, or takes longer than five minutes.
 */
export async function timed(executable: string, args: readonly string[]): Promise<ProcessCost & { stdout: Buffer }> {
  const folder = await watchedDirectory(join(tmpdir(), 'kafkeep-bench-time-'))
  try {
    const file = join(folder, 'cost')
    const startedMs = performance.now()
    const stdout = await run(GNU_TIME, ['-f', '%U %S %M', '-o', file, executable, ...args])
    const seconds = (performance.now() - startedMs) / 1000
    const [user = Number.NaN, system = Number.NaN, peakKib = Number.NaN] = (await readFile(file, 'utf8'))
      .trim()
      .split(' ')
      .map(Number)
    return { seconds, cpuSeconds: user + system, peakBytes: peakKib * 1024, stdout }
  } finally {
    await deleteDirectory(folder)
  }
}

async function run(executable: string, args: readonly string[]): Promise<Buffer> {
  const child = spawn(executable, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that it can be killed with what it has started.
    detached: true,
  })
  if (child.pid === undefined) throw new Error(`${executable} was not found: ${INSTALL_LINE}`, await failure(child))
  const group = -child.pid
  reaper().watch(group)
  const overdue = setTimeout(() => process.kill(group, 'SIGKILL'), LIMIT_MS)
  try {
    const [stdout, stderr, [code]] = await Promise.all([
      buffer(child.stdout),
      buffer(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ])
    if (code === 0) return stdout
    throw new Error(
      `${[executable, ...args].join(' ')} ended with ${code ?? `a kill, after at most ${LIMIT_MS / 1000} seconds`}:\n${stderr}`,
    )
  } finally {
    clearTimeout(overdue)
    reaper().spare(group)
  }
}

async function failure(child: NodeJS.EventEmitter): Promise<{ cause: unknown }> {
  return { cause: (await once(child, 'error'))[0] }
}

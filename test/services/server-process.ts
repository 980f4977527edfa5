import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../support/eventually.js'
import { reaper } from './reaper.js'
import type { Service } from './service.js'
import { deleteDirectory, watchedDirectory } from './watched-directory.js'

const READY_LIMIT_MS = 90_000
const STOP_LIMIT_MS = 15_000
const LOG_TAIL_LINES = 40

/** What runs as the process of a server. */
interface ServerProgram {
  readonly executable: string
  readonly args: readonly string[]
  /** Variables on top of this process's own. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** The error's message when there is no such executable. */
  readonly notFound: string
}

/** A server to start with {@link startServer}. */
export interface ServerOptions {
  /** Names it in messages, and its folder and its log. */
  readonly name: string
  readonly port: number
  /** Folder of an earlier start; a new temporary one when not given. */
  readonly dataDirectory: string | undefined
  /** Makes the folder ready and returns what to run. */
  readonly prepare: (dataDirectory: string) => Promise<ServerProgram>
  /** Throws while the server does not do its work yet. */
  readonly expectReady: (dataDirectory: string) => Promise<void>
}

/** Starts a server and returns once it is ready. It dies with this process, and a folder that was made for it goes too. */
export async function startServer(options: ServerOptions): Promise<Service> {
  const dataDirectory = options.dataDirectory ?? (await watchedDirectory(join(tmpdir(), `kafkeep-${options.name}-`)))
  try {
    return await startIn(dataDirectory, options)
  } catch (error) {
    if (options.dataDirectory === undefined) await deleteDirectory(dataDirectory)
    throw error
  }
}

async function startIn(dataDirectory: string, options: ServerOptions): Promise<Service> {
  const logFile = join(process.env['KAFKEEP_SERVICES_LOGS'] ?? dataDirectory, `${options.name}-${options.port}.log`)
  const child = await spawnServer(await options.prepare(dataDirectory), { dataDirectory, logFile })
  const service = serviceOf(child, { dataDirectory, logFile, name: options.name })
  try {
    await untilReady(child, () => options.expectReady(dataDirectory))
    return service
  } catch (error) {
    await service.kill()
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${options.name} did not start: ${reason}\n--- end of ${logFile}\n${await tail(logFile)}`, {
      cause: error,
    })
  }
}

async function spawnServer(
  { executable, args, environment, notFound }: ServerProgram,
  { dataDirectory, logFile }: Pick<Service, 'dataDirectory' | 'logFile'>,
): Promise<ChildProcess & { readonly pid: number }> {
  const log = openSync(logFile, 'a')
  try {
    const child = spawn(executable, args, {
      cwd: dataDirectory,
      env: { ...process.env, ...environment },
      // Ctrl-C in a terminal reaches the owner, which decides what becomes of its servers.
      detached: true,
      stdio: ['ignore', log, log],
    })
    if (!hasPid(child)) throw new Error(notFound, { cause: (await once(child, 'error'))[0] })
    reaper().watch(child.pid)
    child.once('exit', () => reaper().spare(child.pid))
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

function hasPid(child: ChildProcess): child is ChildProcess & { readonly pid: number } {
  return child.pid !== undefined
}

async function untilReady(child: ChildProcess, expectReady: () => Promise<void>): Promise<void> {
  const ended = new AbortController()
  const onExit = (code: number | null) => ended.abort(new Error(`it ended with exit code ${code}`))
  child.once('exit', onExit)
  try {
    await eventually(expectReady, { limitMs: READY_LIMIT_MS, signal: ended.signal })
  } finally {
    child.off('exit', onExit)
  }
}

function serviceOf(
  child: ChildProcess & { readonly pid: number },
  { name, dataDirectory, logFile }: Pick<Service, 'name' | 'dataDirectory' | 'logFile'>,
): Service {
  const kill = () => end(child, 'SIGKILL')
  return {
    name,
    pid: child.pid,
    dataDirectory,
    logFile,
    stop: () => end(child, 'SIGTERM'),
    kill,
    async destroy() {
      await kill()
      await deleteDirectory(dataDirectory)
    },
    outliveOwner() {
      reaper().spare(child.pid)
      reaper().spare(dataDirectory)
    },
  }
}

/** Signals and waits. A server that does not obey in time is killed. */
async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  // Waiting for its end must keep this process alive, unlike the mere fact that it runs.
  child.ref()
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  child.kill(signal)
  await ended
  clearTimeout(impatience)
}

async function tail(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).split('\n').slice(-LOG_TAIL_LINES).join('\n')
}

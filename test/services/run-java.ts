import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { INSTALL_LINE } from './choose.js'
import { type JavaProgram, javaArguments, javaExecutable } from './java.js'
import { reaper } from './reaper.js'

/** How a run of {@link runJava} is fed and bounded. */
export interface RunOptions {
  /** Text for the standard input, which then ends. */
  readonly input?: string | undefined
  /** The program is killed, and the call rejects, after this many milliseconds. */
  readonly timeoutMs: number
}

/** What a program printed. */
export interface Output {
  readonly stdout: string
  readonly stderr: string
}

/** A program did not end well. The message shows everything that it printed. */
export class JavaProgramError extends Error implements Output {
  override readonly name = 'JavaProgramError'
  readonly stdout: string
  readonly stderr: string

  /** `end` says how it ended. */
  constructor({ mainClass, args }: JavaProgram, end: string, { stdout, stderr }: Output, options: ErrorOptions) {
    super(`${mainClass} ${args.join(' ')} ${end}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`, options)
    this.stdout = stdout
    this.stderr = stderr
  }
}

/**
 * Runs a program to its end, and returns what it printed.
 *
 * @throws {@link JavaProgramError} when it ends with another exit code than 0, or takes too long.
 */
export async function runJava(program: JavaProgram, { input = '', timeoutMs }: RunOptions): Promise<Output> {
  const running = promisify(execFile)(javaExecutable(), await javaArguments(program), {
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: Number.POSITIVE_INFINITY,
  })
  const { pid, stdin } = running.child
  if (pid !== undefined) reaper().watch(pid)
  // A program may end without reading what it was given: its exit code tells more than the broken pipe.
  stdin?.on('error', () => {})
  stdin?.end(input)
  try {
    return await running
  } catch (error) {
    throw isExecFailure(error) ? readableFailure(program, timeoutMs, error) : error
  } finally {
    if (pid !== undefined) reaper().spare(pid)
  }
}

interface ExecFailure extends Error, Output {
  readonly code?: number | string | null
  readonly killed?: boolean
}

function isExecFailure(error: unknown): error is ExecFailure {
  return error instanceof Error && 'stdout' in error && 'stderr' in error
}

function readableFailure(program: JavaProgram, timeoutMs: number, cause: ExecFailure): Error {
  if (cause.code === 'ENOENT') return new Error(`Java was not found: ${INSTALL_LINE}`, { cause })
  const end = cause.killed ? `was killed after ${timeoutMs} ms` : `ended with exit code ${cause.code}`
  return new JavaProgramError(program, end, cause, { cause })
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { reaper } from './reaper.js'

/** A run of Maven or Go. */
export interface BuildToolRun {
  readonly args: readonly string[]
  /** What a person does who does not have the tool. */
  readonly installLine: string
  /** Variables on top of this process's own. */
  readonly environment?: Readonly<Record<string, string>> | undefined
}

/** Runs a tool to its end, and ends it with this process. @throws Error with what it printed when it fails. */
export async function runBuildTool(tool: string, { args, installLine, environment }: BuildToolRun): Promise<void> {
  const running = promisify(execFile)(tool, args, { env: { ...process.env, ...environment } })
  const { pid } = running.child
  if (pid !== undefined) reaper().watch(pid)
  try {
    await running
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if ('code' in error && error.code === 'ENOENT') {
      throw new Error(`${tool} was not found: ${installLine}`, { cause: error })
    }
    // The error's own message shows the command and its stderr only.
    const printed = 'stdout' in error ? `\n${String(error.stdout)}` : ''
    throw new Error(`${error.message}${printed}`.trimEnd(), { cause: error })
  } finally {
    if (pid !== undefined) reaper().spare(pid)
  }
}

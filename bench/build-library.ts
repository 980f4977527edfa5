import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { tell } from './tell.js'

/** Builds what the measured programs run. */
export async function buildLibrary(): Promise<void> {
  tell('building the library')
  await promisify(execFile)('npm', ['run', 'build'])
}

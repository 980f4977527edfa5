import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Machine } from './choose.js'
import { isFetched } from './jars.js'
import { javaExecutable } from './java.js'

/** The machine this process runs on. */
export const thisMachine: Machine = {
  async javaVersion() {
    try {
      const { stderr } = await promisify(execFile)(javaExecutable(), ['-version'])
      return parseJavaVersion(stderr)
    } catch {
      return undefined
    }
  },
  async hasJars() {
    return (await isFetched()) || (await succeeds('mvn', ['-version']))
  },
  async hasDocker() {
    const { getContainerRuntimeClient } = await import('testcontainers')
    try {
      await getContainerRuntimeClient()
      return true
    } catch {
      return false
    }
  },
}

/** Reads the major version out of what `java -version` prints: `version "17.0.15"`, and `version "1.8.0_442"` before Java 9. */
export function parseJavaVersion(printed: string): number | undefined {
  const major = /version "(?:1\.)?(\d+)/.exec(printed)?.[1]
  return major === undefined ? undefined : Number(major)
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(command, args)
    return true
  } catch {
    return false
  }
}

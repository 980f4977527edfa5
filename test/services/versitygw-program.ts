import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runBuildTool } from './build-tool.js'
import { cachedDirectory, isCached } from './cache.js'

const VERSION = '1.8.0'
const CACHED_AS = `versitygw-${VERSION}`

/** Go is 1.x for good: its minor version. */
const MINIMUM_GO = 25
const INSTALL_LINE = `install Go 1.${MINIMUM_GO} or newer (https://go.dev/dl)`

/** Why this machine cannot have versitygw, and what to do about it. `undefined` where it is built already, or can be. */
export async function versitygwObstacle(): Promise<string | undefined> {
  return isCached(CACHED_AS) ? undefined : goObstacle(await printedByGoVersion())
}

/** Why a Go cannot build versitygw, from what `go version` prints, which is `undefined` where there is none. */
export function goObstacle(printed: string | undefined): string | undefined {
  if (printed === undefined) return `Go was not found: ${INSTALL_LINE}`
  const [, minor] = /\bgo1\.(\d+)/.exec(printed) ?? []
  return Number(minor) >= MINIMUM_GO ? undefined : `Go is too old (${printed.trim()}): ${INSTALL_LINE}`
}

/** The executable of versitygw. It is built on first use, which takes one to three minutes. */
export async function versitygwExecutable(): Promise<string> {
  return join(await cachedDirectory(CACHED_AS, build), 'versitygw')
}

async function build(output: string): Promise<void> {
  process.stderr.write(`building versitygw ${VERSION} with Go, once (one to three minutes)\n`)
  await runBuildTool('go', {
    // Go compares every module with the public checksum database, so the version stands for the very same sources.
    args: ['install', '-ldflags=-s -w', `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`],
    installLine: INSTALL_LINE,
    // A killed build leaves its temporary files: they go with the output.
    environment: { CGO_ENABLED: '0', GOBIN: output, GOTMPDIR: output },
  })
}

async function printedByGoVersion(): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('go', ['version'])).stdout
  } catch {
    return undefined
  }
}

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { INSTALL_LINE } from './choose.js'
import { withLock } from './lock.js'
import { reaper } from './reaper.js'
import { SERVICE_NAMES, type ServiceName } from './service-name.js'

const POMS = fileURLToPath(new URL('./maven/', import.meta.url))
const POM_FILES = ['pom.xml', ...SERVICE_NAMES.map((name) => join(name, 'pom.xml'))]

/** Where jars and the list of services started by hand are kept: `KAFKEEP_SERVICES_CACHE`, or else the user's cache folder. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment['KAFKEEP_SERVICES_CACHE']
  if (own !== undefined && own !== '') return own
  const caches = environment['XDG_CACHE_HOME']
  return join(caches === undefined || caches === '' ? join(homedir(), '.cache') : caches, 'kafkeep-services')
}

/** Names what the poms ask for. The folder of the jars carries it, so other poms never meet old jars. */
export function stampOf(poms: readonly string[]): string {
  const hash = createHash('sha256')
  for (const pom of poms) hash.update(`${pom.length}:${pom}`)
  return hash.digest('hex').slice(0, 16)
}

/** The folder with the jars of a service. They are fetched on first use, which takes 10 to 60 seconds. */
export async function libraryDirectory(service: ServiceName): Promise<string> {
  const jars = await jarsDirectory()
  if (!existsSync(jars)) await withLock(`${jars}.lock`, () => fetchJars(jars))
  return join(jars, service, 'lib')
}

/** Whether the jars need not be fetched any more. */
export async function isFetched(): Promise<boolean> {
  return existsSync(await jarsDirectory())
}

async function jarsDirectory(): Promise<string> {
  const poms = await Promise.all(POM_FILES.map((file) => readFile(join(POMS, file), 'utf8')))
  const directory = cacheDirectory()
  await mkdir(directory, { recursive: true })
  return join(directory, `jars-${stampOf(poms)}`)
}

/** The folder appears under its name only when it is complete. */
async function fetchJars(jars: string): Promise<void> {
  if (existsSync(jars)) return
  process.stderr.write('fetching Kafka, ZooKeeper and S3Proxy with Maven, once (about 180 MB)\n')
  const unfinished = await mkdtemp(`${jars}.unfinished-`)
  reaper().watch(unfinished)
  try {
    await runMaven(unfinished)
    await rename(unfinished, jars)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
    reaper().spare(unfinished)
  }
}

async function runMaven(output: string): Promise<void> {
  const args = ['-B', '-q', '-f', join(POMS, 'pom.xml'), 'generate-resources', `-Dservices.out=${output}`]
  const running = promisify(execFile)('mvn', args)
  const { pid } = running.child
  if (pid !== undefined) reaper().watch(pid)
  try {
    await running
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error(`Maven was not found: ${INSTALL_LINE}`, { cause: error })
    }
    const printed = error instanceof Error && 'stdout' in error ? `:\n${String(error.stdout)}` : ''
    throw new Error(`Maven could not fetch the servers${printed}`, { cause: error })
  } finally {
    if (pid !== undefined) reaper().spare(pid)
  }
}

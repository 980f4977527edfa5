import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runBuildTool } from './build-tool.js'
import { cachedDirectory, isCached } from './cache.js'
import { INSTALL_LINE } from './choose.js'
import { SERVICE_NAMES, type ServiceName } from './service-name.js'

const POMS = fileURLToPath(new URL('./maven/', import.meta.url))
const POM_FILES = ['pom.xml', ...SERVICE_NAMES.map((name) => join(name, 'pom.xml'))]

/** Names what the poms ask for. The folder of the jars carries it, so other poms never meet old jars. */
export function stampOf(poms: readonly string[]): string {
  const hash = createHash('sha256')
  for (const pom of poms) hash.update(`${pom.length}:${pom}`)
  return hash.digest('hex').slice(0, 16)
}

/** The folder with the jars of a service. They are fetched on first use, which takes 10 to 60 seconds. */
export async function libraryDirectory(service: ServiceName): Promise<string> {
  return join(await cachedDirectory(await jarsName(), fetchJars), service, 'lib')
}

/** Whether the jars need not be fetched any more. */
export async function isFetched(): Promise<boolean> {
  return isCached(await jarsName())
}

async function jarsName(): Promise<string> {
  const poms = await Promise.all(POM_FILES.map((file) => readFile(join(POMS, file), 'utf8')))
  return `jars-${stampOf(poms)}`
}

async function fetchJars(output: string): Promise<void> {
  process.stderr.write('fetching Kafka, ZooKeeper and S3Proxy with Maven, once (about 180 MB)\n')
  await runBuildTool('mvn', {
    args: ['-B', '-q', '-f', join(POMS, 'pom.xml'), 'generate-resources', `-Dservices.out=${output}`],
    installLine: INSTALL_LINE,
  })
}

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fourLetterWord } from './four-letter-word.js'
import { startJavaService } from './java-service.js'
import { freePort, LOOPBACK } from './ports.js'
import { writeProperties } from './properties-file.js'
import type { ConfigurableServiceOptions, Service, ZooKeeperService } from './service.js'

/** Options of {@link startZooKeeper}. */
export interface ZooKeeperOptions extends ConfigurableServiceOptions {
  /** Memory of the server, which holds its whole tree: about a kilobyte a node. @defaultValue `256` */
  readonly heapMegabytes?: number
  /** System properties of the JVM, for what `zoo.cfg` cannot say. @defaultValue none */
  readonly systemProperties?: Readonly<Record<string, string>>
}

/** Starts a ZooKeeper 3.9 server that stands alone. `properties` are lines of `zoo.cfg`. */
export async function startZooKeeper(options: ZooKeeperOptions = {}): Promise<ZooKeeperService> {
  const port = options.port ?? (await freePort())
  const service = await startZooKeeperProcess({ ...options, port, heapMegabytes: options.heapMegabytes ?? 256 })
  return { ...service, port, connect: `${LOOPBACK}:${port}` }
}

/** A ZooKeeper server to start. */
export interface ZooKeeperProcess extends ConfigurableServiceOptions {
  readonly port: number
  readonly heapMegabytes: number
  readonly systemProperties?: Readonly<Record<string, string>> | undefined
  /** Its number in an ensemble; left out where it stands alone. */
  readonly myId?: number | undefined
}

/** Starts a ZooKeeper server and returns once it serves, which in an ensemble it does only with a majority of others. */
export async function startZooKeeperProcess({
  port,
  heapMegabytes,
  systemProperties,
  myId,
  dataDirectory,
  properties,
}: ZooKeeperProcess): Promise<Service> {
  return startJavaService({
    name: 'zookeeper',
    port,
    dataDirectory,
    mainClass: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    heapMegabytes,
    systemProperties,
    async prepare(directory) {
      const data = join(directory, 'data')
      await mkdir(data, { recursive: true })
      if (myId !== undefined) await writeFile(join(data, 'myid'), String(myId))
      return [await writeProperties(join(directory, 'zoo.cfg'), { ...settings(data, port), ...properties })]
    },
    expectReady: async () => expectServing(await fourLetterWord(`${LOOPBACK}:${port}`, 'srvr')),
  })
}

function settings(data: string, port: number): Record<string, string> {
  return {
    // Sessions last 2 to 20 ticks: short ones, so that what a killed client leaves behind goes soon.
    tickTime: '500',
    dataDir: data,
    clientPort: String(port),
    clientPortAddress: LOOPBACK,
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    maxClientCnxns: '0',
  }
}

/** The port opens before the server has its data: then it says that it is not serving. */
function expectServing(answer: string): void {
  if (!answer.includes('Mode: ')) throw new Error(`ZooKeeper answered \`srvr\` with: ${answer.trim()}`)
}

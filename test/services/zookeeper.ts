import { join } from 'node:path'
import { fourLetterWord } from './four-letter-word.js'
import { startJavaService } from './java-service.js'
import { freePort, LOOPBACK } from './ports.js'
import { writeProperties } from './properties-file.js'
import type { ConfigurableServiceOptions, ZooKeeperService } from './service.js'

/** Starts a ZooKeeper 3.9 server that stands alone. `properties` are lines of `zoo.cfg`. */
export async function startZooKeeper(options: ConfigurableServiceOptions = {}): Promise<ZooKeeperService> {
  const port = options.port ?? (await freePort())
  const connect = `${LOOPBACK}:${port}`
  const service = await startJavaService({
    name: 'zookeeper',
    port,
    dataDirectory: options.dataDirectory,
    mainClass: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    heapMegabytes: 256,
    prepare: async (dataDirectory) => [
      await writeProperties(join(dataDirectory, 'zoo.cfg'), {
        ...settings(dataDirectory, port),
        ...options.properties,
      }),
    ],
    expectReady: async () => expectServing(await fourLetterWord(connect, 'srvr')),
  })
  return { ...service, port, connect }
}

function settings(dataDirectory: string, port: number): Record<string, string> {
  return {
    // Sessions last 2 to 20 ticks: short ones, so that what a killed client leaves behind goes soon.
    tickTime: '500',
    dataDir: join(dataDirectory, 'data'),
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

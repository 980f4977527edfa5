// Restores the newest snapshot of znodes and ends: what the create half of the bench of znodes measures. Plain JavaScript
// on the built package, which is what users run. Prints what was created, and how long it took without loading.
import { FileSystemStorage, ZnodeRestorer } from 'kafkeep'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import nodeZooKeeperClient from 'node-zookeeper-client'

const { connect, directory } = JSON.parse(process.argv[2] ?? '{}')

const zookeeper = new NodeZooKeeperTransport({ connect: () => nodeZooKeeperClient.createClient(connect) })
try {
  const startedMs = performance.now()
  const restorer = new ZnodeRestorer({ zookeeper, storage: new FileSystemStorage({ directory }) })
  const { created, failed } = await restorer.run()
  process.stdout.write(
    JSON.stringify({ created, failed: failed.length, seconds: (performance.now() - startedMs) / 1000 }),
  )
} finally {
  await zookeeper.close()
}

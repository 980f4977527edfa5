// Takes one snapshot of znodes and ends: what the read half of `npm run bench -- znodes` measures. Plain JavaScript on
// the built package, which is what users run. Prints what was read.
import { FileSystemStorage, ZnodeSnapshotter } from 'kafkeep'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import nodeZooKeeperClient from 'node-zookeeper-client'

const { connect, directory } = JSON.parse(process.argv[2] ?? '{}')

const zookeeper = new NodeZooKeeperTransport({ connect: () => nodeZooKeeperClient.createClient(connect) })
try {
  const snapshotter = new ZnodeSnapshotter({ zookeeper, storage: new FileSystemStorage({ directory }) })
  const { nodes, consistency } = await snapshotter.run()
  process.stdout.write(JSON.stringify({ nodes, consistency }))
} finally {
  await zookeeper.close()
}

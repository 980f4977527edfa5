// A program that a test kills: `doomed-znode-program.ts snapshot-znodes|restore-znodes CONNECT DIRECTORY`. It says when it
// begins.
import { FileSystemStorage, ZnodeRestorer, ZnodeSnapshotter } from 'kafkeep'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import { createClient } from 'node-zookeeper-client'
import { KILLED_AUTH } from './killed-tree.js'

const [verb, connect = '', directory = ''] = process.argv.slice(2)
await using zookeeper = new NodeZooKeeperTransport({ connect: () => createClient(connect), auth: KILLED_AUTH })
const storage = new FileSystemStorage({ directory })
process.stdout.write('begun\n')
if (verb === 'snapshot-znodes') {
  await new ZnodeSnapshotter({ zookeeper, storage }).run()
} else {
  const { failed } = await new ZnodeRestorer({ zookeeper, storage }).run({ versions: true })
  if (failed.length > 0) throw new Error(`${failed.length} nodes failed`, { cause: failed[0]?.error })
}

// Takes a snapshot of ZooKeeper to S3: `npx tsx examples/snapshot-zookeeper.ts`.
import { ZnodeSnapshotter } from 'kafkeep'
import { program, s3Storage, zookeeperTransport } from './connections.js'

await program(async () => {
  await using zookeeper = zookeeperTransport()
  const { id, nodes, consistency } = await new ZnodeSnapshotter({ zookeeper, storage: s3Storage() }).run()
  console.log(`snapshot ${id}: ${nodes} znodes, ${consistency}`)
})

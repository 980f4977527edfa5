// Brings the newest snapshot of a Kafka cluster's ZooKeeper back: `npx tsx examples/restore-zookeeper.ts`.
import { kafkaTransientZnodes, ZnodeRestorer } from 'kafkeep'
import { program, s3Storage, zookeeperTransport } from './connections.js'

await program(async () => {
  await using zookeeper = zookeeperTransport()
  const restorer = new ZnodeRestorer({ zookeeper, storage: s3Storage() })
  const { created, kept, failed } = await restorer.run({ exclude: kafkaTransientZnodes })
  console.log(`${created} znodes created, ${kept} were there already`)
  for (const { path, error } of failed) console.error(`${path}: ${error.message}`)
  if (failed.length > 0) throw new Error('not every znode is restored')
})

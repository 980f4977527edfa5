// Keeps the newest snapshots of ZooKeeper and some older ones, and deletes the others: `npx tsx examples/prune-snapshots.ts`.
// LAST, DAILY and WEEKLY say how many (7, 30 and 52 when not given); with DRY_RUN=1 it only tells.
import { ZnodeArchive } from 'kafkeep'
import { program, s3Storage } from './connections.js'

await program(async () => {
  const { LAST = '7', DAILY = '30', WEEKLY = '52', DRY_RUN } = process.env
  const rules = { last: Number(LAST), daily: Number(DAILY), weekly: Number(WEEKLY) }
  const dryRun = DRY_RUN === '1'
  for await (const { key, bytes } of new ZnodeArchive({ storage: s3Storage() }).prune({ ...rules, dryRun })) {
    console.log(`${dryRun ? 'would delete' : 'deleted'} ${key}, ${bytes} bytes`)
  }
})

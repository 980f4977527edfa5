// `npm run demo`: the two disasters of "Surviving Data Loss", on real servers that this program starts and destroys.
import { Backup } from './archive.js'
import { Company } from './company.js'
import { Narrator } from './narrator.js'
import { surviveTotalLoss } from './total-loss.js'
import { surviveZooKeeperLoss } from './zookeeper-loss.js'

async function main(narrator: Narrator): Promise<void> {
  narrator.chapter('A small company with a broker, a ZooKeeper and a bucket')
  const company = await narrator.step('download (first time only) and start S3, ZooKeeper and Kafka 3.9', () =>
    Company.found(),
  )
  try {
    const backup = await Backup.create(company)
    try {
      await surviveTotalLoss(company, backup, narrator)
      await surviveZooKeeperLoss(company, backup, narrator)
      narrator.chapter('What lies in the bucket')
      narrator.say(await backup.listing())
    } finally {
      backup.close()
    }
  } finally {
    await company.close()
  }
  narrator.chapter('Timings')
  narrator.say(narrator.timings())
  narrator.say('\nBoth disasters survived.')
}

try {
  await main(new Narrator())
} catch (error) {
  const { message, hint } = error as Error & { readonly hint?: string }
  process.stderr.write(`\nThe demo failed: ${message}\n${hint === undefined ? '' : `Hint: ${hint}\n`}`)
  process.exitCode = 1
}

import { FileSystemStorage } from 'kafkeep'
import type { SoakCluster } from './soak-cluster.js'
import { type Soaked, SOAKED_TOPIC as topic } from './soaked.js'

const RECORDS = 1_500
const TRANSACTIONS = 40

/**
 * A restorer that is killed. Each time it is through, what it restored is compared, and it begins with a new target.
 * Fills a topic, with transactions at its beginning, and archives it; the folder must be empty.
 */
export async function killedRestorer(cluster: SoakCluster, directory: string): Promise<Soaked> {
  const storage = new FileSystemStorage({ directory })
  const digestsOf = async (of: string) => (await cluster.digestsOf(of)).join('; ')
  await cluster.createTopic(topic)
  await cluster.appendTransactions(topic, TRANSACTIONS)
  await cluster.append(topic, 0, RECORDS)
  await cluster.archive(topic, storage, 'kafkeep')
  const expected = await digestsOf(topic)
  let restored = 0
  const target = () => `${topic}-${restored}`
  const compare = async () => {
    const digests = await digestsOf(target())
    if (digests !== expected) {
      throw new Error(`${target()} holds [${digests}], the topic that was archived [${expected}]`)
    }
    await cluster.deleteTopic(target())
    restored++
  }
  return {
    latestKillMs: 900,
    next: () => ({ verb: 'restore', brokers: cluster.brokers, directory, topic, target: target() }),
    async afterKill(end) {
      if (end === 'by-itself') await compare()
    },
    async check() {
      await cluster.restore(topic, storage, target())
      await compare()
      return `${restored} restored topics read like the first one: ${expected}`
    },
  }
}

import { FileSystemStorage } from 'kafkeep'
import { digestsOf } from '../support/kill-loop.js'
import type { SoakCluster } from './soak-cluster.js'
import { type Soaked, SOAKED_TOPIC as topic } from './soaked.js'

const FIRST_RECORDS = 1_500
/** More than a segment. */
const MORE_RECORDS = 150

/** An archiver that is killed, and another one beside it whose runs nobody kills. Fills a topic; both folders must be empty. */
export async function killedArchiver(
  cluster: SoakCluster,
  { directory, undisturbedDirectory }: { readonly directory: string; readonly undisturbedDirectory: string },
): Promise<Soaked> {
  const undisturbed = new FileSystemStorage({ directory: undisturbedDirectory })
  let records = 0
  const append = async (more: number) => {
    await cluster.append(topic, records, records + more)
    records += more
  }
  await cluster.createTopic(topic)
  await append(FIRST_RECORDS)
  return {
    latestKillMs: 250,
    next: () => ({ verb: 'archive', brokers: cluster.brokers, directory, topic }),
    async afterKill(end) {
      if (end === 'by-itself') await append(MORE_RECORDS)
    },
    async check() {
      const storage = new FileSystemStorage({ directory })
      await cluster.archive(topic, storage, 'kafkeep')
      await cluster.archive(topic, undisturbed, 'kafkeep-undisturbed')
      const [digests, expected] = [await digestsOf(storage, topic), await digestsOf(undisturbed, topic)]
      if (digests.join() !== expected.join()) {
        throw new Error(`the archive holds [${digests}], the one that nobody disturbed [${expected}]`)
      }
      await append(MORE_RECORDS)
      return `the archive reads like the one that nobody disturbed: ${digests.join('; ')}`
    },
  }
}

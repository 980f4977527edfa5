import { FileSystemStorage } from 'kafkeep'
import { type DoomedEnd, type DoomedRun, digestsOf } from '../support/kill-loop.js'
import type { SoakCluster } from './soak-cluster.js'
import type { Soaked } from './soaked.js'

const TOPIC = 'soaked'
const FIRST_RECORDS = 1_500
/** More than a segment. */
const MORE_RECORDS = 150

/** An archiver that is killed, and another one beside it whose runs nobody kills. */
export class KilledArchiver implements Soaked {
  readonly latestKillMs = 250
  readonly #cluster: SoakCluster
  readonly #directory: string
  readonly #undisturbed: FileSystemStorage
  #records = 0

  private constructor(cluster: SoakCluster, directory: string, undisturbed: string) {
    this.#cluster = cluster
    this.#directory = directory
    this.#undisturbed = new FileSystemStorage({ directory: undisturbed })
  }

  /** Fills a topic. Both folders must be empty. */
  static async create(cluster: SoakCluster, directory: string, undisturbed: string): Promise<KilledArchiver> {
    const killed = new KilledArchiver(cluster, directory, undisturbed)
    await cluster.createTopic(TOPIC)
    await killed.#append(FIRST_RECORDS)
    return killed
  }

  next(): DoomedRun {
    return { verb: 'archive', brokers: this.#cluster.brokers, directory: this.#directory, topic: TOPIC }
  }

  async afterKill(end: DoomedEnd): Promise<void> {
    if (end === 'by-itself') await this.#append(MORE_RECORDS)
  }

  async check(): Promise<string> {
    const storage = new FileSystemStorage({ directory: this.#directory })
    await this.#cluster.archive(TOPIC, storage, 'kafkeep')
    await this.#cluster.archive(TOPIC, this.#undisturbed, 'kafkeep-undisturbed')
    const [digests, expected] = [await digestsOf(storage, TOPIC), await digestsOf(this.#undisturbed, TOPIC)]
    if (digests.join() !== expected.join()) {
      throw new Error(`the archive holds [${digests}], the one that nobody disturbed [${expected}]`)
    }
    await this.#append(MORE_RECORDS)
    return `the archive reads like the one that nobody disturbed: ${digests.join('; ')}`
  }

  async #append(records: number): Promise<void> {
    await this.#cluster.append(TOPIC, this.#records, this.#records + records)
    this.#records += records
  }
}

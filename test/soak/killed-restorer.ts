import { FileSystemStorage } from 'kafkeep'
import type { DoomedEnd, DoomedRun } from '../support/kill-loop.js'
import type { SoakCluster } from './soak-cluster.js'
import type { Soaked } from './soaked.js'

const TOPIC = 'soaked'
const RECORDS = 1_500

/** A restorer that is killed. Each time it is through, what it restored is compared, and it begins with a new target. */
export class KilledRestorer implements Soaked {
  readonly latestKillMs = 600
  readonly #cluster: SoakCluster
  readonly #directory: string
  readonly #expected: string
  #restored = 0

  private constructor(cluster: SoakCluster, directory: string, expected: string) {
    this.#cluster = cluster
    this.#directory = directory
    this.#expected = expected
  }

  /** Fills a topic and archives it. The folder must be empty. */
  static async create(cluster: SoakCluster, directory: string): Promise<KilledRestorer> {
    await cluster.createTopic(TOPIC)
    await cluster.append(TOPIC, 0, RECORDS)
    await cluster.archive(TOPIC, new FileSystemStorage({ directory }), 'kafkeep')
    return new KilledRestorer(cluster, directory, (await cluster.digestsOf(TOPIC)).join('; '))
  }

  next(): DoomedRun {
    const { brokers } = this.#cluster
    return { verb: 'restore', brokers, directory: this.#directory, topic: TOPIC, target: this.#target }
  }

  async afterKill(end: DoomedEnd): Promise<void> {
    if (end === 'by-itself') await this.#compare()
  }

  async check(): Promise<string> {
    await this.#cluster.restore(TOPIC, new FileSystemStorage({ directory: this.#directory }), this.#target)
    await this.#compare()
    return `${this.#restored} restored topics read like the first one: ${this.#expected}`
  }

  get #target(): string {
    return `${TOPIC}-${this.#restored}`
  }

  async #compare(): Promise<void> {
    const digests = (await this.#cluster.digestsOf(this.#target)).join('; ')
    if (digests !== this.#expected) {
      throw new Error(`${this.#target} holds [${digests}], the topic that was archived [${this.#expected}]`)
    }
    await this.#cluster.deleteTopic(this.#target)
    this.#restored++
  }
}

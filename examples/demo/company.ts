import { Kafka, logLevel } from 'kafkajs'
import { kafkaTool } from '../../test/services/kafka-tool.js'
import { startKafka39 } from '../../test/services/kafka39.js'
import { startS3 } from '../../test/services/s3.js'
import type { KafkaService, S3Service, ZooKeeperService } from '../../test/services/service.js'
import { startZooKeeper } from '../../test/services/zookeeper.js'

/** The machines of a small company: one Kafka 3.9 broker, its ZooKeeper, and a bucket somewhere else. */
export class Company {
  readonly s3: S3Service
  #zookeeper: ZooKeeperService
  #kafka: KafkaService | undefined

  private constructor(s3: S3Service, zookeeper: ZooKeeperService) {
    this.s3 = s3
    this.#zookeeper = zookeeper
  }

  static async found(): Promise<Company> {
    const [s3, zookeeper] = await Promise.all([startS3(), startZooKeeper()])
    const company = new Company(s3, zookeeper)
    await company.startBroker()
    return company
  }

  get zookeeper(): string {
    return this.#zookeeper.connect
  }

  get brokers(): string[] {
    return this.#kafka?.brokers ?? []
  }

  /** A kafkajs client that says nothing of the errors that it handles. */
  client(): Kafka {
    return new Kafka({ clientId: 'demo', brokers: this.brokers, logLevel: logLevel.NOTHING })
  }

  /** Runs one of Kafka's own command line tools against the broker and answers what it prints. */
  async tool(name: Parameters<typeof kafkaTool>[1], args: readonly string[], input?: string): Promise<string> {
    const { stdout } = await kafkaTool('kafka39', name, ['--bootstrap-server', this.brokers.join(','), ...args], {
      ...(input !== undefined && { input }),
    })
    return stdout
  }

  /** Kills ZooKeeper and deletes what it kept. */
  async loseZooKeeper(): Promise<void> {
    await this.#zookeeper.destroy()
  }

  /** Kills the broker and deletes its disk. */
  async loseBroker(): Promise<void> {
    await this.#kafka?.destroy()
    this.#kafka = undefined
  }

  /** Kills the broker; its disk survives. */
  async killBroker(): Promise<void> {
    await this.#kafka?.kill()
  }

  async startEmptyZooKeeper(): Promise<void> {
    this.#zookeeper = await startZooKeeper()
  }

  /** Starts the broker on the disk it had, or on an empty one where that is lost. */
  async startBroker(): Promise<void> {
    const { dataDirectory, port } = this.#kafka ?? {}
    this.#kafka = await startKafka39({ zookeeper: this.zookeeper, dataDirectory, port })
  }

  async close(): Promise<void> {
    await Promise.all([this.#kafka?.destroy(), this.#zookeeper.destroy(), this.s3.destroy()])
  }
}

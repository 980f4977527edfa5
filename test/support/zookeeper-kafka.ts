import { Kafka, logLevel } from 'kafkajs'
import { type KafkaToolName, kafkaTool } from '../services/kafka-tool.js'
import { startKafka39 } from '../services/kafka39.js'
import { freePort, LOOPBACK } from '../services/ports.js'
import type { KafkaService, ZooKeeperService } from '../services/service.js'
import { startZooKeeper } from '../services/zookeeper.js'
import { KafkaBench } from './kafka.js'

/**
 * A Kafka 3.9 of its own in ZooKeeper mode, with everything that lives in ZooKeeper in use: brokers take their ids from
 * ZooKeeper's generator, whoever logs in does so with SCRAM, and an authorizer asks the ACLs. Clients that do not log in
 * may do everything.
 */
export class ZooKeeperKafka {
  readonly #ports: { readonly zookeeper: number; readonly plain: number; readonly scram: number }
  #zookeeper: ZooKeeperService
  #broker: KafkaService | undefined
  #newcomer: KafkaService | undefined

  private constructor(ports: { zookeeper: number; plain: number; scram: number }, zookeeper: ZooKeeperService) {
    this.#ports = ports
    this.#zookeeper = zookeeper
  }

  /** An empty ZooKeeper, and a broker. */
  static async start(): Promise<ZooKeeperKafka> {
    const ports = { zookeeper: await freePort(), plain: await freePort(), scram: await freePort() }
    const cluster = new ZooKeeperKafka(ports, await startZooKeeper({ port: ports.zookeeper }))
    try {
      await cluster.startBroker()
      return cluster
    } catch (error) {
      await cluster.destroy()
      throw error
    }
  }

  /** Connect string of ZooKeeper. */
  get connect(): string {
    return `${LOOPBACK}:${this.#ports.zookeeper}`
  }

  /** Clients that do not log in. */
  get bench(): KafkaBench {
    return new KafkaBench('kafka39', [`${LOOPBACK}:${this.#ports.plain}`])
  }

  /** A client that logs in. */
  clientOf(username: string, password: string): Kafka {
    return new Kafka({
      clientId: username,
      brokers: [`${LOOPBACK}:${this.#ports.scram}`],
      sasl: { mechanism: 'scram-sha-512', username, password },
      logLevel: logLevel.NOTHING,
      retry: { retries: 2 },
    })
  }

  /** Runs one of Kafka's own tools and answers what it prints. */
  async tool(name: KafkaToolName, args: readonly string[]): Promise<string> {
    const { stdout } = await kafkaTool('kafka39', name, ['--bootstrap-server', ...this.bench.brokers, ...args])
    return stdout
  }

  /** Starts the broker, on the disk that it has. */
  async startBroker(): Promise<void> {
    const { plain, scram } = this.#ports
    const dataDirectory = this.#broker?.dataDirectory
    this.#broker = await this.#start({ plain, scram }, dataDirectory)
  }

  /** Starts one more broker, on an empty disk. */
  async startNewcomer(): Promise<void> {
    this.#newcomer = await this.#start({ plain: await freePort(), scram: await freePort() })
  }

  /** Ends the newcomer, which leaves the cluster in order, and deletes its disk. */
  async removeNewcomer(): Promise<void> {
    await this.#newcomer?.stop()
    await this.#newcomer?.destroy()
    this.#newcomer = undefined
  }

  /** Ends the broker as planned. Its disk stays. */
  async stopBroker(): Promise<void> {
    await this.#broker?.stop()
  }

  /** Kills ZooKeeper and the broker, and starts an empty ZooKeeper in its place. The broker's disk survives. */
  async loseZooKeeper(): Promise<void> {
    await this.#zookeeper.destroy()
    await this.#broker?.kill()
    this.#zookeeper = await startZooKeeper({ port: this.#ports.zookeeper })
  }

  /** Kills all servers and deletes their data. */
  async destroy(): Promise<void> {
    await Promise.all([this.#newcomer?.destroy(), this.#broker?.destroy()])
    await this.#zookeeper.destroy()
  }

  #start(ports: { readonly plain: number; readonly scram: number }, dataDirectory?: string): Promise<KafkaService> {
    const listeners = `PLAINTEXT://${LOOPBACK}:${ports.plain},SASL_PLAINTEXT://${LOOPBACK}:${ports.scram}`
    return startKafka39({
      zookeeper: this.connect,
      port: ports.plain,
      dataDirectory,
      properties: {
        'broker.id': '-1',
        listeners,
        'advertised.listeners': listeners,
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config':
          'org.apache.kafka.common.security.scram.ScramLoginModule required;',
        'authorizer.class.name': 'kafka.security.authorizer.AclAuthorizer',
        'super.users': 'User:ANONYMOUS',
      },
    })
  }
}

import { Kafka, logLevel } from 'kafkajs'
import { eventually } from '../support/eventually.js'
import { ClusterNode, destroyAll, startTogether } from './cluster-node.js'
import { BROKER_SETTINGS } from './kafka-broker.js'
import { type KafkaProcess, partitionsIn, startKafkaProcess } from './kafka-process.js'
import { formatOnce, KRAFT_SETTINGS, newClusterId } from './kraft.js'
import { expectListening, freePort, LOOPBACK } from './ports.js'

const BROKER_IDS = [1, 2, 3] as const
const CONTROLLER_ID = 100
const GROUPS_LIMIT_MS = 30_000

/** Settings of every node of a cluster of three brokers, for tests. */
const CLUSTER_OF_THREE = {
  ...BROKER_SETTINGS,
  ...KRAFT_SETTINGS,
  'default.replication.factor': '3',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'share.coordinator.state.topic.replication.factor': '3',
  'share.coordinator.state.topic.min.isr': '2',
  'num.network.threads': '2',
  'num.io.threads': '3',
} as const

/** Options of {@link startKafka4Cluster}. */
export interface Kafka4ClusterOptions {
  /** Settings of all nodes, on top of those that make them quick and small. */
  readonly properties?: Readonly<Record<string, string>> | undefined
}

/** A server of a Kafka cluster. */
class KafkaNode extends ClusterNode {
  /** Starts nothing yet. */
  constructor(id: number, process: KafkaProcess) {
    super({ id, port: process.port, start: (options) => startKafkaProcess(process, options) })
  }

  /** The server's `log.dirs`: one folder per partition, `<topic>-<partition>`, with its segment files. */
  get partitionsDirectory(): string {
    return partitionsIn(this.dataDirectory)
  }
}

/** A running cluster of three brokers. */
export interface Kafka4Cluster {
  /** Bootstrap list with the three brokers, whether they run or not. */
  readonly brokers: string[]
  /** The servers of the cluster: the controller and the brokers. */
  readonly nodes: readonly KafkaNode[]
  /** The broker with the node id `id`: 1, 2 or 3. */
  broker(id: number): KafkaNode
  /** Kills all servers and deletes their data. */
  destroy(): Promise<void>
}

/**
 * Starts a Kafka 4 cluster of three brokers. The controller is a server of its own, because a test may kill all brokers
 * but one: were they the controllers too, no majority of them would be left to elect that one the leader of anything.
 */
export async function startKafka4Cluster({ properties }: Kafka4ClusterOptions = {}): Promise<Kafka4Cluster> {
  const controllerPort = await freePort()
  const quorum = { 'controller.quorum.voters': `${CONTROLLER_ID}@${LOOPBACK}:${controllerPort}` }
  const beforeStart = formatOnce(newClusterId())
  const node = (id: number, port: number, role: Readonly<Record<string, string>>): KafkaNode => {
    const own = { 'node.id': String(id), ...role }
    const process: KafkaProcess = {
      name: 'kafka4',
      port,
      heapMegabytes: 256,
      properties: { ...CLUSTER_OF_THREE, ...quorum, ...properties, ...own },
      beforeStart,
      // A broker opens its port once the controller lets it take part.
      expectReady: () => expectListening(port),
    }
    return new KafkaNode(id, process)
  }
  const controller = node(CONTROLLER_ID, controllerPort, {
    'process.roles': 'controller',
    listeners: `CONTROLLER://${LOOPBACK}:${controllerPort}`,
  })
  const brokers: KafkaNode[] = []
  for (const id of BROKER_IDS) {
    const port = await freePort()
    const listeners = `PLAINTEXT://${LOOPBACK}:${port}`
    brokers.push(node(id, port, { 'process.roles': 'broker', listeners, 'advertised.listeners': listeners }))
  }
  return start(controller, brokers)
}

async function start(controller: KafkaNode, brokers: readonly KafkaNode[]): Promise<Kafka4Cluster> {
  const nodes = [controller, ...brokers]
  const cluster: Kafka4Cluster = {
    brokers: brokers.map(({ address }) => address),
    nodes,
    broker(id) {
      const found = brokers.find((broker) => broker.id === id)
      if (found === undefined) throw new RangeError(`the cluster has no broker ${id}`)
      return found
    },
    destroy: () => destroyAll(nodes),
  }
  await startTogether(nodes)
  try {
    await eventually(() => expectGroups(cluster.brokers), { limitMs: GROUPS_LIMIT_MS })
    return cluster
  } catch (error) {
    await cluster.destroy()
    throw error
  }
}

/** Makes Kafka create its topic of consumer groups, which it does on first use, and only while all brokers are there. */
async function expectGroups(brokers: string[]): Promise<void> {
  const retry = { initialRetryTime: 50, retries: 3 }
  const admin = new Kafka({ clientId: 'kafkeep-services', brokers, logLevel: logLevel.NOTHING, retry }).admin()
  await admin.connect()
  try {
    await admin.fetchOffsets({ groupId: 'nobody' })
  } finally {
    await admin.disconnect()
  }
}

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { Kafka, logLevel } from 'kafkajs'
import { type KafkaProcess, partitionsIn, startKafkaProcess } from './kafka-process.js'
import { LOOPBACK } from './ports.js'
import type { ConfigurableServiceOptions, KafkaService } from './service.js'

/** Settings of every broker, for tests. */
export const BROKER_SETTINGS = {
  'offsets.topic.num.partitions': '5',
  'transaction.state.log.num.partitions': '5',
  'group.initial.rebalance.delay.ms': '0',
  // Tests write records of long ago, which nothing but the test may delete.
  'log.retention.hours': '-1',
  // The default, 128 MiB, is a quarter of the heap.
  'log.cleaner.dedupe.buffer.size': '10485760',
} as const

/** Settings of every broker that is a cluster of one, for tests. */
export const CLUSTER_OF_ONE = {
  ...BROKER_SETTINGS,
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
} as const

/** What the Kafka versions do not share. */
export interface KafkaBroker extends Pick<KafkaProcess, 'name' | 'port' | 'beforeStart'> {
  /** Settings beyond those of every broker. */
  readonly settings: Readonly<Record<string, string>>
}

/** Starts a broker that is a cluster of one. */
export async function startBroker(
  { settings, ...broker }: KafkaBroker,
  { dataDirectory, properties }: ConfigurableServiceOptions,
): Promise<KafkaService> {
  const { port } = broker
  const service = await startKafkaProcess(
    {
      ...broker,
      heapMegabytes: 512,
      properties: { ...CLUSTER_OF_ONE, ...settings, ...properties },
      expectReady: async (directory) => expectCluster(port, await partitionsOnDisk(directory)),
    },
    { dataDirectory },
  )
  return {
    ...service,
    port,
    brokers: [`${LOOPBACK}:${port}`],
    partitionsDirectory: partitionsIn(service.dataDirectory),
  }
}

/**
 * The broker is registered, knows the controller, and leads what it has on its disk: a Kafka 3.9 that was started again
 * answers for a while as if it had no topics.
 */
async function expectCluster(port: number, onDisk: readonly string[]): Promise<void> {
  const admin = clientOf(port).admin()
  try {
    await admin.connect()
    const { brokers, controller } = await admin.describeCluster()
    if (controller === null) throw new Error('Kafka has no controller yet')
    if (!brokers.some((broker) => broker.port === port)) throw new Error('the broker is not registered yet')
    const { topics } = await admin.fetchTopicMetadata()
    const led = topics.flatMap(({ name, partitions }) =>
      partitions.filter(({ leader }) => leader >= 0).map(({ partitionId }) => `${name}-${partitionId}`),
    )
    const missing = onDisk.filter((partition) => !led.includes(partition))
    if (missing.length > 0) throw new Error(`partitions have no leader yet: ${missing.join(', ')}`)
  } finally {
    await admin.disconnect()
  }
}

function clientOf(port: number): Kafka {
  return new Kafka({
    clientId: 'kafkeep-services',
    brokers: [`${LOOPBACK}:${port}`],
    connectionTimeout: 1_000,
    requestTimeout: 5_000,
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  })
}

/** Without those that no client sees: being deleted (their names are longer), and the log of the controllers. */
async function partitionsOnDisk(directory: string): Promise<string[]> {
  if (!existsSync(directory)) return []
  return (await readdir(directory)).filter((name) => /-\d+$/.test(name) && name !== '__cluster_metadata-0')
}

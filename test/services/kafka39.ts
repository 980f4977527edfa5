import { eventually } from '../support/eventually.js'
import { fourLetterWord } from './four-letter-word.js'
import { startBroker } from './kafka-broker.js'
import { freePort, LOOPBACK } from './ports.js'
import type { ConfigurableServiceOptions, KafkaService } from './service.js'

const BROKER_ID = '0'
const SESSION_TIMEOUT_MS = 6_000

/** Options of {@link startKafka39}. */
export interface Kafka39Options extends ConfigurableServiceOptions {
  /** Connect string of the ZooKeeper that the broker keeps its state in, with an optional path. */
  readonly zookeeper: string
}

/**
 * Starts a Kafka 3.9 broker in ZooKeeper mode. After a `kill` the next start first waits until ZooKeeper has forgotten the
 * dead broker, up to 6 seconds: a broker that finds itself registered already gives up.
 */
export async function startKafka39({ zookeeper, ...options }: Kafka39Options): Promise<KafkaService> {
  const port = options.port ?? (await freePort())
  const settings = kafka39Settings({ listenOn: LOOPBACK, port, zookeeper })
  return startBroker({ name: 'kafka39', port, settings, beforeStart: () => untilUnregistered(zookeeper) }, options)
}

/** Settings of a Kafka 3.9 broker, beyond those of every broker. `listenOn` is an address of its own machine or container. */
export function kafka39Settings({ listenOn, port, zookeeper }: Kafka39Address): Record<string, string> {
  return {
    'broker.id': BROKER_ID,
    listeners: `PLAINTEXT://${listenOn}:${port}`,
    'advertised.listeners': `PLAINTEXT://${LOOPBACK}:${port}`,
    'zookeeper.connect': zookeeper,
    'zookeeper.session.timeout.ms': String(SESSION_TIMEOUT_MS),
  }
}

interface Kafka39Address {
  readonly listenOn: string
  readonly port: number
  readonly zookeeper: string
}

async function untilUnregistered(zookeeper: string): Promise<void> {
  const registration = `${new URL(`tcp://${zookeeper}`).pathname.replace(/\/$/, '')}/brokers/ids/${BROKER_ID}`
  await eventually(
    async () => {
      const ephemerals = (await fourLetterWord(zookeeper, 'dump')).split('\n').map((line) => line.trim())
      if (ephemerals.includes(registration))
        throw new Error(`another broker is registered at ${registration} in ${zookeeper}`)
    },
    { limitMs: 2 * SESSION_TIMEOUT_MS, intervalMs: 100 },
  )
}

import { startBroker } from './kafka-broker.js'
import { formatOnce, KRAFT_SETTINGS, newClusterId } from './kraft.js'
import { freePort, LOOPBACK } from './ports.js'
import type { ConfigurableServiceOptions, KafkaService } from './service.js'

const NODE_ID = '1'

/** Starts a Kafka 4 broker that is its own controller (KRaft). */
export async function startKafka4(options: ConfigurableServiceOptions = {}): Promise<KafkaService> {
  const port = options.port ?? (await freePort())
  const settings = kafka4Settings({ listenOn: LOOPBACK, port, controllerPort: await freePort() })
  return startBroker({ name: 'kafka4', port, settings, beforeStart: formatOnce(newClusterId()) }, options)
}

/** Settings of a Kafka 4 broker, beyond those of every broker. `listenOn` is an address of its own machine or container. */
export function kafka4Settings({ listenOn, port, controllerPort }: Kafka4Address): Record<string, string> {
  return {
    ...KRAFT_SETTINGS,
    'process.roles': 'broker,controller',
    'node.id': NODE_ID,
    'controller.quorum.voters': `${NODE_ID}@${LOOPBACK}:${controllerPort}`,
    listeners: `PLAINTEXT://${listenOn}:${port},CONTROLLER://${LOOPBACK}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${LOOPBACK}:${port}`,
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
  }
}

interface Kafka4Address {
  readonly listenOn: string
  readonly port: number
  readonly controllerPort: number
}

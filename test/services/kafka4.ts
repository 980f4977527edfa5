import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startBroker } from './kafka-broker.js'
import { freePort, LOOPBACK } from './ports.js'
import { runJava } from './run-java.js'
import type { ConfigurableServiceOptions, KafkaService } from './service.js'

const NODE_ID = '1'
const FORMAT_LIMIT_MS = 60_000

/** Starts a Kafka 4 broker that is its own controller (KRaft). */
export async function startKafka4(options: ConfigurableServiceOptions = {}): Promise<KafkaService> {
  const port = options.port ?? (await freePort())
  const settings = kafka4Settings({ listenOn: LOOPBACK, port, controllerPort: await freePort() })
  return startBroker({ name: 'kafka4', port, settings, beforeStart: formatOnce }, options)
}

/** Settings of a Kafka 4 broker, beyond those of every broker. `listenOn` is an address of its own machine or container. */
export function kafka4Settings({ listenOn, port, controllerPort }: Kafka4Address): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': NODE_ID,
    'controller.quorum.voters': `${NODE_ID}@${LOOPBACK}:${controllerPort}`,
    listeners: `PLAINTEXT://${listenOn}:${port},CONTROLLER://${LOOPBACK}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${LOOPBACK}:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    // How long the controller refuses a broker that was killed and is started again.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
  }
}

interface Kafka4Address {
  readonly listenOn: string
  readonly port: number
  readonly controllerPort: number
}

async function formatOnce(configurationFile: string, partitionsDirectory: string): Promise<void> {
  if (existsSync(join(partitionsDirectory, 'meta.properties'))) return
  await runJava(
    {
      jars: 'kafka4',
      mainClass: 'kafka.tools.StorageTool',
      args: ['format', '--cluster-id', newClusterId(), '--config', configurationFile],
      heapMegabytes: 128,
      logs: 'tool',
    },
    { timeoutMs: FORMAT_LIMIT_MS },
  )
}

/** 16 random bytes as Kafka writes ids: base64url, but never with a dash first, which would look like an option. */
function newClusterId(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, '_')
}

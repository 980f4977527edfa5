import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers'
import type { ServiceHost } from './endpoints.js'
import { CLUSTER_OF_ONE } from './kafka-broker.js'
import { kafka4Settings } from './kafka4.js'
import { kafka39Settings } from './kafka39.js'
import { freePort, LOOPBACK } from './ports.js'
import { S3_CREDENTIALS } from './s3.js'

const EVERYWHERE = '0.0.0.0'
const ZOOKEEPER_PORT = 2181
const CONTROLLER_PORT = 9093
const S3_PORT = 80

/** Runs services in containers, which Testcontainers removes when this process ends. */
export async function containerHost(): Promise<ServiceHost> {
  const network = await new Network().start()
  const started: StartedTestContainer[] = []
  const start = async (container: GenericContainer): Promise<StartedTestContainer> => {
    const running = await container.withNetwork(network).start()
    started.push(running)
    return running
  }
  return {
    start: {
      zookeeper: async () => ({ connect: addressOf(await start(zookeeper()), ZOOKEEPER_PORT) }),
      async kafka39() {
        const alias = 'zookeeper-of-kafka39'
        const ensemble = await start(zookeeper().withNetworkAliases(alias))
        const port = await freePort()
        const settings = kafka39Settings({ listenOn: EVERYWHERE, port, zookeeper: `${alias}:${ZOOKEEPER_PORT}` })
        // Apache's own image of 3.9 runs without ZooKeeper only; Confluent Platform 7.9 is Kafka 3.9 with either.
        await start(kafka('confluentinc/cp-kafka:7.9.2', port, settings))
        return { brokers: [`${LOOPBACK}:${port}`], zookeeper: addressOf(ensemble, ZOOKEEPER_PORT) }
      },
      async kafka4() {
        const port = await freePort()
        const settings = kafka4Settings({ listenOn: EVERYWHERE, port, controllerPort: CONTROLLER_PORT })
        await start(kafka('apache/kafka:4.3.1', port, settings))
        return { brokers: [`${LOOPBACK}:${port}`] }
      },
      s3: async () => ({ endpoint: `http://${addressOf(await start(s3()), S3_PORT)}`, ...S3_CREDENTIALS }),
    },
    close: () => closeAll(started, network),
  }
}

function zookeeper(): GenericContainer {
  return new GenericContainer('zookeeper:3.9')
    .withEnvironment({ ZOO_TICK_TIME: '500', ZOO_4LW_COMMANDS_WHITELIST: '*', ZOO_MAX_CLIENT_CNXNS: '0' })
    .withExposedPorts(ZOOKEEPER_PORT)
}

/** The port is the same inside and outside, because a broker tells its clients where it is. */
function kafka(image: string, port: number, settings: Readonly<Record<string, string>>): GenericContainer {
  return new GenericContainer(image)
    .withEnvironment(asVariables({ ...CLUSTER_OF_ONE, ...settings }))
    .withExposedPorts({ container: port, host: port })
    .withWaitStrategy(Wait.forLogMessage(/started \(kafka\.server\.Kafka(Raft)?Server\)/))
}

/** Both images take a setting such as `node.id` as the variable `KAFKA_NODE_ID`. */
function asVariables(settings: Readonly<Record<string, string>>): Record<string, string> {
  const variable = (name: string) => `KAFKA_${name.replaceAll('.', '_').toUpperCase()}`
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [variable(name), value]))
}

function s3(): GenericContainer {
  return new GenericContainer('andrewgaul/s3proxy')
    .withEnvironment({
      S3PROXY_AUTHORIZATION: 'aws-v2-or-v4',
      S3PROXY_IDENTITY: S3_CREDENTIALS.accessKeyId,
      S3PROXY_CREDENTIAL: S3_CREDENTIALS.secretAccessKey,
      JCLOUDS_PROVIDER: 'filesystem-nio2',
    })
    .withExposedPorts(S3_PORT)
}

function addressOf(container: StartedTestContainer, port: number): string {
  return `${container.getHost()}:${container.getMappedPort(port)}`
}

async function closeAll(containers: readonly StartedTestContainer[], network: StartedNetwork): Promise<void> {
  await Promise.all(containers.map((container) => container.stop()))
  await network.stop()
}

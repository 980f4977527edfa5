import { TransportError, UnsupportedClientError } from '../errors.js'
import { abortable } from '../internal/abort.js'
import { type Broker, type Cluster, type Connection, openCluster } from './kafkajs-cluster.js'
import { lendMemory, receiveInPlace } from './kafkajs-sockets.js'
import { type ApiDefinition, type ApiRequest, commonVersion } from './protocol/api.js'
import { FETCH } from './protocol/fetch.js'
import type { BrokerAddress } from './protocol/metadata.js'
import type { TransportCallOptions } from './transport.js'

/** The socket for everything but fetches, which may wait long and have all the others. */
const COMMAND_CONNECTION = 0
const FIRST_FETCH_CONNECTION = 1
const ANY_BROKER = 'any'

/** How one request is sent. */
export interface SendOptions extends TransportCallOptions {
  /** Memory that its answer may be put into. */
  readonly into?: Buffer | undefined
}

/** Sends raw requests to brokers over the sockets of a kafkajs cluster. */
export class KafkaJsBrokers {
  readonly #cluster: Cluster
  /** What was opened last of each broker. */
  readonly #opening = new Map<string, Promise<unknown>>()
  #fetches = 0
  #closed = false

  constructor(kafka: object) {
    this.#cluster = openCluster(kafka)
  }

  /** Sends to the broker `nodeId`, or to any that answers with `undefined`. */
  async send<T>(
    nodeId: number | undefined,
    api: ApiDefinition,
    request: (version: number) => ApiRequest<T>,
    { signal, into }: SendOptions = {},
  ): Promise<T> {
    if (this.#closed) throw new TransportError('the Kafka transport is closed', { system: 'kafka' })
    // Nothing but a socket for fetches is awaited on an open connection: batches must leave in the order of the calls.
    const broker = this.#openBroker(nodeId) ?? (await abortable(this.#connect(nodeId), signal))
    const version = commonVersion(api, broker.versions?.[api.apiKey])
    if (version === undefined) throw unsupportedBroker(api, broker)
    const connection =
      api.apiKey === FETCH.apiKey
        ? await abortable(this.#fetchConnection(broker), signal)
        : existing(broker.connectionPool.pool[COMMAND_CONNECTION])
    if (connection.sasl && !connection.isAuthenticated()) await abortable(connection.authenticate(), signal)
    return abortable(exchange(connection, request(version), into), signal)
  }

  /** Whether requests can be sent to the broker `nodeId`. */
  knows(nodeId: number): boolean {
    return this.#cluster.brokerPool.brokers[nodeId] !== undefined
  }

  /** Makes the pool hold exactly these brokers, keeping the connections of those that stay where they were. */
  async adopt(addresses: readonly BrokerAddress[]): Promise<void> {
    const pool = this.#cluster.brokerPool
    for (const { nodeId, host, port, rack } of addresses) {
      const known = pool.brokers[nodeId]
      if (known?.connectionPool.host === host && known.connectionPool.port === port) continue
      await known?.disconnect()
      const seed = pool.seedBroker
      if (seed.connectionPool.host === host && seed.connectionPool.port === port) {
        seed.nodeId = String(nodeId)
        pool.brokers[nodeId] = seed
        continue
      }
      const connectionPool = await pool.connectionPoolBuilder.build({ host, port, rack })
      pool.brokers[nodeId] = pool.createBroker({
        logger: pool.rootLogger,
        versions: pool.versions,
        connectionPool,
        nodeId: String(nodeId),
      })
    }
    const current = new Set(addresses.map(({ nodeId }) => String(nodeId)))
    for (const [nodeId, broker] of Object.entries(pool.brokers)) {
      if (current.has(nodeId)) continue
      delete pool.brokers[nodeId]
      await broker.disconnect()
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.allSettled(this.#opening.values())
    await this.#cluster.disconnect()
  }

  /** The broker, if it can be asked without waiting. */
  #openBroker(nodeId: number | undefined): Broker | undefined {
    if (nodeId === undefined) return undefined
    const broker = this.#cluster.brokerPool.brokers[nodeId]
    return broker?.connectionPool.pool[COMMAND_CONNECTION]?.isConnected() ? broker : undefined
  }

  #connect(nodeId: number | undefined): Promise<Broker> {
    return this.#openInTurn(nodeId === undefined ? ANY_BROKER : String(nodeId), async () => {
      const { brokerPool } = this.#cluster
      await this.#cluster.connect()
      if (nodeId === undefined) return brokerPool.findConnectedBroker()
      const broker = await brokerPool.findBroker({ nodeId: String(nodeId) })
      await broker.connectionPool.getConnection(COMMAND_CONNECTION)
      return broker
    })
  }

  /** One of the sockets for fetches on which the fewest answers are awaited. */
  async #fetchConnection({ nodeId, connectionPool }: Broker): Promise<Connection> {
    const { pool } = connectionPool
    const candidates = pool.slice(FIRST_FETCH_CONNECTION)
    // None awaits anything while all are being opened: then each has its turn.
    if (this.#fetches++ % 2 === 1) candidates.reverse()
    const [idlest] = candidates.sort((a, b) => awaitedAnswers(a) - awaitedAnswers(b))
    const connection = existing(idlest)
    if (connection.isConnected()) return connection
    receiveInPlace(connection)
    return this.#openInTurn(nodeId, () => connectionPool.getConnection(pool.indexOf(connection)))
  }

  /** Opens one after the other: two opens of a socket at once would leak one. */
  #openInTurn<T>(broker: string, open: () => Promise<T>): Promise<T> {
    const opened = (this.#opening.get(broker) ?? Promise.resolve()).catch(() => {}).then(open)
    this.#opening.set(broker, opened)
    return opened
  }
}

function awaitedAnswers({ requestQueue }: Connection): number {
  return requestQueue.inflight.size
}

function existing(connection: Connection | undefined): Connection {
  if (connection === undefined)
    throw new UnsupportedClientError('kafkajs keeps fewer connections a broker than expected')
  return connection
}

function exchange<T>(connection: Connection, request: ApiRequest<T>, into: Buffer | undefined): Promise<T> {
  const { apiKey, apiName, apiVersion, body } = request
  return new Promise<{ readonly payload: Buffer }>((resolve, reject) => {
    connection.failIfNotConnected()
    const correlationId = connection.nextCorrelationId()
    const header = requestHeader(request, correlationId, connection.clientId)
    if (into !== undefined) lendMemory(connection, correlationId, into)
    connection.requestQueue.push({
      entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => {
        connection.socket.cork()
        connection.socket.write(header)
        for (const part of body) connection.socket.write(part)
        connection.socket.uncork()
      },
    })
  }).then(({ payload }) => decoded(request, payload))
}

function decoded<T>(request: ApiRequest<T>, payload: Buffer): T {
  try {
    return request.decode(payload)
  } catch (cause) {
    throw new TransportError(`a broker's answer to ${request.apiName} v${request.apiVersion} cannot be read`, {
      system: 'kafka',
      cause,
    })
  }
}

function requestHeader(
  { apiKey, apiVersion, body }: ApiRequest<unknown>,
  correlationId: number,
  clientId: string,
): Buffer {
  const name = Buffer.from(clientId)
  const header = Buffer.allocUnsafe(14 + name.length)
  const bodyBytes = body.reduce((sum, part) => sum + part.length, 0)
  header.writeInt32BE(header.length - 4 + bodyBytes, 0)
  header.writeInt16BE(apiKey, 4)
  header.writeInt16BE(apiVersion, 6)
  header.writeInt32BE(correlationId, 8)
  header.writeInt16BE(name.length, 12)
  name.copy(header, 14)
  return header
}

function unsupportedBroker({ apiName, versions, since }: ApiDefinition, broker: Broker): TransportError {
  return new TransportError(
    `broker ${broker.connectionPool.host}:${broker.connectionPool.port} does not speak ${apiName} in version ${versions.join(' or ')}`,
    {
      system: 'kafka',
      reason: 'UNSUPPORTED_VERSION',
      hint: since === undefined ? 'kafkeep needs Kafka 2.4 or newer' : `this needs Kafka ${since} or newer`,
    },
  )
}

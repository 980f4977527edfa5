import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { UnsupportedClientError } from '../errors.js'
import type { ApiVersionRange } from './protocol/api.js'

/**
 * The parts of kafkajs 2.2.4 that kafkeep uses although they are not its public API. kafkajs is frozen (its last
 * release is of 2023) and declared as `~2.2.4`, so these are stable; {@link openCluster} checks them once all the same.
 */

/** An entry of a connection's request queue. */
interface QueuedRequest {
  readonly entry: {
    readonly apiKey: number
    readonly apiName: string
    readonly apiVersion: number
    readonly correlationId: number
    resolve(answer: { readonly payload: Buffer }): void
    reject(error: unknown): void
  }
  readonly expectResponse: boolean
  readonly requestTimeout: number | null
  sendRequest(): void
}

/** What kafkajs asks a socket factory for. */
export interface SocketOptions {
  readonly host: string
  readonly port: number
  /** The host's TLS settings; nothing, or false, without them. */
  readonly ssl: ConnectionOptions | false | null | undefined
  readonly onConnect: () => void
}

/** Opens the socket of a connection. */
export type SocketFactory = (options: SocketOptions) => Socket

/** One socket to a broker. */
export interface Connection {
  readonly clientId: string
  socketFactory: SocketFactory
  /** The host's SASL settings; null without them. */
  readonly sasl: object | null | undefined
  readonly socket: { cork(): void; write(bytes: Uint8Array): boolean; uncork(): void }
  readonly requestQueue: {
    /** Requests whose answers are awaited, by correlation id. */
    readonly inflight: ReadonlyMap<number, unknown>
    push(request: QueuedRequest): void
    fulfillRequest(answer: { readonly correlationId: number; readonly size: number; readonly payload: Buffer }): void
  }
  isConnected(): boolean
  isAuthenticated(): boolean
  authenticate(): Promise<void>
  failIfNotConnected(): void
  nextCorrelationId(): number
}

/** The sockets for one broker. kafkajs keeps two. */
interface ConnectionPool {
  readonly pool: Connection[]
  readonly host: string
  readonly port: number
  readonly rack: string | null
  getConnection(index: number): Promise<Connection>
}

/** Makes the sockets for the broker at `address`, or for any of the host's brokers. None is open yet. */
type BuildConnectionPool = (address?: Pick<ConnectionPool, 'host' | 'port' | 'rack'>) => Promise<ConnectionPool>

/** Which member of a group asks for its part, in which division. */
interface SyncGroupRequest {
  readonly memberId: string
  readonly generationId: number
}

/** A broker of the pool. */
export interface Broker {
  nodeId: string
  readonly connectionPool: ConnectionPool
  readonly versions: Readonly<Record<number, ApiVersionRange>> | null
  isConnected(): boolean
  connect(): Promise<void>
  disconnect(): Promise<void>
  metadata(topics: readonly string[]): Promise<object>
  syncGroup(request: SyncGroupRequest): Promise<{ readonly memberAssignment: Buffer }>
}

/** The brokers that kafkajs knows. */
interface BrokerPool {
  brokers: Record<string, Broker>
  seedBroker: Broker
  readonly versions: Broker['versions']
  readonly rootLogger: object
  connectionPoolBuilder: { readonly build: BuildConnectionPool }
  createBroker(options: object): Broker
  findBroker(options: { readonly nodeId: string }): Promise<Broker>
  findConnectedBroker(): Promise<Broker>
}

/** A connection of a `Kafka` instance to its cluster, with the host's brokers, TLS, SASL and retry settings. */
export interface Cluster {
  readonly brokerPool: BrokerPool
  connect(): Promise<void>
  disconnect(): Promise<void>
}

const CREATE_CLUSTER = 'private:Kafka:createCluster'
const METADATA_MAX_AGE_MS = 300_000

type CreateCluster = (options: object) => unknown

function isCluster(value: unknown): value is Cluster {
  if (typeof value !== 'object' || value === null || !('brokerPool' in value)) return false
  const pool = value.brokerPool
  const poolMethods = ['createBroker', 'findBroker', 'findConnectedBroker']
  return (
    hasFunctions(value, ['connect', 'disconnect']) &&
    hasFunctions(pool, poolMethods) &&
    typeof pool === 'object' &&
    pool !== null &&
    'connectionPoolBuilder' in pool &&
    hasFunctions(pool.connectionPoolBuilder, ['build'])
  )
}

/** Whether `value` is an object with all these methods. */
export function hasFunctions(value: unknown, names: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => name in value && typeof Reflect.get(value, name) === 'function')
  )
}

/**
 * Opens a cluster of its own on the host's `Kafka` instance, which is not changed. Nothing is connected yet.
 *
 * @throws {@link UnsupportedClientError} when `kafka` is not a `Kafka` of kafkajs 2.2.
 */
export function openCluster(kafka: object): Cluster {
  const { createCluster } = clusterFactory(kafka)
  const cluster = checked(
    createCluster({ metadataMaxAge: METADATA_MAX_AGE_MS, allowAutoTopicCreation: false, maxInFlightRequests: null }),
  )
  const { build } = cluster.brokerPool.connectionPoolBuilder
  cluster.brokerPool.connectionPoolBuilder = { build: (address) => withThirdConnection(build, address) }
  return cluster
}

/**
 * A broker reads the next request on a socket once it has sent the whole answer to the one before. So that it can get
 * one answer ready while it sends another, there is a third socket.
 */
async function withThirdConnection(
  build: BuildConnectionPool,
  address: Parameters<BuildConnectionPool>[0],
): Promise<ConnectionPool> {
  const connections = await build(address)
  const [third] = (await build(connections)).pool
  if (third !== undefined) connections.pool.push(third)
  return connections
}

/** The host's `Kafka` as it is, except that `prepare` is called with every cluster that it opens from here. */
export function preparingClusters(kafka: object, prepare: (cluster: Cluster) => void): object {
  const { symbol, createCluster } = clusterFactory(kafka)
  const value = (options: object) => {
    const cluster = checked(createCluster(options))
    prepare(cluster)
    return cluster
  }
  return Object.create(kafka, { [symbol]: { value } })
}

function clusterFactory(kafka: object): { readonly symbol: symbol; readonly createCluster: CreateCluster } {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === CREATE_CLUSTER)
  const createCluster: CreateCluster | undefined = symbol && Reflect.get(kafka, symbol)
  if (symbol === undefined || createCluster === undefined) throw unsupported()
  return { symbol, createCluster }
}

function checked(cluster: unknown): Cluster {
  if (isCluster(cluster)) return cluster
  throw unsupported()
}

/** The error for a `Kafka` that is not one of kafkajs 2.2. */
export function unsupported(): UnsupportedClientError {
  return new UnsupportedClientError('the object handed to KafkaJsTransport is not a Kafka instance of kafkajs 2.2', {
    hint: 'pass `new Kafka({ ... })` from kafkajs, and install it as `kafkajs@~2.2.4`, the version kafkeep knows',
  })
}

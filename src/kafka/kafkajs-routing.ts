import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TopicNotFoundError } from '../errors.js'
import { KafkaJsBrokers } from './kafkajs-brokers.js'
import { isConnectionLoss, transportErrorFrom } from './kafkajs-errors.js'
import { Leaders } from './leaders.js'
import type { ApiDefinition, ApiRequest } from './protocol/api.js'
import { type KafkaErrorName, meansStaleMetadata } from './protocol/error-codes.js'
import { FIND_COORDINATOR, findGroupCoordinatorRequest } from './protocol/find-coordinator.js'
import { METADATA, type MetadataAnswer, metadataRequest } from './protocol/metadata.js'
import { protocolError, retrying } from './retry.js'
import type { TransportCallOptions } from './transport.js'

/** Finds the broker for a request, and decides what an error means: ask again, ask another one, or give up. */
export class KafkaJsRouting {
  readonly #brokers: KafkaJsBrokers
  readonly #leaders = new Leaders()

  constructor(kafka: object) {
    this.#brokers = new KafkaJsBrokers(kafka)
  }

  /** Sends one request to one broker, or to any with `undefined`; nothing is repeated. */
  send<T>(
    nodeId: number | undefined,
    api: ApiDefinition,
    request: (version: number) => ApiRequest<T>,
    options: TransportCallOptions,
  ): Promise<T> {
    return this.#brokers.send(nodeId, api, request, options)
  }

  /** The leader as far as it is known without asking. */
  knownLeader(partition: TopicPartition): number | undefined {
    return this.#leaders.of(partition)
  }

  async close(): Promise<void> {
    this.#leaders.forgetAll()
    await this.#brokers.close()
  }

  /** Describes topics, or all with `undefined`, and learns who leads what. */
  async describe(topics: readonly string[] | undefined, options: TransportCallOptions): Promise<MetadataAnswer> {
    const answer = await this.ask('describe the cluster', METADATA, options, (version) =>
      metadataRequest(version, topics ?? null),
    )
    await this.#brokers.adopt(answer.brokers)
    this.#leaders.learn(answer)
    return answer
  }

  /** A request that any broker can answer. */
  ask<T>(
    doing: string,
    api: ApiDefinition,
    options: TransportCallOptions,
    request: (version: number) => ApiRequest<T>,
  ): Promise<T> {
    return this.retrying(doing, options, () => this.#brokers.send(undefined, api, request, options))
  }

  /** The broker that coordinates a group. */
  async coordinatorOf(groupId: string, options: TransportCallOptions): Promise<number> {
    const request = (version: number) => findGroupCoordinatorRequest(version, groupId)
    const { error, nodeId } = await this.#brokers.send(undefined, FIND_COORDINATOR, request, options)
    this.check(error, `find the coordinator of group ${groupId}`)
    if (!this.#brokers.knows(nodeId)) await this.describe([], options)
    return nodeId
  }

  /** The broker that leads a partition. */
  async leaderOf(partition: TopicPartition, options: TransportCallOptions): Promise<number> {
    const known = this.#leaders.of(partition)
    if (known !== undefined) return known
    const [described] = (await this.describe([partition.topic], options)).topics
    if (described?.error === 'UNKNOWN_TOPIC_OR_PARTITION') throw new TopicNotFoundError(partition.topic)
    const nodeId = this.#leaders.of(partition)
    if (nodeId !== undefined) return nodeId
    throw protocolError('LEADER_NOT_AVAILABLE', `find the leader of ${partitionName(partition)}`)
  }

  /** Partitions by the broker that leads them. */
  async byLeader(
    partitions: readonly TopicPartition[],
    options: TransportCallOptions,
  ): Promise<Map<number, TopicPartition[]>> {
    const byLeader = new Map<number, TopicPartition[]>()
    for (const partition of partitions) {
      const nodeId = await this.leaderOf(partition, options)
      byLeader.set(nodeId, [...(byLeader.get(nodeId) ?? []), partition])
    }
    return byLeader
  }

  /** Throws when a broker answered with an error; what a stale picture caused is asked anew next time. */
  check(error: KafkaErrorName | undefined, doing: string, partition?: TopicPartition): void {
    if (error === undefined) return
    if (partition !== undefined) this.notice(error, partition)
    throw protocolError(error, doing)
  }

  /** Makes the next request ask for the leader anew, where an error says that it may have changed. */
  notice(error: KafkaErrorName | undefined, partition: TopicPartition): void {
    if (error !== undefined && meansStaleMetadata(error)) this.#leaders.forget(partition)
  }

  /** Repeats a call that failed for a passing reason. */
  retrying<T>(doing: string, options: TransportCallOptions, call: () => Promise<T>): Promise<T> {
    return retrying(call, (error) => this.asError(error, doing), options)
  }

  /** What went wrong while a broker was asked to do `doing`. */
  asError(error: unknown, doing: string): Error {
    if (isConnectionLoss(error)) this.#leaders.forgetAll()
    return transportErrorFrom(error, doing)
  }
}

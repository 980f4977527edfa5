import { performance } from 'node:perf_hooks'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { delay } from '../internal/abort.js'
import { isConnectionLoss } from './kafkajs-errors.js'
import type { KafkaJsRouting } from './kafkajs-routing.js'
import type { ApiDefinition, ApiRequest } from './protocol/api.js'
import type { KafkaErrorName } from './protocol/error-codes.js'
import { INIT_PRODUCER_ID, initProducerIdRequest, type TransactionSettings } from './protocol/producer-id.js'
import {
  ADD_PARTITIONS_TO_TXN,
  addPartitionToTxnRequest,
  DESCRIBE_TRANSACTIONS,
  describeTransactionRequest,
  END_TXN,
  endTxnRequest,
} from './protocol/transactions.js'
import { protocolError } from './retry.js'
import type {
  ProducerIdentity,
  TransactionalProducer,
  TransactionDescription,
  TransportCallOptions,
} from './transport.js'

interface Answer {
  readonly error: KafkaErrorName | undefined
}

const OTHER_COORDINATOR: ReadonlySet<string> = new Set(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'])

/** Markers are usually written within a few milliseconds; while brokers fail it takes as long as an election. */
const ENDING_LIMIT_MS = 60_000
const ENDING_WAIT = { firstMs: 1, growth: 1.3, maxMs: 50 }

/**
 * Transactions, as their coordinators see them. Everything here may be said twice, so that it is repeated also when an
 * answer was lost.
 */
export class KafkaJsTransactions {
  readonly #routing: KafkaJsRouting
  /** Coordinators by transactional id: there is a request for every transaction's begin and end. */
  readonly #coordinators = new Map<string, number>()

  constructor(routing: KafkaJsRouting) {
    this.#routing = routing
  }

  async init(transaction: TransactionSettings, options: TransportCallOptions): Promise<ProducerIdentity> {
    const { transactionalId } = transaction
    const doing = `give ${transactionalId} a producer id`
    const request = (version: number) => initProducerIdRequest(version, transaction)
    const ask = () => this.#ask(transactionalId, INIT_PRODUCER_ID, request, options)
    const { producerId, producerEpoch } = await this.#once(doing, options, ask)
    return { producerId, producerEpoch }
  }

  async add(producer: TransactionalProducer, partition: TopicPartition, options: TransportCallOptions): Promise<void> {
    const { transactionalId } = producer
    const doing = `make ${partitionName(partition)} part of the transaction of ${transactionalId}`
    const request = (version: number) => addPartitionToTxnRequest(version, producer, partition)
    await this.#once(doing, options, async () => {
      const answer = await this.#ask(transactionalId, ADD_PARTITIONS_TO_TXN, request, options)
      if (answer.error === 'UNKNOWN_TOPIC_OR_PARTITION') {
        this.#routing.notice(answer.error, partition)
        // Ends in an error that says so when the topic does not exist; the coordinator may only be behind.
        await this.#routing.leaderOf(partition, options)
      }
      return answer
    })
  }

  async end(
    producer: TransactionalProducer,
    outcome: 'commit' | 'abort',
    options: TransportCallOptions,
  ): Promise<void> {
    const { transactionalId } = producer
    const request = (version: number) => endTxnRequest(version, producer, outcome)
    await this.#once(`${outcome} the transaction of ${transactionalId}`, options, () =>
      this.#ask(transactionalId, END_TXN, request, options),
    )
  }

  async describe(transactionalId: string, options: TransportCallOptions): Promise<TransactionDescription | undefined> {
    const doing = `describe the transaction of ${transactionalId}`
    const request = (version: number) => describeTransactionRequest(version, transactionalId)
    return this.#routing.retrying(doing, options, async () => {
      const { error, ...description } = await this.#ask(transactionalId, DESCRIBE_TRANSACTIONS, request, options)
      if (error === 'TRANSACTIONAL_ID_NOT_FOUND') return undefined
      this.#routing.check(error, doing)
      return description
    })
  }

  /** Asks a coordinator once no transaction of the same producer is being ended any more. */
  async #once<A extends Answer>(doing: string, options: TransportCallOptions, ask: () => Promise<A>): Promise<A> {
    const deadline = performance.now() + ENDING_LIMIT_MS
    for (let waitMs = ENDING_WAIT.firstMs; ; waitMs = Math.min(waitMs * ENDING_WAIT.growth, ENDING_WAIT.maxMs)) {
      const answer = await this.#routing.retrying(doing, options, async () => {
        const asked = await ask()
        if (asked.error !== 'CONCURRENT_TRANSACTIONS') this.#routing.check(asked.error, doing)
        return asked
      })
      if (answer.error === undefined) return answer
      if (performance.now() >= deadline) throw protocolError(answer.error, doing)
      await delay(waitMs, options.signal)
    }
  }

  async #ask<A extends Answer>(
    transactionalId: string,
    api: ApiDefinition,
    request: (version: number) => ApiRequest<A>,
    options: TransportCallOptions,
  ): Promise<A> {
    try {
      const coordinator = await this.#coordinatorOf(transactionalId, options)
      const answer = await this.#routing.send(coordinator, api, request, options)
      if (answer.error !== undefined && OTHER_COORDINATOR.has(answer.error)) this.#coordinators.delete(transactionalId)
      return answer
    } catch (error) {
      // Others have taken over, perhaps, what this broker coordinated.
      if (isConnectionLoss(error)) this.#coordinators.clear()
      throw error
    }
  }

  async #coordinatorOf(transactionalId: string, options: TransportCallOptions): Promise<number> {
    const known = this.#coordinators.get(transactionalId)
    if (known !== undefined) return known
    const nodeId = await this.#routing.coordinatorOf({ kind: 'transaction', id: transactionalId }, options)
    this.#coordinators.set(transactionalId, nodeId)
    return nodeId
  }
}

import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import type {
  KafkaTransport,
  ProducerIdentity,
  TransactionalProducer,
  TransactionDescription,
} from '../kafka/transport.js'
import { SpoiledTargetError } from './spoiled-target.js'

/** What the transactions of a partition's restore are replayed with. */
export interface ReplayTarget {
  readonly kafka: KafkaTransport
  readonly partition: TopicPartition
  /** Begins the transactional ids, so that they belong to one topic and to no other of that name. */
  readonly topicId: string
  readonly signal: AbortSignal | undefined
}

type KnownTransaction = TransactionalProducer & { ongoing: boolean }

/** What the transactional ids of all restores begin with. */
export const TRANSACTIONAL_ID_PREFIX = 'kafkeep-restore-'

/** The longest first: what a broker allows is its `transaction.max.timeout.ms`, 15 minutes if nobody has changed it. */
const TIMEOUTS_MS = [86_400_000, 21_600_000, 3_600_000, 900_000, 60_000]
const DESCRIBED_AT_ONCE = 8
const BACKOFF = { firstMs: 5, maxMs: 500 }
/** About 20 seconds. */
const MAX_ATTEMPTS = 50

/**
 * The transactional ids of one partition's restore. Their producers belong to the restore, not to the process: whoever
 * takes it up asks the coordinator for them, and goes on in transactions that are open.
 */
export class ReplayTransactions {
  readonly #target: ReplayTarget
  readonly #known = new Map<number, KnownTransaction>()

  constructor(target: ReplayTarget) {
    this.#target = target
  }

  /** Learns what an earlier attempt has left, once none of its transactions is being ended any more. */
  async recover(): Promise<void> {
    this.#known.clear()
    for (let first = 0; ; first += DESCRIBED_AT_ONCE) {
      const slots = Array.from({ length: DESCRIBED_AT_ONCE }, (_, index) => first + index)
      const found = await Promise.all(slots.map((slot) => this.#describeSettled(slot)))
      for (const [index, description] of found.entries()) {
        if (description === undefined) continue
        this.#known.set(first + index, { ...description, ongoing: description.state === 'ongoing' })
      }
      // Ids are taken into use in the order of their numbers.
      if (found.includes(undefined)) return
    }
  }

  /** Whether the producer is one of this restore's. */
  owns(producerId: bigint): boolean {
    return [...this.#known.values()].some((known) => known.producerId === producerId)
  }

  /** Whether the slot's transaction is open. */
  isOngoing(slot: number): boolean {
    return this.#known.get(slot)?.ongoing === true
  }

  /** Who produces in the slot, if anybody has yet. */
  producerOf(slot: number): TransactionalProducer | undefined {
    return this.#known.get(slot)
  }

  /** The producer of a transaction that has begun. */
  current(slot: number): TransactionalProducer {
    return this.#ongoing(slot)
  }

  #ongoing(slot: number): KnownTransaction {
    const known = this.#known.get(slot)
    if (known?.ongoing === true) return known
    const { partition } = this.#target
    throw new SpoiledTargetError(
      `the cluster has ended a transaction of ${partitionName(partition)} before the restore did`,
      { partition, hint: 'raise `transaction.max.timeout.ms` of the brokers, delete the topic and restore again' },
    )
  }

  /** Begins a transaction, unless it is open already. */
  async begin(slot: number): Promise<TransactionalProducer> {
    const { kafka, partition, signal } = this.#target
    const known = this.#known.get(slot) ?? (await this.#create(slot))
    if (!known.ongoing) await kafka.addToTransaction(known, partition, { signal })
    known.ongoing = true
    return known
  }

  /** Ends a transaction. Its marker is in the log some time later. */
  async end(slot: number, outcome: 'commit' | 'abort'): Promise<void> {
    const { kafka, signal } = this.#target
    const known = this.#ongoing(slot)
    await kafka.endTransaction(known, outcome, { signal })
    known.ongoing = false
  }

  async #create(slot: number): Promise<KnownTransaction> {
    const transactionalId = this.#idOf(slot)
    const known = { transactionalId, ...(await this.#initProducerId(transactionalId)), ongoing: false }
    this.#known.set(slot, known)
    return known
  }

  async #initProducerId(transactionalId: string): Promise<ProducerIdentity> {
    const { kafka, signal } = this.#target
    for (const timeoutMs of TIMEOUTS_MS) {
      try {
        return await kafka.initProducerId({ transaction: { transactionalId, timeoutMs }, signal })
      } catch (error) {
        if (!(error instanceof TransportError && error.reason === 'INVALID_TRANSACTION_TIMEOUT')) throw error
      }
    }
    throw new TransportError('the brokers allow no transaction that lasts a minute', {
      system: 'kafka',
      hint: 'raise `transaction.max.timeout.ms` of the brokers',
    })
  }

  async #describeSettled(slot: number): Promise<TransactionDescription | undefined> {
    const { kafka, partition, signal } = this.#target
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const description = await kafka.describeTransaction(this.#idOf(slot), { signal })
      if (description?.state.startsWith('prepare-') !== true) return description
      await delay(backoffMs(attempt, BACKOFF), signal)
    }
    throw new TransportError(`a transaction of ${partitionName(partition)} does not come to its end`, {
      system: 'kafka',
      retryable: true,
    })
  }

  #idOf(slot: number): string {
    const { topicId, partition } = this.#target
    return `${TRANSACTIONAL_ID_PREFIX}${topicId}-${partition.partition}-${slot}`
  }
}

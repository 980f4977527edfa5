import { partitionName, type TopicPartition } from '../../src/batch/topic-partition.js'
import type { KafkaErrorName } from '../../src/kafka/protocol/error-codes.js'
import { protocolError } from '../../src/kafka/retry.js'
import type {
  ProducerIdentity,
  TransactionalProducer,
  TransactionDescription,
  TransactionState,
} from '../../src/kafka/transport.js'
import type { LogModel } from './log-model.js'

/** What a coordinator knows of a transactional id. */
interface Transactional {
  producerId: bigint
  producerEpoch: number
  state: TransactionState
  readonly partitions: Map<string, TopicPartition>
  /** Writes the markers of a transaction that is decided; set until it has. */
  ending: { callsLeft: number; readonly write: () => void } | undefined
}

/** The longest transaction that brokers allow by default. */
const MAX_TIMEOUT_MS = 900_000

/** What a coordinator needs of the rest of a cluster. */
export interface TransactionWiring {
  readonly newProducerId: () => bigint
  /** `undefined` where there is no such partition. */
  readonly logOf: (partition: TopicPartition) => LogModel | undefined
  /** How many calls after the end of a transaction its markers are in the logs. */
  readonly markersAfterCalls: number
}

/** The coordinator of all transactions of a cluster, as a transport shows it: one that waits while one is being ended. */
export class TransactionModel {
  readonly #wiring: TransactionWiring
  readonly #known = new Map<string, Transactional>()

  constructor(wiring: TransactionWiring) {
    this.#wiring = wiring
  }

  /** Time passes: markers get written. */
  tick(): void {
    for (const { ending } of this.#known.values()) {
      if (ending !== undefined && --ending.callsLeft <= 0) ending.write()
    }
  }

  init(transactionalId: string, timeoutMs: number): ProducerIdentity {
    if (timeoutMs <= 0 || timeoutMs > MAX_TIMEOUT_MS) throw protocolError('INVALID_TRANSACTION_TIMEOUT', 'begin')
    const known = this.#known.get(transactionalId)
    if (known === undefined) {
      const producerId = this.#wiring.newProducerId()
      const fresh = { state: 'empty', partitions: new Map(), ending: undefined } as const
      this.#known.set(transactionalId, { producerId, producerEpoch: 0, ...fresh })
      return { producerId, producerEpoch: 0 }
    }
    this.expire(transactionalId)
    known.ending?.write()
    known.producerEpoch++
    known.state = 'empty'
    return { producerId: known.producerId, producerEpoch: known.producerEpoch }
  }

  add(producer: TransactionalProducer, partition: TopicPartition): void {
    const known = this.#current(producer)
    known.ending?.write()
    known.state = 'ongoing'
    known.partitions.set(partitionName(partition), partition)
  }

  end(producer: TransactionalProducer, outcome: 'commit' | 'abort'): void {
    const known = this.#current(producer)
    if (known.state === `prepare-${outcome}`) known.ending?.write()
    if (known.state === `complete-${outcome}`) return
    if (known.state !== 'ongoing') throw protocolError('INVALID_TXN_STATE', `${outcome} a transaction`)
    this.#decide(known, outcome)
  }

  describe(transactionalId: string): TransactionDescription | undefined {
    const known = this.#known.get(transactionalId)
    if (known === undefined) return undefined
    const { producerId, producerEpoch, state } = known
    return { transactionalId, producerId, producerEpoch, state }
  }

  /** Aborts an open transaction and fences its producer, as a coordinator does that has waited for too long. */
  expire(transactionalId: string): void {
    const known = this.#known.get(transactionalId)
    if (known?.state !== 'ongoing') return
    known.producerEpoch++
    this.#decide(known, 'abort')
  }

  /** Why a transactional batch must not begin a transaction in a partition. */
  refusal(
    transactionalId: string,
    partition: TopicPartition,
    { producerId, producerEpoch }: ProducerIdentity,
  ): KafkaErrorName | undefined {
    const known = this.#known.get(transactionalId)
    if (known?.producerId !== producerId) return 'INVALID_PRODUCER_ID_MAPPING'
    if (known.producerEpoch !== producerEpoch) return 'INVALID_PRODUCER_EPOCH'
    const isPart = known.state === 'ongoing' && known.partitions.has(partitionName(partition))
    return isPart ? undefined : 'INVALID_TXN_STATE'
  }

  #current({ transactionalId, producerId, producerEpoch }: TransactionalProducer): Transactional {
    const known = this.#known.get(transactionalId)
    if (known?.producerId !== producerId) throw protocolError('INVALID_PRODUCER_ID_MAPPING', 'go on')
    if (known.producerEpoch !== producerEpoch) throw protocolError('PRODUCER_FENCED', 'go on')
    return known
  }

  #decide(known: Transactional, outcome: 'commit' | 'abort'): void {
    known.state = `prepare-${outcome}`
    const { producerId, producerEpoch } = known
    const write = () => {
      known.ending = undefined
      known.state = `complete-${outcome}`
      for (const partition of known.partitions.values()) {
        this.#wiring.logOf(partition)?.endTransaction(outcome, { producerId, producerEpoch })
      }
      known.partitions.clear()
    }
    if (this.#wiring.markersAfterCalls === 0) write()
    else known.ending = { callsLeft: this.#wiring.markersAfterCalls, write }
  }
}

import { groupByTopic, type TopicPartition } from '../../batch/topic-partition.js'
import type { TransactionalProducer, TransactionDescription, TransactionState } from '../transport.js'
import { type ApiRequest, apiRequest } from './api.js'
import { errorName, type KafkaErrorName } from './error-codes.js'
import type { WireWriter } from './wire.js'

/** AddPartitionsToTxn. Version 2 (Kafka 2.7) tells fenced producers as such; 3 is flexible, 4 is for brokers. */
export const ADD_PARTITIONS_TO_TXN = {
  apiKey: 24,
  apiName: 'AddPartitionsToTxn',
  versions: [1, 2],
  flexibleFrom: 3,
} as const
/** EndTxn. Version 2 (Kafka 2.7) tells fenced producers as such; 3 is flexible, 5 changes the producer's epoch. */
export const END_TXN = { apiKey: 26, apiName: 'EndTxn', versions: [1, 2], flexibleFrom: 3 } as const
/** DescribeTransactions (KIP-664). */
export const DESCRIBE_TRANSACTIONS = {
  apiKey: 65,
  apiName: 'DescribeTransactions',
  versions: [0],
  flexibleFrom: 0,
  since: '3.0',
} as const

/** What a coordinator answered. */
interface CoordinatorAnswer {
  readonly error: KafkaErrorName | undefined
}

const STATES: Readonly<Record<string, TransactionState>> = {
  Empty: 'empty',
  Ongoing: 'ongoing',
  PrepareCommit: 'prepare-commit',
  PrepareAbort: 'prepare-abort',
  CompleteCommit: 'complete-commit',
  CompleteAbort: 'complete-abort',
  Dead: 'dead',
  PrepareEpochFence: 'prepare-epoch-fence',
}

function writeProducer(writer: WireWriter, { transactionalId, producerId, producerEpoch }: TransactionalProducer) {
  return writer.string(transactionalId).int64(producerId).int16(producerEpoch)
}

/** Makes a partition part of a producer's transaction. */
export function addPartitionToTxnRequest(
  version: number,
  producer: TransactionalProducer,
  partition: TopicPartition,
): ApiRequest<CoordinatorAnswer> {
  return apiRequest(
    ADD_PARTITIONS_TO_TXN,
    version,
    (writer) => {
      writeProducer(writer, producer).array(groupByTopic([partition]), ([topic, numbers]) => {
        writer.string(topic).array(numbers, (number) => writer.int32(number))
      })
    },
    (reader) => {
      reader.int32()
      const [answer] = reader
        .array(() => {
          reader.string()
          return reader.array(() => {
            reader.int32()
            return { error: errorName(reader.int16()) }
          })
        })
        .flat()
      if (answer === undefined) throw new RangeError('an AddPartitionsToTxn response names no partition')
      return answer
    },
  )
}

/** Commits or aborts a producer's transaction. */
export function endTxnRequest(
  version: number,
  producer: TransactionalProducer,
  outcome: 'commit' | 'abort',
): ApiRequest<CoordinatorAnswer> {
  return apiRequest(
    END_TXN,
    version,
    (writer) => {
      writeProducer(writer, producer).boolean(outcome === 'commit')
    },
    (reader) => {
      reader.int32()
      return { error: errorName(reader.int16()) }
    },
  )
}

/** Asks what the coordinator knows of a transactional id. */
export function describeTransactionRequest(
  version: number,
  transactionalId: string,
): ApiRequest<CoordinatorAnswer & TransactionDescription> {
  return apiRequest(
    DESCRIBE_TRANSACTIONS,
    version,
    (writer) => {
      writer.array([transactionalId], (id) => writer.string(id)).end()
    },
    (reader) => {
      reader.int32()
      const [answer] = reader.array(() => {
        const error = errorName(reader.int16())
        reader.string()
        const state = STATES[reader.string()] ?? 'unknown'
        reader.int32()
        reader.int64()
        const producerId = reader.int64()
        const producerEpoch = reader.int16()
        reader.array(() => {
          reader.string()
          reader.array(() => reader.int32())
          reader.end()
        })
        reader.end()
        return { error, transactionalId, state, producerId, producerEpoch }
      })
      reader.end()
      if (answer === undefined) throw new RangeError('a DescribeTransactions response names no transactional id')
      return answer
    },
  )
}

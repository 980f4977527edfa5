import { Kafka, logLevel, type Producer } from 'kafkajs'
import type { KafkaTransport } from 'kafkeep'
import { createTopic, type FilledTopic } from '../topics/fill-topic.js'
import { MARKERS, type RestoreWorkload } from './workloads.js'

const PRODUCERS = 4
/** Every so manieth transaction is aborted. */
const ABORTED_EVERY = 10
/** Brokers answer the end of a transaction before it has ended: the next one has to wait a moment. */
const RETRY = { initialRetryTime: 5, maxRetryTime: 100, retries: 100 }

/** Fills a topic with transactions of a few producers at once; each one has a record in every partition. */
export async function fillWithTransactions(
  kafka: KafkaTransport,
  brokers: readonly string[],
  workload: RestoreWorkload,
): Promise<Pick<FilledTopic, 'brokers' | 'topic'>> {
  const { name: topic, partitions, valueBytes } = workload
  await createTopic(kafka, workload)
  const client = new Kafka({
    clientId: 'kafkeep-bench',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: RETRY,
  })
  const messages = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    value: Buffer.alloc(valueBytes, 'v'),
  }))
  let open = Math.ceil(MARKERS / partitions)
  await Promise.all(
    Array.from({ length: PRODUCERS }, (_, index) =>
      withProducer(client, `kafkeep-bench-${index}`, async (producer) => {
        while (open > 0) {
          const number = open--
          const transaction = await producer.transaction()
          await transaction.send({ topic, messages })
          if (number % ABORTED_EVERY === 0) await transaction.abort()
          else await transaction.commit()
        }
      }),
    ),
  )
  return { brokers: brokers.join(','), topic }
}

async function withProducer(
  client: Kafka,
  transactionalId: string,
  use: (producer: Producer) => Promise<void>,
): Promise<void> {
  const producer = client.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  try {
    await use(producer)
  } finally {
    await producer.disconnect()
  }
}

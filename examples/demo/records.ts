import type { Kafka } from 'kafkajs'
import type { Company } from './company.js'

/** The topic of the blog post. */
export const TOPIC = 'example-topic'
export const RECORDS = 5_000

const CITIES = ['Berlin', 'Dublin', 'Helsinki', 'Lisbon', 'Zürich']
const RECORDS_A_REQUEST = 250

/** Produces orders: keyed, as JSON, with headers, compressed like those of an ordinary service. */
export async function produceOrders(client: Kafka, onProduced: (records: number) => void): Promise<void> {
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  try {
    for (let first = 0; first < RECORDS; first += RECORDS_A_REQUEST) {
      const messages = Array.from({ length: RECORDS_A_REQUEST }, (_, index) => order(first + index))
      await producer.send({ topic: TOPIC, messages, acks: -1, compression: 1 })
      onProduced(first + messages.length)
    }
  } finally {
    await producer.disconnect()
  }
}

function order(number: number) {
  const value = {
    order: number,
    city: CITIES[number % CITIES.length],
    cents: (number * 7919) % 100_000,
    placed: new Date(Date.UTC(2026, 10, 1) + number * 60_000).toISOString(),
  }
  return {
    key: `customer-${number % 400}`,
    value: JSON.stringify(value),
    headers: { 'content-type': 'application/json', 'trace-id': number.toString(16).padStart(16, '0') },
  }
}

/** Everything in the topic as Kafka's own console consumer prints it: partition, offset, time, headers, key, value. */
export async function readWithConsole(company: Company, records: number): Promise<string[]> {
  const printed = ['partition', 'offset', 'timestamp', 'headers', 'key'].flatMap((field) => [
    '--property',
    `print.${field}=true`,
  ])
  const args = ['--topic', TOPIC, '--from-beginning', '--max-messages', String(records), ...printed]
  const output = await company.tool('console-consumer', args)
  return output
    .split('\n')
    .filter((line) => line !== '')
    .sort()
}

/** Reads `records` records as a member of `group` and commits where it stopped. */
export async function consumeAs(company: Company, group: string, records: number): Promise<string[]> {
  const output = await company.tool('console-consumer', [
    ...['--topic', TOPIC, '--group', group, '--max-messages', String(records)],
    ...['--consumer-property', 'auto.offset.reset=earliest', '--timeout-ms', '30000'],
  ])
  return output.split('\n').filter((line) => line !== '')
}

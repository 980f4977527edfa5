import type { KafkaTransport } from 'kafkeep'
import type { TopicPartition } from '../../src/batch/topic-partition.js'
import { type Template, templatesOf } from './templates.js'
import type { Workload } from './workload.js'

/** A topic with what is in it. */
export interface FilledTopic {
  readonly workload: Workload
  readonly brokers: string
  readonly topic: string
  readonly records: number
  /** Record batches as they are in the log. */
  readonly bytes: number
  /** The same without compression. */
  readonly logicalBytes: number
}

/** Kafka keeps the order of up to five requests. */
const REQUESTS_IN_FLIGHT = 5

/** Creates the topic of a workload and fills it, all partitions alike. `prepare` is told of its partitions before. */
export async function fillTopic(
  kafka: KafkaTransport,
  brokers: string,
  workload: Workload,
  prepare: (places: readonly TopicPartition[]) => Promise<void> = async () => {},
): Promise<FilledTopic> {
  const places = await createTopic(kafka, workload)
  await prepare(places)
  const templates = templatesOf(workload)
  const sent = (await Promise.all(places.map((place) => fill(kafka, place, templates, workload)))).flat()
  return {
    workload,
    brokers,
    topic: workload.name,
    records: sent.length * workload.recordsPerBatch,
    bytes: sent.reduce((sum, { batch }) => sum + batch.length, 0),
    logicalBytes: sent.reduce((sum, { logicalBytes }) => sum + logicalBytes, 0),
  }
}

/** Creates the topic of a workload, and answers its partitions once all have a leader that leads. */
export async function createTopic(
  kafka: KafkaTransport,
  { name: topic, partitions }: Pick<Workload, 'name' | 'partitions'>,
): Promise<readonly TopicPartition[]> {
  await kafka.createTopic({ topic, partitions, replicationFactor: 1, configs: {} })
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  // Repeated until all leaders lead.
  await kafka.listOffsets('earliest', places)
  return places
}

/** Appends batches, which are on their way several at a time. */
export async function append(kafka: KafkaTransport, place: TopicPartition, batches: Iterable<Buffer>): Promise<void> {
  const sending: Promise<void>[] = []
  for (const batch of batches) {
    sending.push(send(kafka, place, batch))
    if (sending.length >= REQUESTS_IN_FLIGHT) await sending.shift()
  }
  await Promise.all(sending)
}

/** Fills one partition, and answers what was sent. */
async function fill(
  kafka: KafkaTransport,
  place: TopicPartition,
  templates: readonly Template[],
  { partitions, recordsPerBatch, valueBytes, totalBytes }: Workload,
): Promise<readonly Template[]> {
  const count = Math.max(1, Math.round(totalBytes / partitions / recordsPerBatch / valueBytes))
  const chosen = Array.from({ length: count }, (_, index) => templates[(index + place.partition) % templates.length])
  const sent = chosen.filter((template) => template !== undefined)
  await append(
    kafka,
    place,
    sent.map(({ batch }) => batch),
  )
  return sent
}

async function send(kafka: KafkaTransport, place: TopicPartition, batch: Buffer): Promise<void> {
  const { error } = await kafka.produce(place, batch)
  if (error !== undefined) throw new Error(`the bench cannot produce to ${place.topic}-${place.partition}: ${error}`)
}

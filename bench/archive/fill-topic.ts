import type { KafkaTransport } from 'kafkeep'
import { writeBatch } from '../../src/batch/write-batch.js'
import { randomText } from './random-text.js'
import type { Workload } from './workloads.js'

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

interface Template {
  readonly batch: Buffer
  readonly logicalBytes: number
}

/** Batches are taken in turn from so many, which is more than zstd or a cache could make use of. */
const TEMPLATES = 40
/** Kafka keeps the order of up to five requests. */
const REQUESTS_IN_FLIGHT = 5

/** Creates the topic of a workload and fills it, all partitions alike. */
export async function fillTopic(kafka: KafkaTransport, brokers: string, workload: Workload): Promise<FilledTopic> {
  const { name: topic, partitions, recordsPerBatch, valueBytes, totalBytes } = workload
  await kafka.createTopic({ topic, partitions, replicationFactor: 1, configs: {} })
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  // Repeated until all leaders lead.
  await kafka.listOffsets('earliest', all)
  const templates = templatesOf(workload)
  const batchesEach = Math.max(1, Math.round(totalBytes / partitions / recordsPerBatch / valueBytes))
  let bytes = 0
  let logicalBytes = 0
  await Promise.all(
    all.map(async (place) => {
      const sending: Promise<void>[] = []
      for (let index = 0; index < batchesEach; index++) {
        const template = templates[(index + place.partition) % templates.length]
        if (template === undefined) throw new RangeError('there is no batch to send')
        bytes += template.batch.length
        logicalBytes += template.logicalBytes
        sending.push(send(kafka, place, template.batch))
        if (sending.length >= REQUESTS_IN_FLIGHT) await sending.shift()
      }
      await Promise.all(sending)
    }),
  )
  return { workload, brokers, topic, records: partitions * batchesEach * recordsPerBatch, bytes, logicalBytes }
}

async function send(kafka: KafkaTransport, place: { topic: string; partition: number }, batch: Buffer): Promise<void> {
  const { error } = await kafka.produce(place, batch)
  if (error !== undefined) throw new Error(`the bench cannot produce to ${place.topic}-${place.partition}: ${error}`)
}

function templatesOf({ recordsPerBatch, valueBytes, compression }: Workload): Template[] {
  const text = randomText()
  return Array.from({ length: TEMPLATES }, (_, template) => {
    const records = Array.from({ length: recordsPerBatch }, (_, index) => ({
      offset: BigInt(index),
      timestampMs: 1_700_000_000_000n + BigInt(index),
      key: null,
      value: jsonOf(valueBytes, template * recordsPerBatch + index, text),
      headers: [],
    }))
    return { batch: writeBatch(records, { compression }), logicalBytes: writeBatch(records).length }
  })
}

function jsonOf(bytes: number, id: number, text: (length: number) => string): Buffer {
  const head = `{"id":${id},"text":"`
  return Buffer.from(`${head}${text(bytes - head.length - 2)}"}`)
}

import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaTransport } from 'kafkeep'
import type { KafkaService } from '../../test/services/service.js'
import { asAdmin } from '../cluster.js'

/** Where each partition of a topic begins and ends. */
export interface TopicOffsets {
  readonly starts: readonly bigint[]
  readonly ends: readonly bigint[]
}

/** The broker deletes what it is told to after so long. */
export const DELETE_DELAY_MS = 500
const DELETE_LIMIT_MS = 60_000

/** Asks for the first and last offsets of all partitions. */
export async function topicOffsets(kafka: KafkaTransport, topic: string): Promise<TopicOffsets> {
  const [described] = (await kafka.metadata([topic])).topics
  const places = (described?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
  const starts = await kafka.listOffsets('earliest', places)
  return { starts, ends: await kafka.listOffsets('high-watermark', places) }
}

/** Deletes a topic, and waits until its files are gone, so that their end falls into nobody's run. */
export async function deleteTopic({ brokers, partitionsDirectory }: KafkaService, topic: string): Promise<void> {
  await asAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }))
  const startedMs = performance.now()
  // While they are being deleted their names begin in the same way, and go on behind a dot.
  const folders = new RegExp(`^${topic}-\\d+(\\.|$)`)
  while ((await readdir(partitionsDirectory)).some((name) => folders.test(name))) {
    if (performance.now() - startedMs > DELETE_LIMIT_MS) throw new Error(`the broker does not delete topic ${topic}`)
    await sleep(DELETE_DELAY_MS)
  }
}

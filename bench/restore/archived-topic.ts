import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileSystemStorage, type KafkaTransport, TopicArchiver } from 'kafkeep'
import type { KafkaService } from '../../test/services/service.js'
import { deleteDirectory, watchedDirectory } from '../../test/services/watched-directory.js'
import { transportOf } from '../cluster.js'
import { tell } from '../tell.js'
import { type FilledTopic, fillTopic } from '../topics/fill-topic.js'
import { fillLate } from './fill-late.js'
import { fillWithTransactions } from './fill-with-transactions.js'
import { deleteTopic, type TopicOffsets, topicOffsets } from './target-topic.js'
import type { RestoreWorkload } from './workloads.js'

/** A topic that is no longer in the cluster, but in an archive. The archive is deleted with it. */
export interface ArchivedTopic extends FilledTopic, AsyncDisposable {
  readonly workload: RestoreWorkload
  readonly broker: KafkaService
  /** Where the archive is. */
  readonly directory: string
  /** Where the topic began and ended. */
  readonly offsets: TopicOffsets
}

/** Fills the topic of a workload, archives it and deletes it. */
export async function archivedTopic(broker: KafkaService, workload: RestoreWorkload): Promise<ArchivedTopic> {
  const directory = await watchedDirectory(join(tmpdir(), 'kafkeep-bench-restore-'))
  await using kafka = transportOf(broker.brokers)
  tell(`filling topic ${workload.name}`)
  const topic = await filled(kafka, broker.brokers, workload)
  tell(`archiving topic ${workload.name}`)
  const storage = new FileSystemStorage({ directory })
  const summary = await new TopicArchiver({ kafka, storage }).run({ topics: [workload.name], groups: false })
  if (!summary.complete) throw new Error(`topic ${workload.name} was not archived as a whole`)
  const offsets = await topicOffsets(kafka, workload.name)
  await deleteTopic(broker, workload.name)
  const size = { records: Number(summary.records), bytes: Number(summary.bytes) }
  const dispose = () => deleteDirectory(directory)
  return {
    logicalBytes: size.bytes,
    ...topic,
    ...size,
    workload,
    broker,
    directory,
    offsets,
    [Symbol.asyncDispose]: dispose,
  }
}

/** What the topic is without compression only those know who have filled it. */
async function filled(
  kafka: KafkaTransport,
  brokers: readonly string[],
  workload: RestoreWorkload,
): Promise<Pick<FilledTopic, 'brokers' | 'topic'> & Partial<FilledTopic>> {
  if (workload.content === 'late-records') return fillLate(kafka, brokers, workload)
  if (workload.content === 'transactions') return fillWithTransactions(kafka, brokers, workload)
  return fillTopic(kafka, brokers.join(','), workload)
}

import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { javaArguments, javaExecutable } from '../../test/services/java.js'
import { deleteDirectory, watchedDirectory } from '../../test/services/watched-directory.js'
import { transportOf } from '../cluster.js'
import type { Candidate } from '../rounds.js'
import { type ProcessCost, timed } from '../timed-process.js'
import { createTopic } from '../topics/fill-topic.js'
import { templatesOf } from '../topics/templates.js'
import type { ArchivedTopic } from './archived-topic.js'
import { deleteTopic, type TopicOffsets, topicOffsets } from './target-topic.js'

/** What is compared. */
export type CandidateId = 'kafkeep' | 'perf-test'

/** One way to write a whole topic. */
export type RestoreCandidate = Candidate<CandidateId, ArchivedTopic>

const PROGRAM = fileURLToPath(new URL('./restore-program.mjs', import.meta.url))

/** kafkeep with its default options, from a folder. */
export function kafkeep(): RestoreCandidate {
  return {
    id: 'kafkeep',
    name: 'kafkeep from files',
    async run(source) {
      const target = `restored-${randomUUID()}`
      const { brokers, directory, topic, workload } = source
      const order = { brokers, directory, topic, target, offsets: workload.offsets }
      const { stdout, ...cost } = await timed(process.execPath, [PROGRAM, JSON.stringify(order)])
      if (stdout.toString() !== JSON.stringify({ complete: true })) throw new Error(`kafkeep has restored ${stdout}`)
      await expectOffsets(source, target, (offsets) => isDeepStrictEqual(offsets, source.offsets))
      return cost
    },
  }
}

const HEAP_MEGABYTES = 512
/** The settings of Kafka's own scripts, where they are not the JVM's own. */
const SCRIPT_FLAGS = [
  ...['-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:InitiatingHeapOccupancyPercent=35'],
  ...['-XX:+ExplicitGCInvokesConcurrent', '-XX:MaxInlineLevel=15'],
]

/** Kafka's own producer as its own bench runs it: it writes the same records in any order, from memory. */
export function producerPerfTest(): RestoreCandidate {
  return {
    id: 'perf-test',
    name: 'kafka-producer-perf-test from memory',
    async run(source) {
      const target = `written-${randomUUID()}`
      {
        await using kafka = transportOf(source.broker.brokers)
        await createTopic(kafka, { name: target, partitions: source.workload.partitions })
      }
      const cost = await write(source, target)
      await expectOffsets(source, target, ({ ends }) => Number(ends.reduce((sum, end) => sum + end)) === source.records)
      return cost
    },
  }
}

async function write({ brokers, workload, records }: ArchivedTopic, target: string): Promise<ProcessCost> {
  const templates = templatesOf(workload)
  const batchBytes = Math.max(...templates.map(({ batch }) => batch.length))
  const folder = await watchedDirectory(join(tmpdir(), 'kafkeep-bench-payload-'))
  try {
    const payload = join(folder, 'payload')
    await writeFile(payload, templates.flatMap(({ values }) => values).join('\n'))
    const job = ['--bootstrap-server', brokers, '--topic', target, '--num-records', String(records)]
    const properties = ['acks=all', `batch.size=${batchBytes}`, `compression.type=${workload.compression}`]
    const args = await javaArguments({
      jars: 'kafka4',
      mainClass: 'org.apache.kafka.tools.ProducerPerformance',
      args: [...job, '--payload-file', payload, '--throughput', '-1', '--command-property', ...properties],
      heapMegabytes: HEAP_MEGABYTES,
      flags: SCRIPT_FLAGS,
      logs: 'tool',
    })
    const { stdout, ...cost } = await timed(javaExecutable(), args)
    return cost
  } finally {
    await deleteDirectory(folder)
  }
}

/** Looks at what was written, and deletes it. @throws Error when it is not all. */
async function expectOffsets(
  { broker }: ArchivedTopic,
  target: string,
  isWhole: (offsets: TopicOffsets) => boolean,
): Promise<void> {
  await using kafka = transportOf(broker.brokers)
  const offsets = await topicOffsets(kafka, target)
  if (!isWhole(offsets))
    throw new Error(
      `not everything was written to ${target}, which begins at ${offsets.starts} and ends at ${offsets.ends}`,
    )
  await deleteTopic(broker, target)
}

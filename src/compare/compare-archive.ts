import { requireArchive } from '../archive/archive-marker.js'
import { type Checkpoint, type CheckpointTopic, readCheckpoint, topicsIn } from '../archive/checkpoint.js'
import type { Finding } from '../archive/finding.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { merge } from '../internal/merge.js'
import { protocolError } from '../kafka/retry.js'
import { WorkDone } from '../progress.js'
import { renamed } from '../restore/rename.js'
import type { CompareJob } from './compare-options.js'
import { type CompareContext, comparePartition, type PartitionPair } from './compare-partition.js'
import { correspondenceOf } from './correspondence.js'

const PARTITIONS_AT_ONCE = 4

/** Where live topics differ from what is archived of them, as it is found. */
export async function* compareArchive(source: SegmentSource, job: CompareJob): AsyncGenerator<Finding, void, void> {
  const { kafka, signal } = job
  await requireArchive(source.storage, { signal })
  const checkpoint = await readCheckpoint(source.storage, job.checkpoint ?? 'latest', { signal })
  const progress = new WorkDone(job.onProgress)
  for (const topic of topicsIn(checkpoint, job.topics)) {
    const queue: PartitionPair[] = []
    const finding = await addPairs(source, job, checkpoint, topic, queue)
    if (finding !== undefined) yield finding
    const context = { kafka, source, progress, signal }
    const workers = Array.from({ length: Math.min(PARTITIONS_AT_ONCE, queue.length) }, () => work(queue, context))
    yield* merge(workers)
  }
  progress.finish()
}

async function* work(queue: PartitionPair[], context: CompareContext): AsyncGenerator<Finding, void, void> {
  for (let pair = queue.shift(); pair !== undefined; pair = queue.shift()) yield* comparePartition(context, pair)
}

/** Queues the partitions of a topic; answers what is wrong where there is none in the cluster. */
async function addPairs(
  source: SegmentSource,
  { kafka, rename, state = source.storage, checkpoint: chosen, signal }: CompareJob,
  checkpoint: Checkpoint & { readonly id: string },
  topic: CheckpointTopic,
  queue: PartitionPair[],
): Promise<Finding | undefined> {
  const name = renamed(rename, topic.topic)
  const { clusterId, topics } = await kafka.metadata([name], { signal })
  const [live] = topics
  if (live === undefined || live.error === 'UNKNOWN_TOPIC_OR_PARTITION') return withoutTopic(topic, name)
  if (live.error !== undefined) throw protocolError(live.error, `describe topic ${name}`)
  const question = { kafka, source, state, checkpoint, chosen: chosen !== undefined, signal }
  const { pair, correspondence } = await correspondenceOf(question, topic, { live, clusterId })
  for (const [index, chain] of pair.chains.entries()) queue.push({ topics: pair, correspondence, chain, index })
  return undefined
}

function withoutTopic({ topic }: CheckpointTopic, name: string): Finding {
  return {
    ...{ kind: 'missing', topic: name },
    text: `the cluster has no topic ${name}${name === topic ? '' : `, which ${topic} is to be compared with`}`,
    hint: 'name it with `rename`, or restore it',
  }
}

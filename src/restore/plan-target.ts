import type { CheckpointTopic } from '../archive/checkpoint.js'
import { TransportError } from '../errors.js'
import { protocolError, retrying } from '../kafka/retry.js'
import type { KafkaTransport, TopicMetadata } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import type { OffsetMode } from './events.js'
import type { RestoreProblem } from './plan.js'
import { type RestoreRecord, readRestoreRecord } from './restore-record.js'
import { acceptedConfigs, topicLevelConfigs } from './target-configs.js'

/** What a restore would find or create in the target cluster. */
export interface TargetPlan {
  readonly create: boolean
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
  /** First offset that will be written, by partition. */
  readonly targetFrom: readonly bigint[]
  /** What an earlier run of the same restore has pinned. */
  readonly pinned: RestoreRecord | undefined
  readonly problems: readonly RestoreProblem[]
  readonly remarks: readonly string[]
}

/** What decides about a target besides the target itself. */
export interface TargetQuestion {
  readonly kafka: KafkaTransport
  /** Where restore records are. */
  readonly state: ArchiveStorage
  readonly source: CheckpointTopic
  readonly target: string
  /** Digest of everything that decides which batches are produced. */
  readonly digest: string
  /** How offsets are to come back. */
  readonly offsets: 'auto' | OffsetMode
  readonly configs: Readonly<Record<string, string>> | false
  readonly replicationFactor: number | undefined
  readonly signal: AbortSignal | undefined
}

/** Looks at the target topic, or checks whether it could be created. Nothing is written. */
export async function planTarget(question: TargetQuestion): Promise<TargetPlan> {
  const { kafka, source, target, signal } = question
  return retrying(
    async () => {
      const { clusterId, brokerIds, topics } = await kafka.metadata([target], { signal })
      const [described] = topics
      const replicationFactor = question.replicationFactor ?? Math.min(source.replicationFactor, brokerIds.length)
      if (described === undefined || described.error === 'UNKNOWN_TOPIC_OR_PARTITION') {
        return planCreation(question, replicationFactor)
      }
      if (described.error !== undefined) throw protocolError(described.error, `describe topic ${target}`)
      return { ...(await planUse(question, clusterId, described)), replicationFactor }
    },
    asPassing,
    { signal },
  )
}

/** A cluster that has just started may refuse to create a topic that it does not show yet. */
function asPassing(error: unknown): Error & { readonly retryable?: boolean } {
  if (error instanceof TransportError && error.reason === 'TOPIC_ALREADY_EXISTS') {
    return new TransportError(error.message, { system: 'kafka', reason: error.reason, retryable: true, cause: error })
  }
  return error instanceof Error ? error : new Error(String(error))
}

async function planCreation(question: TargetQuestion, replicationFactor: number): Promise<TargetPlan> {
  const { kafka, source, target, signal } = question
  const wanted = question.configs === false ? {} : { ...topicLevelConfigs(source.configs), ...question.configs }
  const partitions = source.partitions.length
  const newTopic = { topic: target, partitions, replicationFactor, configs: wanted }
  const { configs, remarks } = await acceptedConfigs(kafka, newTopic, { signal })
  const targetFrom = source.partitions.map(() => 0n)
  return { create: true, partitions, replicationFactor, configs, targetFrom, pinned: undefined, problems: [], remarks }
}

async function planUse(
  { kafka, state, source, target, digest, offsets, signal }: TargetQuestion,
  clusterId: string,
  existing: TopicMetadata,
): Promise<Omit<TargetPlan, 'replicationFactor'>> {
  const partitions = existing.partitions.length
  const use = { create: false, partitions, configs: {}, pinned: undefined, remarks: [] } as const
  if (partitions !== source.partitions.length) {
    const text = `${target} exists with ${partitions} partitions, the archive has ${source.partitions.length}`
    return { ...use, targetFrom: [], problems: [{ code: 'PARTITION_COUNT', text }] }
  }
  const topicId = existing.topicId ?? `-${clusterId}`
  const pinned = await readRestoreRecord(state, { clusterId, topicId }, { signal })
  const sameOffsets = offsets === 'auto' || offsets === pinned?.offsets
  if (pinned?.digest === digest && sameOffsets) return { ...use, pinned, targetFrom: pinned.targetFrom, problems: [] }
  if (pinned !== undefined) {
    const text = `${target} was the target of another restore (of ${pinned.source}, checkpoint ${pinned.checkpoint}): delete the topic, or repeat that restore`
    return { ...use, targetFrom: [], problems: [{ code: 'OTHER_RESTORE', text }] }
  }
  const places = existing.partitions.map(({ partition }) => ({ topic: target, partition }))
  const starts = await kafka.listOffsets('earliest', places, { signal })
  const ends = await kafka.listOffsets('high-watermark', places, { signal })
  const records = ends.reduce((sum, end, index) => sum + end - (starts[index] ?? 0n), 0n)
  if (records === 0n) return { ...use, targetFrom: ends, problems: [] }
  const text = `${target} exists and holds ${records} records: delete it, or restore under another name with \`rename\``
  return { ...use, targetFrom: ends, problems: [{ code: 'TARGET_NOT_EMPTY', text }] }
}

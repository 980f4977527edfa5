import type { CheckpointTopic } from '../archive/checkpoint.js'
import type { Hole } from '../archive/finding.js'
import { archivedTopicId } from '../archive/names.js'
import { TransportError } from '../errors.js'
import { protocolError, retrying } from '../kafka/retry.js'
import type { KafkaTransport, TopicMetadata } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import type { RestoreProblem } from './plan.js'
import type { TargetOptions } from './restore-options.js'
import { type RestoreRecord, readRestoreRecord } from './restore-record.js'
import { readSkippedHoles } from './skipped-holes.js'
import { acceptedConfigs, topicLevelConfigs } from './target-configs.js'
import { mayDeleteRecords, rightsProblems } from './target-rights.js'

/** What a restore would find or create in the target cluster. */
export interface TargetPlan {
  readonly create: boolean
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
  /** First offset that will be written, by partition of the source. */
  readonly targetFrom: readonly bigint[]
  /** Whether the target holds records of its own, which the restored ones come behind. */
  readonly appends: boolean
  /** Whether fillers could be removed, which exact offsets behind a later start of the log take. */
  readonly mayDelete: boolean
  /** What an earlier run of the same restore has pinned. */
  readonly pinned: RestoreRecord | undefined
  /** What another restore has pinned, which is forgotten. */
  readonly abandons: RestoreRecord | undefined
  /** What an earlier run of the same restore has left out. */
  readonly skipped: readonly Hole[]
  readonly problems: readonly RestoreProblem[]
  readonly remarks: readonly string[]
}

/** What decides about a target besides the target itself. */
export interface TargetQuestion extends TargetOptions {
  readonly kafka: KafkaTransport
  /** Where restore records are. */
  readonly state: ArchiveStorage
  readonly source: CheckpointTopic
  readonly target: string
  /** Digest of everything that decides which batches are produced. */
  readonly digest: string
}

/** Looks at the target topic, or checks whether it could be created. Nothing is written. */
export async function planTarget(question: TargetQuestion): Promise<TargetPlan> {
  return retrying(() => lookAt(question), asPassing, { signal: question.signal })
}

/** A cluster that has just started may refuse to create a topic that it does not show yet. */
function asPassing(error: unknown): Error & { readonly retryable?: boolean } {
  if (error instanceof TransportError && error.reason === 'TOPIC_ALREADY_EXISTS') {
    return new TransportError(error.message, { system: 'kafka', reason: error.reason, retryable: true, cause: error })
  }
  return error instanceof Error ? error : new Error(String(error))
}

async function lookAt(question: TargetQuestion): Promise<TargetPlan> {
  const { kafka, source, target, signal } = question
  const { clusterId, brokerIds, topics } = await kafka.metadata([target], { authorizedOperations: true, signal })
  const [described] = topics
  const replicas = replicasOf(question, brokerIds.length)
  const nothing: TargetPlan = {
    ...{ create: true, partitions: question.partitions ?? source.partitions.length, configs: {} },
    ...{ replicationFactor: replicas.replicationFactor, targetFrom: source.partitions.map(() => 0n) },
    ...{ appends: false, mayDelete: true, pinned: undefined, abandons: undefined, skipped: [] },
    ...{ problems: [], remarks: [] },
  }
  if (described === undefined) return planCreation(question, { ...nothing, ...replicas })
  const problems = rightsProblems(described)
  if (problems.length > 0) return { ...nothing, problems }
  const allowed = { ...nothing, mayDelete: mayDeleteRecords(described) }
  if (described.error === 'UNKNOWN_TOPIC_OR_PARTITION') return planCreation(question, { ...allowed, ...replicas })
  if (described.error !== undefined) throw protocolError(described.error, `describe topic ${target}`)
  return planUse(question, clusterId, described, { ...allowed, create: false, partitions: described.partitions.length })
}

function replicasOf(
  { source, target, replicationFactor: wanted }: TargetQuestion,
  brokers: number,
): Pick<TargetPlan, 'replicationFactor' | 'problems' | 'remarks'> {
  if (wanted !== undefined) {
    const text = `${target}: \`replicationFactor\` is ${wanted}, the target cluster has ${brokers} brokers`
    const problems = wanted > brokers ? [{ code: 'REPLICATION_FACTOR', text }] : []
    return { replicationFactor: wanted, problems, remarks: [] }
  }
  const { replicationFactor: archived } = source
  if (archived <= brokers) return { replicationFactor: archived, problems: [], remarks: [] }
  const remark = `${target}: the replication factor ${archived} becomes ${brokers}, as there are no more brokers`
  return { replicationFactor: brokers, problems: [], remarks: [remark] }
}

async function planCreation(question: TargetQuestion, plan: TargetPlan): Promise<TargetPlan> {
  const { kafka, source, target, signal } = question
  const { partitions, replicationFactor } = plan
  const archived = source.partitions.length
  if (partitions < archived) {
    const text = `${target}: \`partitions\` is ${partitions}, the archive has ${archived}`
    return { ...plan, problems: [...plan.problems, { code: 'PARTITION_COUNT', text }] }
  }
  if (plan.problems.length > 0) return plan
  const wanted = question.configs === false ? {} : { ...topicLevelConfigs(source.configs), ...question.configs }
  const newTopic = { topic: target, partitions, replicationFactor, configs: wanted }
  const { configs, remarks, refusal } = await acceptedConfigs(kafka, newTopic, { signal })
  return {
    ...{ ...plan, configs },
    problems: refusal === undefined ? [] : [creationProblem(target, refusal)],
    remarks: [...plan.remarks, ...remarks, ...spreadRemarks(target, partitions, archived)],
  }
}

function creationProblem(target: string, { reason, message }: TransportError): RestoreProblem {
  const code = reason?.endsWith('_AUTHORIZATION_FAILED') === true ? 'NOT_AUTHORIZED' : 'CANNOT_CREATE'
  return { code, text: `${target} cannot be created: ${message}` }
}

function spreadRemarks(target: string, partitions: number, archived: number): string[] {
  if (partitions === archived) return []
  return [`${target}: with ${partitions} partitions instead of ${archived}, new records go to others by their key`]
}

async function planUse(
  question: TargetQuestion,
  clusterId: string,
  existing: TopicMetadata,
  plan: TargetPlan,
): Promise<TargetPlan> {
  const { state, source, target, digest, offsets, signal } = question
  const archived = source.partitions.length
  if (plan.partitions !== (question.partitions ?? archived) || plan.partitions < archived) {
    const asked = question.partitions === undefined ? '' : `, \`partitions\` is ${question.partitions}`
    const text = `${target} exists with ${plan.partitions} partitions, the archive has ${archived}${asked}`
    return { ...plan, problems: [{ code: 'PARTITION_COUNT', text }] }
  }
  const unwritable = await replicaProblems(question, existing)
  if (unwritable.length > 0) return { ...plan, problems: unwritable }
  const topicId = archivedTopicId(existing.topicId, clusterId)
  const pinned = await readRestoreRecord(state, { clusterId, topicId }, { signal })
  const remarks = spreadRemarks(target, plan.partitions, archived)
  const isSame = pinned?.digest === digest && (offsets === 'auto' || offsets === pinned.offsets)
  if (isSame) {
    const skipped = await readSkippedHoles(state, { clusterId, topicId }, { signal })
    const found = { ...plan, pinned, targetFrom: pinned.targetFrom, remarks }
    if (question.onDamage === 'skip') return { ...found, skipped }
    return { ...found, problems: skippedProblems(target, skipped) }
  }
  if (pinned === undefined) return { ...plan, ...(await planAppending(question, existing)), remarks }
  const other = `another restore (of ${pinned.source}, checkpoint ${pinned.checkpoint})`
  if (question.abandon) {
    const found = await planAppending(question, existing)
    return { ...plan, ...found, abandons: pinned, remarks: [...remarks, `${target}: ${other} into it is forgotten`] }
  }
  const text = `${target} was the target of ${other}: delete the topic, repeat that restore, or forget it with \`abandon\``
  return { ...plan, problems: [{ code: 'OTHER_RESTORE', text }] }
}

/** Kafka lets a topic want more replicas in sync than it has, and then takes nothing for it. */
async function replicaProblems(
  { kafka, target, signal }: TargetQuestion,
  { partitions }: TopicMetadata,
): Promise<RestoreProblem[]> {
  const [described] = await kafka.topicConfigs([target], { signal })
  const wanted = described?.configs.find(({ name }) => name === 'min.insync.replicas')?.value ?? '1'
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length))
  if (replicas >= Number(wanted)) return []
  const text = `${target} has ${replicas} replicas and takes nothing, because its min.insync.replicas is ${wanted}`
  return [{ code: 'MIN_INSYNC_REPLICAS', text }]
}

/** Where the first records would go in a topic that no restore has begun with. */
async function planAppending(
  { kafka, source, target, onExisting, signal }: TargetQuestion,
  existing: TopicMetadata,
): Promise<Pick<TargetPlan, 'targetFrom' | 'appends' | 'problems'>> {
  const places = existing.partitions.map(({ partition }) => ({ topic: target, partition }))
  const starts = await kafka.listOffsets('earliest', places, { signal })
  const ends = await kafka.listOffsets('high-watermark', places, { signal })
  const records = ends.reduce((sum, end, index) => sum + end - (starts[index] ?? 0n), 0n)
  const targetFrom = source.partitions.map(({ partition }) => ends[partition] ?? 0n)
  const appends = records > 0n
  if (appends && onExisting === 'error') {
    const text = `${target} exists and holds ${records} records: delete it, put the archived ones behind them with \`onExisting: 'append'\`, or restore under another name with \`rename\``
    return { targetFrom, appends, problems: [{ code: 'TARGET_NOT_EMPTY', text }] }
  }
  const stable = await kafka.listOffsets('last-stable', places, { signal })
  if (stable.every((offset, index) => offset === ends[index])) return { targetFrom, appends, problems: [] }
  const text = `${target} has an open transaction, which would end between the restored records: let it end first`
  return { targetFrom, appends, problems: [{ code: 'OPEN_TRANSACTION', text }] }
}

/** Records behind a hole have their places in the target, so that the hole cannot be filled any more. */
function skippedProblems(target: string, [first, ...others]: readonly Hole[]): RestoreProblem[] {
  if (first === undefined) return []
  const more = others.length === 0 ? '' : `, and ${others.length} more`
  const text = `${target}: an earlier run of this restore has left out damage: repeat it with \`onDamage: 'skip'\`, or delete the topic to restore all of it (${first.text}${more})`
  return [{ code: 'SKIPPED_DAMAGE', text }]
}

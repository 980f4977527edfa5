import { archivedTopicId } from '../archive/names.js'
import type { KafkaTransport } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { configsBeforeHold, holdConfigs } from './held-configs.js'
import type { TopicPlan } from './plan.js'
import {
  abandonRestore,
  declareIntent,
  dropIntent,
  hasIntent,
  pinRestore,
  type RestoreRecord,
  type RestoreTarget,
  readAbandonedRestore,
} from './restore-record.js'

/** Where a target is prepared, and where it is noted. */
export interface PrepareContext {
  readonly kafka: KafkaTransport
  readonly state: ArchiveStorage
  readonly checkpoint: { readonly id: string }
  readonly signal?: AbortSignal | undefined
}

/** A target that is ready to receive. */
export interface PreparedTarget {
  readonly plan: TopicPlan
  readonly pinned: RestoreRecord
  readonly place: RestoreTarget
}

/** Makes a target ready. What it was before is pinned first, so that a crash in between loses nothing. */
export async function prepareTarget(
  { kafka, state, checkpoint, signal }: PrepareContext,
  plan: TopicPlan,
): Promise<PreparedTarget> {
  const { target, digest, partitions, replicationFactor, configs } = plan
  if (plan.create) {
    const { clusterId } = await kafka.metadata([], { signal })
    await declareIntent(state, { clusterId, target, digest }, { signal })
    await kafka.createTopic({ topic: target, partitions, replicationFactor, configs }, { signal })
  }
  const { clusterId, topics } = await kafka.metadata([target], { signal })
  const place = { clusterId, topicId: archivedTopicId(topics[0]?.topicId, clusterId) }
  const intent = { clusterId, target, digest }
  if (plan.abandons !== undefined) await abandonRestore(state, place, plan.abandons, { signal })
  const pinned = plan.pinned ?? (await pin())
  await holdConfigs(kafka, target, pinned, { signal })
  return { plan, pinned, place }

  async function pin(): Promise<RestoreRecord> {
    const abandoned = await readAbandonedRestore(state, place, { signal })
    const created = plan.create || (await hasIntent(state, intent, { signal }))
    const record: RestoreRecord = {
      startedMs: Date.now(),
      digest,
      source: plan.source.topic,
      target,
      checkpoint: checkpoint.id,
      offsets: plan.offsets,
      created,
      targetFrom: plan.targetFrom,
      ...(await configsBeforeHold(kafka, target, { abandoned, signal })),
      ...(await kafka.initProducerId({ signal })),
    }
    const agreed = await pinRestore(state, place, record, { signal })
    await dropIntent(state, intent, { signal })
    return agreed
  }
}

import type { Checkpoint } from '../archive/checkpoint.js'
import { archivedTopicId, type TopicIdentity } from '../archive/names.js'
import { describeTopic } from '../archive/topic-description.js'
import { TopicNotFoundError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { selects, type TopicFilter } from '../internal/topic-filter.js'
import type { KafkaTransport, TopicMetadata } from '../kafka/transport.js'
import type { ArchiveStorage } from '../storage/storage.js'
import type { FoundPartition } from './open-cursors.js'
import { selectTopics } from './select-topics.js'

/** A topic with the incarnation it is. */
export interface IdentifiedTopic extends TopicMetadata {
  readonly identity: TopicIdentity
}

/** What a {@link TopicWatch} works with. */
export interface TopicWatchContext {
  readonly kafka: KafkaTransport
  readonly storage: ArchiveStorage
  readonly filter: TopicFilter | undefined
  readonly signal: AbortSignal | undefined
}

/** A broker that has just started may not know all of its topics for a moment. */
const LATE_TOPIC_LIMIT_MS = 10_000
const BACKOFF = { firstMs: 50, maxMs: 1_000 }

/** Finds the topics that a run is about, and those that come to be while it runs. */
export class TopicWatch {
  readonly #context: TopicWatchContext
  readonly #topics = new Map<string, IdentifiedTopic>()
  #clusterId = ''

  constructor(context: TopicWatchContext) {
    this.#context = context
  }

  /** Kafka's id of the cluster. */
  get clusterId(): string {
    return this.#clusterId
  }

  /** The selected topics as they were seen last. */
  get topics(): readonly IdentifiedTopic[] {
    return [...this.#topics.values()]
  }

  /**
   * Looks for the first time. Topics that `recorded` names must be there or be gone for good: a broker that has just
   * started must not make a state without them the newest one.
   *
   * @throws {@link TopicNotFoundError} when a topic that is named does not exist.
   */
  async begin(recorded: Checkpoint | undefined): Promise<readonly FoundPartition[]> {
    const limitMs = performance.now() + LATE_TOPIC_LIMIT_MS
    for (let attempt = 0; ; attempt++) {
      const patient = performance.now() < limitMs
      const found = await this.#select(recorded, patient)
      if (found !== undefined) return this.#adopt(found.topics, found.clusterId)
      await delay(backoffMs(attempt, BACKOFF), this.#context.signal)
    }
  }

  /** Looks again, and tells what has come since: topics, partitions, topics that were deleted and created again. */
  async look(): Promise<readonly FoundPartition[]> {
    const { kafka, filter, signal } = this.#context
    const { topics, clusterId } = await selectTopics(kafka, filter, { mustExist: false, signal })
    return this.#adopt(topics, clusterId)
  }

  /** The selected topics; `undefined` while it is too early to believe that one that was there is gone. */
  async #select(recorded: Checkpoint | undefined, patient: boolean) {
    const { kafka, filter, signal } = this.#context
    const expected = recorded?.topics.filter(({ topic }) => selects(filter, topic)) ?? []
    try {
      const found = await selectTopics(kafka, filter, { mustExist: true, signal })
      const names = new Set(found.topics.map(({ topic }) => topic))
      const late = found.clusterId === recorded?.clusterId && expected.some(({ topic }) => !names.has(topic))
      return late && patient ? undefined : found
    } catch (error) {
      const late = error instanceof TopicNotFoundError && expected.some(({ topic }) => topic === error.topic)
      if (late && patient) return undefined
      throw error
    }
  }

  async #adopt(topics: readonly TopicMetadata[], clusterId: string): Promise<readonly FoundPartition[]> {
    const { storage, signal } = this.#context
    this.#clusterId = clusterId
    const found: FoundPartition[] = []
    for (const topic of topics) {
      const identity: TopicIdentity = { topic: topic.topic, topicId: archivedTopicId(topic.topicId, clusterId) }
      const known = this.#topics.get(topic.topic)
      const isKnown = known?.identity.topicId === identity.topicId
      const firstPartition = isKnown ? known.partitions.length : 0
      if (topic.partitions.length <= firstPartition) continue
      if (!isKnown) {
        const description = { ...identity, firstSeenMs: Date.now(), clusterId, partitions: topic.partitions.length }
        await describeTopic(storage, description, { signal })
      }
      this.#topics.set(topic.topic, { ...topic, identity })
      for (const { partition, leaderId } of topic.partitions.slice(firstPartition)) {
        found.push({ identity: { ...identity, partition }, kafkaTopicId: topic.topicId, leaderId })
      }
    }
    return found
  }
}

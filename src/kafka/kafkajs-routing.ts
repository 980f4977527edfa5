import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TopicNotFoundError, TransportError } from '../errors.js'
import { KafkaJsBrokers, type SendOptions } from './kafkajs-brokers.js'
import { isConnectionLoss, transportErrorFrom, wasRepeated } from './kafkajs-errors.js'
import { Leaders } from './leaders.js'
import type { ApiDefinition, ApiRequest } from './protocol/api.js'
import { type KafkaErrorName, meansStaleMetadata } from './protocol/error-codes.js'
import { type Coordinated, FIND_COORDINATOR, findCoordinatorRequest } from './protocol/find-coordinator.js'
import { METADATA, type MetadataAnswer, type MetadataQuestion, metadataRequest } from './protocol/metadata.js'
import { protocolError, retrying } from './retry.js'
import type { TransportCallOptions } from './transport.js'

/** One partition's part of a leader's answer. */
interface PartitionAnswer extends TopicPartition {
  readonly error: KafkaErrorName | undefined
}

/** Finds the broker for a request, and decides what an error means: ask again, ask another one, or give up. */
export class KafkaJsRouting {
  readonly #brokers: KafkaJsBrokers
  readonly #leaders = new Leaders()

  constructor(kafka: object) {
    this.#brokers = new KafkaJsBrokers(kafka)
  }

  /** Sends one request to one broker, or to any with `undefined`; nothing is repeated. */
  send<T>(
    nodeId: number | undefined,
    api: ApiDefinition,
    request: (version: number) => ApiRequest<T>,
    options: SendOptions,
  ): Promise<T> {
    return this.#brokers.send(nodeId, api, request, options)
  }

  /** The leader as far as it is known without asking. */
  knownLeader(partition: TopicPartition): number | undefined {
    return this.#leaders.of(partition)
  }

  async close(): Promise<void> {
    this.#leaders.forgetAll()
    await this.#brokers.close()
  }

  /** Describes topics, or all with `undefined`, and learns who leads what. */
  async describe(
    topics: readonly string[] | undefined,
    options: TransportCallOptions & MetadataQuestion,
  ): Promise<MetadataAnswer> {
    const answer = await this.ask('describe the cluster', METADATA, options, (version) =>
      metadataRequest(version, topics ?? null, options),
    )
    await this.#brokers.adopt(answer.brokers)
    this.#leaders.learn(answer)
    return answer
  }

  /** Describes topics once, with what is wrong with any of them as part of the answer. Nothing is repeated. */
  describeOnce(topics: readonly string[]): Promise<MetadataAnswer> {
    return this.send(undefined, METADATA, (version) => metadataRequest(version, topics), {})
  }

  /** A request that any broker can answer. */
  ask<T>(
    doing: string,
    api: ApiDefinition,
    options: TransportCallOptions,
    request: (version: number) => ApiRequest<T>,
  ): Promise<T> {
    return this.retrying(doing, options, () => this.#brokers.send(undefined, api, request, options))
  }

  /** The broker that coordinates a group or a transactional id. */
  async coordinatorOf(coordinated: Coordinated, options: TransportCallOptions): Promise<number> {
    const request = (version: number) => findCoordinatorRequest(version, coordinated)
    const { error, nodeId } = await this.#brokers.send(undefined, FIND_COORDINATOR, request, options)
    this.check(error, `find the coordinator of ${coordinated.kind} ${coordinated.id}`)
    if (!this.#brokers.knows(nodeId)) await this.describe([], options)
    return nodeId
  }

  /** The broker that leads a partition. */
  async leaderOf(partition: TopicPartition, options: TransportCallOptions): Promise<number> {
    await this.#learnLeaders([partition], options)
    return this.#leaderOf(partition)
  }

  /**
   * Asks the leaders of all `questions`, each leader once, and again only what failed for a passing reason. The answers
   * come in the order of the questions.
   */
  async askLeaders<Q extends TopicPartition, A extends PartitionAnswer>(
    doing: string,
    questions: readonly Q[],
    api: ApiDefinition,
    options: TransportCallOptions,
    request: (version: number, led: readonly Q[]) => ApiRequest<readonly A[]>,
  ): Promise<readonly A[]> {
    const answers = new Map<Q, A>()
    await this.retrying(doing, options, async () => {
      const open = questions.filter((question) => !answers.has(question))
      const failed: A[] = []
      for (const [nodeId, led] of await this.#byLeader(open, options)) {
        const answered = await this.send(nodeId, api, (version) => request(version, led), options)
        for (const [question, answer] of inTheOrderAsked(led, answered)) {
          if (answer.error === undefined) answers.set(question, answer)
          else failed.push(answer)
        }
      }
      // All of them, so that one look at the cluster finds every leader that has moved.
      for (const answer of failed) this.notice(answer.error, answer)
      const [first] = failed
      if (first !== undefined) this.check(first.error, `${doing} of ${partitionName(first)}`)
    })
    return questions.map((question) => answerTo(question, answers, doing))
  }

  /** Looks once at all topics with partitions whose leader is not known. */
  async #learnLeaders(partitions: readonly TopicPartition[], options: TransportCallOptions): Promise<void> {
    const missing = partitions.filter((partition) => this.#leaders.of(partition) === undefined)
    if (missing.length === 0) return
    const { topics } = await this.describe([...new Set(missing.map(({ topic }) => topic))], options)
    const unknown = topics.find(({ error }) => error === 'UNKNOWN_TOPIC_OR_PARTITION')
    if (unknown !== undefined) throw new TopicNotFoundError(unknown.topic)
  }

  #leaderOf(partition: TopicPartition): number {
    const nodeId = this.#leaders.of(partition)
    if (nodeId !== undefined) return nodeId
    throw protocolError('LEADER_NOT_AVAILABLE', `find the leader of ${partitionName(partition)}`)
  }

  async #byLeader<Q extends TopicPartition>(
    questions: readonly Q[],
    options: TransportCallOptions,
  ): Promise<Map<number, Q[]>> {
    await this.#learnLeaders(questions, options)
    const byLeader = new Map<number, Q[]>()
    for (const question of questions) {
      const nodeId = this.#leaderOf(question)
      const led = byLeader.get(nodeId)
      if (led === undefined) byLeader.set(nodeId, [question])
      else led.push(question)
    }
    return byLeader
  }

  /** Throws when a broker answered with an error. */
  check(error: KafkaErrorName | undefined, doing: string): void {
    if (error !== undefined) throw protocolError(error, doing)
  }

  /** Makes the next request ask for the leader anew, where an error says that it may have changed. */
  notice(error: KafkaErrorName | undefined, partition: TopicPartition): void {
    if (error !== undefined && meansStaleMetadata(error)) this.#leaders.forget(partition)
  }

  /** Repeats a call that failed for a passing reason. */
  retrying<T>(doing: string, options: TransportCallOptions, call: () => Promise<T>): Promise<T> {
    const asError = (error: unknown) => this.asError(error, doing)
    // What kafkajs itself has repeated in vain (no broker could be reached) is not repeated once more.
    return retrying(call, asError, { ...options, mayRepeat: (error) => !wasRepeated(error) })
  }

  /** What went wrong while a broker was asked to do `doing`. */
  asError(error: unknown, doing: string): Error {
    if (isConnectionLoss(error)) this.#leaders.forgetAll()
    return transportErrorFrom(error, doing)
  }
}

/** Each question with its answer. Brokers answer topics in any order, and what is asked of one partition in order. */
function* inTheOrderAsked<Q extends TopicPartition, A extends TopicPartition>(
  questions: readonly Q[],
  answers: readonly A[],
): Generator<readonly [Q, A], void, void> {
  const open = new Map<string, Q[]>()
  for (const question of questions.toReversed()) {
    const name = partitionName(question)
    const asked = open.get(name)
    if (asked === undefined) open.set(name, [question])
    else asked.push(question)
  }
  for (const answer of answers) {
    const question = open.get(partitionName(answer))?.pop()
    if (question !== undefined) yield [question, answer]
  }
}

function answerTo<Q extends TopicPartition, A>(question: Q, answers: ReadonlyMap<Q, A>, doing: string): A {
  const answer = answers.get(question)
  if (answer !== undefined) return answer
  throw new TransportError(`a broker was asked to ${doing} and left ${partitionName(question)} out`, {
    system: 'kafka',
  })
}

import type { RecordBatchView } from '../../src/batch/record-batch.js'
import type { TopicPartition } from '../../src/batch/topic-partition.js'
import { TransportError } from '../../src/errors.js'
import type { KafkaErrorName } from '../../src/kafka/protocol/error-codes.js'
import type { ProduceAnswer } from '../../src/kafka/protocol/produce.js'
import type { KafkaTransport } from '../../src/kafka/transport.js'
import { fakeKafka } from './fake-kafka.js'
import { LogModel } from './log-model.js'

/**
 * What becomes of one produce request. `lost-before`: it never arrives. `lost-after`: its answer never arrives.
 * `late`: its answer is lost, and it arrives while the log's end is being asked for. `refused`: the broker does not
 * lead. `after-append`: it is appended and refused all the same. `forgotten`: the broker forgets every producer first.
 */
export type ProduceFault = 'none' | 'lost-before' | 'lost-after' | 'late' | 'refused' | 'after-append' | 'forgotten'

const LEADER = 1
const LEADER_EPOCH = 0

/** A partition as an idempotent producer sees it. Every request is handled in the order of the calls. */
export class PartitionModel {
  /** One fault a produce request, then none. */
  readonly faults: ProduceFault[]
  /** Answers to the question for the log's end in which the high watermark is still this far behind. */
  readonly lags: bigint[] = []
  /** Leaders that Metadata tells, then the true one. */
  readonly leaders: number[] = []
  /** Errors that Fetch answers, then none. */
  readonly fetchErrors: KafkaErrorName[] = []
  /** Answers to Fetch that hold nothing, as from a leader that does not know the high watermark yet. */
  emptyFetches = 0
  /** The most requests that were on their way at once, and how many came in all. */
  mostInFlight = 0
  requests = 0
  readonly #partition: TopicPartition
  readonly #log = new LogModel(LEADER_EPOCH)
  readonly #late: Buffer[] = []
  #inFlight = 0
  #lag = 0n

  constructor(partition: TopicPartition, faults: readonly ProduceFault[] = []) {
    this.#partition = partition
    this.faults = [...faults]
  }

  get batches(): readonly RecordBatchView[] {
    return this.#log.batches
  }

  /** The values of all records, as text. */
  get values(): string[] {
    return this.batches.flatMap((batch) => [...batch.records()].map(({ value }) => String(value)))
  }

  get transport(): KafkaTransport {
    const { topic, partition } = this.#partition
    return fakeKafka({
      metadata: async () => {
        const leader = {
          partition,
          leaderId: this.leaders.shift() ?? LEADER,
          leaderEpoch: LEADER_EPOCH,
          replicas: [LEADER],
        }
        const described = { topic, topicId: 'id', internal: false, partitions: [leader], error: undefined }
        return { clusterId: 'c', brokerIds: [LEADER], topics: [described] }
      },
      epochEnds: async (questions) => {
        this.#lag = this.lags.shift() ?? 0n
        const answers = questions.map(({ epoch }) => this.#log.epochEnd(epoch))
        for (const batch of this.#late.splice(0)) this.append(batch)
        return answers
      },
      listOffsets: async () => [this.#log.end - this.#lag],
      fetch: async ({ topics }) => {
        const offset = topics[0]?.partitions[0]?.offset ?? 0n
        const error = this.fetchErrors.shift()
        const shown = this.emptyFetches-- > 0 ? [] : this.batches.filter(({ nextOffset }) => nextOffset > offset)
        const bytes = Buffer.concat(shown.map((batch) => batch.bytes))
        const offsets = { highWatermark: this.#log.end, lastStableOffset: this.#log.end, logStart: 0n }
        return [
          { topic, partition, error, ...offsets, aborted: [], bytes, divergingEpoch: undefined, epochsCompared: true },
        ]
      },
      produce: (_, batch) => this.#produce(Buffer.concat([batch].flat())),
    })
  }

  /** Appends as a broker does that is asked by an idempotent producer. */
  append(bytes: Buffer): ProduceAnswer {
    return this.#log.append(bytes)
  }

  /** What the age of old records does to a broker's memory. */
  forgetProducers(): void {
    this.#log.forgetProducers()
  }

  async #produce(batch: Buffer): Promise<ProduceAnswer> {
    this.requests++
    this.mostInFlight = Math.max(this.mostInFlight, ++this.#inFlight)
    const outcome = this.#outcome(batch)
    // Answers come later than requests that are sent at once.
    await new Promise(setImmediate)
    this.#inFlight--
    return outcome()
  }

  #outcome(batch: Buffer): () => ProduceAnswer {
    const fault = this.faults.shift() ?? 'none'
    const lost = (): never => {
      throw new TransportError('the connection broke', { system: 'kafka', retryable: true })
    }
    if (fault === 'lost-before') return lost
    if (fault === 'late') {
      this.#late.push(batch)
      return lost
    }
    if (fault === 'refused') return () => ({ error: 'NOT_LEADER_OR_FOLLOWER', baseOffset: -1n })
    if (fault === 'forgotten') this.forgetProducers()
    const answer = this.append(batch)
    if (fault === 'lost-after') return lost
    if (fault === 'after-append') return () => ({ error: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', baseOffset: -1n })
    return () => answer
  }
}

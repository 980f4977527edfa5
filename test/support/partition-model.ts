import { RecordBatchView } from '../../src/batch/record-batch.js'
import type { TopicPartition } from '../../src/batch/topic-partition.js'
import { rebased } from '../../src/batch/write-batch.js'
import { TransportError } from '../../src/errors.js'
import type { KafkaErrorName } from '../../src/kafka/protocol/error-codes.js'
import type { ProduceAnswer } from '../../src/kafka/protocol/produce.js'
import type { KafkaTransport } from '../../src/kafka/transport.js'
import { fakeKafka } from './fake-kafka.js'

/**
 * What becomes of one produce request. `lost-before`: it never arrives. `lost-after`: its answer never arrives.
 * `late`: its answer is lost, and it arrives while the log's end is being asked for. `refused`: the broker does not
 * lead. `after-append`: it is appended and refused all the same. `forgotten`: the broker forgets every producer first.
 */
export type ProduceFault = 'none' | 'lost-before' | 'lost-after' | 'late' | 'refused' | 'after-append' | 'forgotten'

interface AppendedBatch {
  readonly sequence: number
  readonly records: number
  readonly baseOffset: bigint
}

/** A broker remembers this many batches of a producer. */
const REMEMBERED_BATCHES = 5
const SEQUENCES = 2 ** 31
const LEADER = 1

/** A partition as an idempotent producer sees it. Every request is handled in the order of the calls. */
export class PartitionModel {
  readonly batches: RecordBatchView[] = []
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
  readonly #remembered = new Map<bigint, AppendedBatch[]>()
  readonly #late: Buffer[] = []
  #inFlight = 0
  #lag = 0n

  constructor(partition: TopicPartition, faults: readonly ProduceFault[] = []) {
    this.#partition = partition
    this.faults = [...faults]
  }

  get end(): bigint {
    return this.batches.at(-1)?.nextOffset ?? 0n
  }

  /** The values of all records, as text. */
  get values(): string[] {
    return this.batches.flatMap((batch) => [...batch.records()].map(({ value }) => String(value)))
  }

  get transport(): KafkaTransport {
    const { topic, partition } = this.#partition
    return fakeKafka({
      metadata: async () => {
        const leader = { partition, leaderId: this.leaders.shift() ?? LEADER, leaderEpoch: 0, replicas: [LEADER] }
        const described = { topic, topicId: 'id', internal: false, partitions: [leader], error: undefined }
        return { clusterId: 'c', brokerIds: [LEADER], topics: [described] }
      },
      epochEnds: async (questions) => {
        this.#lag = this.lags.shift() ?? 0n
        const answers = questions.map(({ epoch }) => ({ epoch, endOffset: this.end }))
        for (const batch of this.#late.splice(0)) this.append(batch)
        return answers
      },
      listOffsets: async () => [this.end - this.#lag],
      fetch: async ({ topics }) => {
        const offset = topics[0]?.partitions[0]?.offset ?? 0n
        const error = this.fetchErrors.shift()
        const shown = this.emptyFetches-- > 0 ? [] : this.batches.filter(({ nextOffset }) => nextOffset > offset)
        const bytes = Buffer.concat(shown.map((batch) => batch.bytes))
        const offsets = { highWatermark: this.end, lastStableOffset: this.end, logStart: 0n }
        return [
          { topic, partition, error, ...offsets, aborted: [], bytes, divergingEpoch: undefined, epochsCompared: true },
        ]
      },
      produce: (_, batch) => this.#produce(batch),
    })
  }

  /** Appends as a broker does that is asked by an idempotent producer. */
  append(bytes: Buffer): ProduceAnswer {
    const batch = new RecordBatchView(rebased(bytes, this.end))
    const { producerId, recordCount: records, baseOffset } = batch
    const sequence = bytes.readInt32BE(53)
    const known = this.#remembered.get(producerId) ?? []
    const last = known.at(-1)
    const expected = last === undefined ? sequence : (last.sequence + last.records) % SEQUENCES
    if (sequence !== expected) {
      const same = known.find((before) => before.sequence === sequence && before.records === records)
      if (same !== undefined) return { error: undefined, baseOffset: same.baseOffset }
      return { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', baseOffset: -1n }
    }
    this.batches.push(batch)
    const remembered = [...known, { sequence, records, baseOffset }].slice(-REMEMBERED_BATCHES)
    if (producerId >= 0n) this.#remembered.set(producerId, remembered)
    return { error: undefined, baseOffset }
  }

  /** What the age of old records does to a broker's memory. */
  forgetProducers(): void {
    this.#remembered.clear()
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

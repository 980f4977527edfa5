import { isUncut } from '../archive/read-chain.js'
import { logEndsOf } from '../archiver/log-ends.js'
import { InvalidBatchError } from '../batch/batch-header.js'
import { CommittedFilter } from '../batch/committed.js'
import type { KafkaRecord } from '../batch/read-records.js'
import { batchesIn, type RecordBatchView } from '../batch/record-batch.js'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TransportError } from '../errors.js'
import { larger, smaller } from '../internal/bigint.js'
import { fetchPartition } from '../kafka/fetch-partition.js'
import { retrying } from '../kafka/retry.js'
import type { FetchedPartition, KafkaTransport } from '../kafka/transport.js'
import { leaderOf, refused } from '../restore/target-log.js'
import type { ComparedBatch, ComparedRecord } from './compared-batch.js'

/** Large enough for wire speed, small enough for several partitions at once. */
const FETCH_BYTES = 4_194_304
const MAX_WAIT_MS = 500

/** A partition of the live topic, and how it is reached. */
interface LivePlace {
  readonly kafka: KafkaTransport
  readonly partition: TopicPartition
  readonly signal: AbortSignal | undefined
}

/** The log of a live partition, up to where every transaction is decided when it is opened. */
export class LiveLog {
  readonly #place: LivePlace
  #start: bigint
  #leader: Awaited<ReturnType<typeof leaderOf>> | undefined
  /** Offset after the last one whose transaction is decided. */
  readonly end: bigint
  /** Whether there are records behind the end that no read_committed consumer sees yet. */
  readonly isOpen: boolean

  private constructor(place: LivePlace, start: bigint, end: bigint, isOpen: boolean) {
    this.#place = place
    this.#start = start
    this.end = end
    this.isOpen = isOpen
  }

  static async open(place: LivePlace): Promise<LiveLog> {
    const { kafka, partition, signal } = place
    const [{ end, highWatermark } = { end: 0n, highWatermark: 0n }] = await logEndsOf(kafka, [partition], { signal })
    const [start = 0n] = await kafka.listOffsets('earliest', [partition], { signal })
    return new LiveLog(place, start, end, highWatermark > end)
  }

  /** Where the log begins by now: retention may move it while it is read. */
  get start(): bigint {
    return this.#start
  }

  /** Batches with records in `[from, next)`. While they are looked at, those behind them are fetched. */
  async *batches(from: bigint, next: bigint): AsyncGenerator<ComparedBatch, void, void> {
    const filter = new CommittedFilter()
    const end = smaller(next, this.end)
    let offset = larger(from, this.#start)
    let coming = offset < end ? this.#fetch(offset) : undefined
    while (coming !== undefined) {
      const { aborted, bytes } = await coming
      filter.add(aborted)
      const batches = [...batchesIn(bytes, this.#place.partition)]
      const reached = larger(batches.at(-1)?.nextOffset ?? end, offset)
      coming = reached < end ? this.#fetch(reached) : undefined
      // Nobody may wait for it any more when it fails.
      coming?.catch(() => {})
      for (const batch of batches) {
        if (batch.nextOffset <= offset || batch.baseOffset >= end) continue
        const committed = filter.accepts(batch)
        if (!batch.control) yield compared(batch, committed, { from: larger(from, this.#start), next: end })
      }
      offset = reached
    }
  }

  async #fetch(offset: bigint): Promise<FetchedPartition> {
    const { signal } = this.#place
    const asError = (error: unknown) => {
      this.#leader = undefined
      return error instanceof Error ? error : new Error(String(error))
    }
    return retrying(() => this.#fetchOnce(larger(offset, this.#start)), asError, { signal })
  }

  async #fetchOnce(offset: bigint): Promise<FetchedPartition> {
    const { kafka, partition, signal } = this.#place
    this.#leader ??= await leaderOf(this.#place)
    const limits = { offset, maxBytes: FETCH_BYTES, maxWaitMs: MAX_WAIT_MS, isolation: 'committed' } as const
    const answer = await fetchPartition(this.#place, { ...this.#leader, ...partition }, limits)
    if (answer !== undefined && answer.error === undefined) {
      const hasBatch = batchesIn(answer.bytes).next().done !== true
      // A new leader may not know yet how far the log is decided: then nothing does not mean that nothing is left.
      if (hasBatch || (answer.bytes.length === 0 && answer.lastStableOffset >= this.end)) return answer
    }
    const error = answer?.error ?? 'LEADER_NOT_AVAILABLE'
    if (error === 'OFFSET_OUT_OF_RANGE') {
      const [start] = await kafka.listOffsets('earliest', [partition], { signal })
      if (start !== undefined && start > offset) {
        this.#start = start
        return this.#fetchOnce(start)
      }
    }
    return refused(error, this.#place)
  }
}

function compared(
  batch: RecordBatchView,
  committed: boolean,
  { from, next }: { readonly from: bigint; readonly next: bigint },
): ComparedBatch {
  return {
    ...{ batch, committed, at: isUncut({ batch, from, next }) ? batch.baseOffset : undefined },
    *records(): Generator<ComparedRecord, void, void> {
      for (const record of decoded(batch)) {
        if (record.offset >= from && record.offset < next) yield { at: record.offset, record, committed }
      }
    },
  }
}

function* decoded(batch: RecordBatchView): Generator<KafkaRecord, void, void> {
  try {
    if (!batch.intact) throw new InvalidBatchError('its checksum is wrong')
    yield* batch.records()
  } catch (cause) {
    if (!(cause instanceof InvalidBatchError)) throw cause
    const text = `the batch at offset ${batch.baseOffset} of ${partitionName(batch)} cannot be decoded: ${cause.message}`
    throw new TransportError(text, { system: 'kafka', reason: 'CORRUPT_MESSAGE', retryable: false, cause })
  }
}

import { isUncut } from '../archive/read-chain.js'
import { logEndsOf } from '../archiver/log-ends.js'
import { InvalidBatchError } from '../batch/batch-header.js'
import { CommittedFilter } from '../batch/committed.js'
import type { KafkaRecord } from '../batch/read-records.js'
import { batchesIn, type RecordBatchView } from '../batch/record-batch.js'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TransportError } from '../errors.js'
import { larger, smaller } from '../internal/bigint.js'
import { answerBuffers } from '../kafka/answer-buffers.js'
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

/** An answer in memory that is used again. */
interface HeldAnswer extends FetchedPartition {
  /** Says that nobody looks at its batches any more. */
  release(): void
}

/** The log of a live partition, up to where every transaction is decided when it is opened. */
export class LiveLog {
  readonly #place: LivePlace
  readonly #buffers = answerBuffers(FETCH_BYTES)
  #start: bigint
  #end: bigint
  #leader: Awaited<ReturnType<typeof leaderOf>> | undefined
  /** Whether there are records behind the end that no read_committed consumer sees yet. */
  readonly isOpen: boolean

  private constructor(place: LivePlace, start: bigint, end: bigint, isOpen: boolean) {
    this.#place = place
    this.#start = start
    this.#end = end
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

  /** Offset after the last one whose transaction was decided; less where an unclean election has cut the log since. */
  get end(): bigint {
    return this.#end
  }

  /**
   * Batches with records in `[from, next)`. While they are looked at, those behind them are fetched. The memory of each
   * is used again once the next one is asked for.
   */
  async *batches(from: bigint, next: bigint): AsyncGenerator<ComparedBatch, void, void> {
    const filter = new CommittedFilter()
    const end = smaller(next, this.end)
    let offset = larger(from, this.#start)
    let coming = offset < end ? this.#fetch(offset) : undefined
    while (coming !== undefined) {
      const { aborted, bytes, release } = await coming
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
      release()
      offset = reached
    }
  }

  async #fetch(offset: bigint): Promise<HeldAnswer> {
    const { signal } = this.#place
    const asError = (error: unknown) => {
      this.#leader = undefined
      return error instanceof Error ? error : new Error(String(error))
    }
    return retrying(() => this.#fetchOnce(larger(offset, this.#start)), asError, { signal })
  }

  async #fetchOnce(offset: bigint): Promise<HeldAnswer> {
    const { partition } = this.#place
    this.#leader ??= await leaderOf(this.#place)
    const into = this.#buffers.borrow()
    const how = { offset, maxBytes: FETCH_BYTES, maxWaitMs: MAX_WAIT_MS, isolation: 'committed', into } as const
    const fetched = await fetchPartition(this.#place, { ...this.#leader, ...partition }, how)
    const answer = fetched && { ...fetched, release: () => this.#buffers.giveBack(into) }
    if (answer === undefined) return refused('LEADER_NOT_AVAILABLE', this.#place)
    if (answer.error === 'OFFSET_OUT_OF_RANGE') {
      if (await this.#hasLost(offset)) return this.#fetchOnce(this.#start)
      if (await this.#isCutAt(offset)) return { ...answer, error: undefined }
    }
    if (answer.error !== undefined) return refused(answer.error, this.#place)
    if (batchesIn(answer.bytes).next().done !== true) return answer
    // A new leader may not know yet how far the log is decided: then nothing does not mean that nothing is left.
    const isOver = answer.bytes.length === 0 && (answer.lastStableOffset >= this.#end || (await this.#isCutAt(offset)))
    return isOver ? answer : refused('LEADER_NOT_AVAILABLE', this.#place)
  }

  /** Whether retention has taken what was before the log's start of now, and `offset` with it. */
  async #hasLost(offset: bigint): Promise<boolean> {
    const { kafka, partition, signal } = this.#place
    const [start = 0n] = await kafka.listOffsets('earliest', [partition], { signal })
    if (start <= offset) return false
    this.#start = start
    return true
  }

  /** Whether the leader's log, replicated or not, ends at or before `offset`: one that lacked records was elected. */
  async #isCutAt(offset: bigint): Promise<boolean> {
    const { kafka, partition, signal } = this.#place
    // An epoch that is over ends before the log does.
    const { leaderEpoch } = await leaderOf(this.#place)
    const [{ endOffset } = { endOffset: -1n }] = await kafka.epochEnds([{ ...partition, epoch: leaderEpoch }], {
      signal,
    })
    if (endOffset < 0n || endOffset > offset || endOffset >= this.#end) return false
    this.#end = endOffset
    return true
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

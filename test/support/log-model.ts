import { ATTRIBUTE, FIELD } from '../../src/batch/batch-header.js'
import { RecordBatchView } from '../../src/batch/record-batch.js'
import type { KafkaErrorName } from '../../src/kafka/protocol/error-codes.js'
import type { EpochEnd } from '../../src/kafka/protocol/offsets.js'
import type { ProduceAnswer } from '../../src/kafka/protocol/produce.js'
import type { AbortedTransaction, FetchRequest, ProducerIdentity } from '../../src/kafka/transport.js'
import { markerBytes } from './batches.js'

/** What a broker remembers of a producer in one partition. */
interface ProducerState {
  readonly epoch: number
  /** The newest ones of this epoch. */
  readonly batches: readonly RecordBatchView[]
}

interface DecidedTransaction extends AbortedTransaction {
  readonly markerOffset: bigint
}

/** What a fetch shows of a partition. */
interface LogRead {
  readonly bytes: Buffer
  readonly aborted: readonly AbortedTransaction[]
}

/** How a partition is read. */
interface LogReading {
  readonly offset: bigint
  /** Leader epoch of what was read before; -1 where unknown. */
  readonly lastFetchedEpoch: number
  readonly maxBytes: number
  readonly isolation: FetchRequest['isolation']
  /** Whether a first batch that is larger than `maxBytes` comes whole. */
  readonly wholeFirst: boolean
}

/** A broker remembers this many batches of a producer. */
const REMEMBERED_BATCHES = 5
const SEQUENCES = 2 ** 31

/** The log of a partition on its leader: it checks what producers send as a broker does, and keeps transactions. */
export class LogModel {
  readonly batches: RecordBatchView[] = []
  readonly #producers = new Map<bigint, ProducerState>()
  /** First offsets of transactions that are not decided, by producer. */
  readonly #open = new Map<bigint, bigint>()
  readonly #aborted: DecidedTransaction[] = []
  #logStart = 0n
  #end = 0n

  constructor(readonly leaderEpoch: number) {}

  /** A log with batches as they are, whatever they are. */
  static of(batches: readonly RecordBatchView[], leaderEpoch: number): LogModel {
    const log = new LogModel(leaderEpoch)
    for (const batch of batches) log.#adopt(batch)
    return log
  }

  get logStart(): bigint {
    return this.#logStart
  }

  get end(): bigint {
    return this.#end
  }

  /** Every transaction that begins before it is decided. */
  get lastStable(): bigint {
    const first = [...this.#open.values()].reduce((min, offset) => (offset < min ? offset : min), this.#end)
    return first < this.#logStart ? this.#logStart : first
  }

  /** Whether a transaction of the producer has records here and no marker. */
  hasOpen(producerId: bigint): boolean {
    return this.#open.has(producerId)
  }

  /** Appends what a client sends, or refuses it. */
  append(bytes: Buffer): ProduceAnswer {
    const sent = new RecordBatchView(bytes)
    const fits = sent.baseOffset === 0n && sent.recordCount === sent.lastOffsetDelta + 1
    if (!fits || sent.control || !sent.intact) return { error: 'INVALID_RECORD', baseOffset: -1n }
    const { producerId } = sent
    const epoch = epochOf(sent)
    const known = this.#producers.get(producerId)
    const before = known?.epoch === epoch ? known.batches : []
    const same = before.find(
      (batch) => sequenceOf(batch) === sequenceOf(sent) && batch.recordCount === sent.recordCount,
    )
    if (same !== undefined) return { error: undefined, baseOffset: same.baseOffset }
    const error = known && this.#refusal(sent, known)
    if (error !== undefined) return { error, baseOffset: -1n }
    const appended = this.#place(bytes)
    this.#adopt(appended)
    if (producerId >= 0n) {
      this.#producers.set(producerId, { epoch, batches: [...before, appended].slice(-REMEMBERED_BATCHES) })
    }
    return { error: undefined, baseOffset: appended.baseOffset }
  }

  /** Ends a transaction, as its coordinator has a leader do, also one that has no records here. */
  endTransaction(outcome: 'commit' | 'abort', { producerId, producerEpoch }: ProducerIdentity): void {
    this.#adopt(this.#place(markerBytes(outcome, { producerId, producerEpoch })))
    const known = this.#producers.get(producerId)
    if (known?.epoch !== producerEpoch) this.#producers.set(producerId, { epoch: producerEpoch, batches: [] })
  }

  /** What the age of old records does to a broker's memory. It forgets nobody whose transaction is open. */
  forgetProducers(): void {
    for (const producerId of this.#producers.keys()) {
      if (!this.#open.has(producerId)) this.#producers.delete(producerId)
    }
  }

  /** Makes the log start at `before`. */
  deleteBefore(before: bigint): KafkaErrorName | undefined {
    if (before > this.#end) return 'OFFSET_OUT_OF_RANGE'
    if (before <= this.#logStart) return undefined
    this.#logStart = before
    this.batches.splice(0, this.batches.findLastIndex(({ nextOffset }) => nextOffset <= before) + 1)
    return undefined
  }

  /** The largest epoch up to the one asked for, and where the next one begins. */
  epochEnd(asked: number): EpochEnd {
    const epochs = this.batches.map(({ leaderEpoch }) => leaderEpoch).filter((epoch) => epoch <= asked)
    const next = this.batches.find(({ leaderEpoch }) => leaderEpoch > asked)
    const isKnown = asked === this.leaderEpoch || this.batches.some(({ leaderEpoch }) => leaderEpoch >= asked)
    if (!isKnown) return { epoch: -1, endOffset: -1n }
    const epoch = asked === this.leaderEpoch ? asked : Math.max(-1, ...epochs)
    return { epoch, endOffset: next?.baseOffset ?? this.#end }
  }

  /**
   * Whole batches from the one with the offset on, the last one cut off. `undefined` outside the log, and for a reader
   * that comes from an epoch of which the leader does not know.
   */
  read({ offset, lastFetchedEpoch, maxBytes, isolation, wholeFirst }: LogReading): LogRead | undefined {
    if (offset < this.#logStart || offset > this.#end || lastFetchedEpoch > this.leaderEpoch) return undefined
    const limit = isolation === 'committed' ? this.lastStable : this.#end
    const ahead = this.batches.filter((batch) => batch.nextOffset > offset && batch.nextOffset <= limit)
    const size = Math.max(maxBytes, wholeFirst ? (ahead[0]?.bytes.length ?? 0) : 0)
    const bytes = Buffer.concat(ahead.map((batch) => batch.bytes)).subarray(0, size)
    return { bytes, aborted: isolation === 'committed' ? this.#abortedIn(offset, limit) : [] }
  }

  /** Why a batch does not follow what its producer has sent before. */
  #refusal(sent: RecordBatchView, { epoch, batches }: ProducerState): KafkaErrorName | undefined {
    if (epochOf(sent) < epoch) return 'INVALID_PRODUCER_EPOCH'
    const last = epochOf(sent) === epoch ? batches.at(-1) : undefined
    const expected = last === undefined ? 0 : (sequenceOf(last) + last.recordCount) % SEQUENCES
    if (sequenceOf(sent) !== expected) return 'OUT_OF_ORDER_SEQUENCE_NUMBER'
    return this.#open.has(sent.producerId) && !sent.transactional ? 'INVALID_TXN_STATE' : undefined
  }

  #abortedIn(from: bigint, next: bigint): AbortedTransaction[] {
    return this.#aborted
      .filter(({ firstOffset, markerOffset }) => markerOffset >= from && firstOffset < next)
      .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
  }

  /** A copy of a batch where the log ends. */
  #place(bytes: Buffer): RecordBatchView {
    const copy = Buffer.from(bytes)
    copy.writeBigInt64BE(this.#end, FIELD.baseOffset)
    copy.writeInt32BE(this.leaderEpoch, FIELD.partitionLeaderEpoch)
    return new RecordBatchView(copy)
  }

  #adopt(batch: RecordBatchView): void {
    const { producerId, baseOffset } = batch
    this.batches.push(batch)
    this.#end = batch.nextOffset
    if (batch.attributes & ATTRIBUTE.control) {
      const firstOffset = this.#open.get(producerId)
      this.#open.delete(producerId)
      if (firstOffset === undefined || batch.marker !== 'abort') return
      this.#aborted.push({ producerId, firstOffset, markerOffset: baseOffset })
    } else if (batch.transactional && !this.#open.has(producerId)) {
      this.#open.set(producerId, baseOffset)
    }
  }
}

function epochOf({ bytes }: RecordBatchView): number {
  return bytes.readInt16BE(FIELD.producerEpoch)
}

function sequenceOf({ bytes }: RecordBatchView): number {
  return bytes.readInt32BE(FIELD.baseSequence)
}

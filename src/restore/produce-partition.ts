import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import type { RateLimit } from '../internal/rate-limit.js'
import { protocolError } from '../kafka/retry.js'
import type { KafkaTransport, ProducerIdentity } from '../kafka/transport.js'
import { ReplayTransactions } from './replay-transactions.js'
import { type LogTail, settledLog } from './settle-partition.js'
import { foreignRecords } from './spoiled-target.js'
import { type HoleStep, type OutgoingBatch, type RestoreStep, SEQUENCES } from './step.js'

/** One partition of a restore's target. */
export interface ProduceTarget {
  readonly kafka: KafkaTransport
  readonly partition: TopicPartition
  readonly topicId: string
  /** The restore's identity, not the process's. */
  readonly identity: ProducerIdentity
  /** Offset at which the target ended when the restore began. */
  readonly targetFrom: bigint
  readonly maxInFlight: number
  /** Whether there may be transactions among the steps. */
  readonly transactions: boolean
  readonly limit: RateLimit | undefined
  readonly signal: AbortSignal | undefined
}

const MAX_ATTEMPTS_WITHOUT_PROGRESS = 12
const BACKOFF = { firstMs: 50, maxMs: 3_000 }
/** A marker is in the log milliseconds after its transaction has ended. */
const MARKER_POLL = { firstMs: 1, maxMs: 250 }
const MAX_MARKER_POLLS = 200

/**
 * Carries out a partition's steps exactly once, whatever was done before and however often a request is lost. `open`
 * gives the steps from the beginning, always the same ones; it is told how many offsets of the restore are there
 * already. Yields each step once it is done; those that were done already are yielded too.
 *
 * After any unknown outcome nothing is sent again blindly: the partition is settled first, and what its log then holds
 * decides where to go on. The broker's own idempotence alone would not do, because it forgets producers by the age of
 * their records, and restored records are old.
 */
export async function* producePartition<S extends RestoreStep>(
  target: ProduceTarget,
  open: (restored: bigint) => AsyncGenerator<S, void, void>,
): AsyncGenerator<S, void, void> {
  let yielded = 0n
  for (let attempt = 0; ; attempt++) {
    const run = new ProduceRun<S>(target)
    try {
      for await (const step of run.carryOut(open)) {
        const done = step.position + step.offsets
        if (done <= yielded) continue
        yielded = done
        attempt = 0
        yield step
      }
      return
    } catch (error) {
      target.signal?.throwIfAborted()
      const passing = error instanceof TransportError && (error.retryable || isLostTransaction(error))
      if (!passing || attempt >= MAX_ATTEMPTS_WITHOUT_PROGRESS) throw error
    } finally {
      await run.settled()
    }
    await delay(backoffMs(attempt, BACKOFF), target.signal)
  }
}

/** The coordinator has ended a transaction by itself: what that has done to the log is seen when it is settled. */
function isLostTransaction({ reason }: TransportError): boolean {
  return reason === 'INVALID_PRODUCER_EPOCH' || reason === 'PRODUCER_FENCED' || reason === 'INVALID_TXN_STATE'
}

/** Carries steps out in order, sends several batches at once, and fails at the first answer that is not as expected. */
class ProduceRun<S extends RestoreStep> {
  readonly #target: ProduceTarget
  readonly #transactions: ReplayTransactions
  /** Offsets behind `targetFrom` that the partition held when the run began. */
  #restored = 0n
  readonly #inFlight: { readonly step: S; readonly answer: Promise<void> }[] = []
  /** Whose batches are in flight: a slot's, or those without a transaction. */
  #slot: number | undefined
  #sentInRow = 0

  constructor(target: ProduceTarget) {
    this.#target = target
    this.#transactions = new ReplayTransactions(target)
  }

  async *carryOut(open: (restored: bigint) => AsyncGenerator<S, void, void>): AsyncGenerator<S, void, void> {
    const { targetFrom, partition, transactions } = this.#target
    if (transactions) await this.#transactions.recover()
    const { end, tail } = await settledLog(this.#target, targetFrom)
    this.#restored = end - targetFrom
    if (tail !== undefined && !this.#owns(tail.producerId)) throw foreignRecords(partition)
    let last: S | undefined
    let checked = false
    for await (const step of open(this.#restored)) {
      if (this.#isDone(step)) {
        last = step
        yield step
        continue
      }
      if (!checked) this.#checkTail(tail, step.position < this.#restored ? step : last)
      checked = true
      yield* this.#carryOut(step)
    }
    yield* this.#drain()
    if (checked) return
    this.#checkTail(tail, last)
    const total = last === undefined ? 0n : last.position + last.offsets
    if (this.#restored > total) throw foreignRecords(partition)
  }

  /** Waits until no request is on its way any more, whatever becomes of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#inFlight.map(({ answer }) => answer))
  }

  #owns(producerId: bigint): boolean {
    return producerId === this.#target.identity.producerId || this.#transactions.owns(producerId)
  }

  #isDone({ type, position, offsets }: RestoreStep): boolean {
    const done = position + offsets
    // Removing the fillers leaves no trace in the log; whatever comes behind it was done after it.
    return type === 'log-start' ? done < this.#restored : done <= this.#restored
  }

  /**
   * The log must end with what the last step that is done has put there: somebody else's records in between, a batch
   * that is there twice, or a marker that the coordinator has written by itself would push it back.
   */
  #checkTail(tail: LogTail | undefined, last: RestoreStep | undefined): void {
    // Without a batch at the end there is nothing, or only fillers were there.
    if (tail === undefined || this.#isLeftBy(last, tail)) return
    throw foreignRecords(this.#target.partition)
  }

  #isLeftBy(last: RestoreStep | undefined, tail: LogTail): boolean {
    if (last?.type === 'hole' || last?.type === 'marker') {
      const outcome = last.type === 'hole' ? 'commit' : last.outcome
      return tail.marker === outcome && this.#transactions.owns(tail.producerId)
    }
    if (last?.type !== 'batch') return false
    const { transaction, baseSequence, position, offsets } = last
    const producer = transaction && this.#transactions.producerOf(transaction.slot)
    const { producerId } = producer ?? this.#target.identity
    const nextSequence = Number((BigInt(baseSequence) + offsets) % SEQUENCES)
    const isWhole = position + offsets <= this.#restored
    return isWhole && tail.producerId === producerId && tail.nextSequence === nextSequence
  }

  async *#carryOut(step: S): AsyncGenerator<S, void, void> {
    if (step.type === 'batch') return yield* this.#send(step, step)
    yield* this.#drain()
    const { kafka, partition, targetFrom, signal } = this.#target
    const done = targetFrom + step.position + step.offsets
    if (step.type === 'log-start') {
      await kafka.deleteRecords(partition, done, { signal })
    } else {
      if (step.type === 'hole') await this.#fill(step)
      else await this.#transactions.end(step.slot, step.outcome)
      await this.#waitForEnd(done)
    }
    yield step
  }

  async *#send(step: S, batch: OutgoingBatch): AsyncGenerator<S, void, void> {
    const { maxInFlight, limit, signal } = this.#target
    const slot = batch.transaction?.slot
    if (slot !== this.#slot || batch.transaction?.first === true) {
      yield* this.#drain()
      this.#slot = slot
      this.#sentInRow = 0
    }
    if (batch.transaction?.first === true) await this.#transactions.begin(batch.transaction.slot)
    // A broker that has no state for the identity accepts any sequence: the first batch must be known to be in.
    while (this.#inFlight.length >= (this.#sentInRow <= 1 ? 1 : maxInFlight)) yield* this.#oldest()
    await limit?.take(batch.sizeBytes, signal)
    const answer = this.#produce(batch)
    answer.catch(() => {})
    this.#inFlight.push({ step, answer })
    this.#sentInRow++
  }

  async *#drain(): AsyncGenerator<S, void, void> {
    while (this.#inFlight.length > 0) yield* this.#oldest()
  }

  async *#oldest(): AsyncGenerator<S, void, void> {
    const [oldest] = this.#inFlight
    if (oldest === undefined) return
    await oldest.answer
    this.#inFlight.shift()
    yield oldest.step
  }

  async #produce(batch: OutgoingBatch): Promise<void> {
    const { kafka, partition, identity, targetFrom, signal } = this.#target
    const producer = batch.transaction && this.#transactions.current(batch.transaction.slot)
    const transaction = producer === undefined ? {} : { transactionalId: producer.transactionalId }
    const bytes = batch.bytes(producer ?? identity)
    const { error, baseOffset } = await kafka.produce(partition, bytes, { ...transaction, signal })
    if (error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || error === 'DUPLICATE_SEQUENCE_NUMBER') {
      throw new TransportError(`${partitionName(partition)} has lost track of the restore's sequence: ${error}`, {
        system: 'kafka',
        reason: error,
        retryable: true,
      })
    }
    if (error !== undefined) throw protocolError(error, `append to ${partitionName(partition)}`)
    if (baseOffset !== targetFrom + batch.position) throw foreignRecords(partition)
  }

  /** Each offset gets a marker of its own; it does not matter whose. What an earlier attempt began is ended first. */
  async #fill({ position, offsets, freeSlots }: HoleStep): Promise<void> {
    const there = this.#restored > position ? this.#restored - position : 0n
    let left = offsets - there
    const ongoing = freeSlots.filter((slot) => this.#transactions.isOngoing(slot))
    const others = freeSlots.filter((slot) => !ongoing.includes(slot))
    const fill = async (slot: number) => {
      while (left > 0n) {
        left--
        await this.#transactions.begin(slot)
        await this.#transactions.end(slot, 'commit')
      }
    }
    const filled = await Promise.allSettled([...ongoing, ...others].map(fill))
    const failed = filled.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #waitForEnd(expected: bigint): Promise<void> {
    const { kafka, partition, signal } = this.#target
    for (let poll = 0; poll < MAX_MARKER_POLLS; poll++) {
      const [end = -1n] = await kafka.listOffsets('high-watermark', [partition], { signal })
      if (end === expected) return
      if (end > expected) throw foreignRecords(partition)
      await delay(backoffMs(poll, MARKER_POLL), signal)
    }
    throw new TransportError(`the marker of a transaction does not appear in ${partitionName(partition)}`, {
      system: 'kafka',
      retryable: true,
    })
  }
}

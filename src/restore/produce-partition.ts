import { partitionName } from '../batch/topic-partition.js'
import { TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { protocolError } from '../kafka/retry.js'
import type { OutgoingBatch } from './outgoing.js'
import { foreignRecords, type ProduceTarget, restoredRecords } from './settle-partition.js'

const MAX_ATTEMPTS_WITHOUT_PROGRESS = 12
const BACKOFF = { firstMs: 50, maxMs: 3_000 }

/**
 * Appends batches to a partition exactly once, whatever was appended before and however often a request is lost.
 * `open` gives the batches from the beginning, always the same ones. Yields each batch once it is acknowledged; those
 * that were there already are yielded too.
 *
 * After any unknown outcome nothing is sent again blindly: the partition is settled first, and what its log then holds
 * decides where to go on. The broker's own idempotence alone would not do, because it forgets producers by the age of
 * their records, and restored records are old.
 */
export async function* producePartition(
  target: ProduceTarget,
  open: () => AsyncGenerator<OutgoingBatch, void, void>,
): AsyncGenerator<OutgoingBatch, void, void> {
  let yielded = 0n
  for (let attempt = 0; ; attempt++) {
    const run = new ProduceRun(target)
    try {
      for await (const batch of run.send(open())) {
        if (batch.position < yielded) continue
        yielded = batch.position + BigInt(batch.records)
        attempt = 0
        yield batch
      }
      return
    } catch (error) {
      target.signal?.throwIfAborted()
      const passing = error instanceof TransportError && error.retryable
      if (!passing || attempt >= MAX_ATTEMPTS_WITHOUT_PROGRESS) throw error
    } finally {
      await run.settled()
    }
    await delay(backoffMs(attempt, BACKOFF), target.signal)
  }
}

/** Sends batches in order, several at once, and fails at the first answer that is not as expected. */
class ProduceRun {
  readonly #target: ProduceTarget
  /** Records of this restore that the partition held when the run began. */
  #restored = 0n
  readonly #inFlight: { readonly batch: OutgoingBatch; readonly answer: Promise<void> }[] = []

  constructor(target: ProduceTarget) {
    this.#target = target
  }

  async *send(batches: AsyncGenerator<OutgoingBatch, void, void>): AsyncGenerator<OutgoingBatch, void, void> {
    this.#restored = await restoredRecords(this.#target)
    let sent = 0
    let total = 0n
    for await (const batch of batches) {
      total = batch.position + BigInt(batch.records)
      if (this.#isThere(batch)) {
        yield batch
        continue
      }
      // A broker that has no state for the identity accepts any sequence: the first batch must be known to be in.
      while (this.#inFlight.length >= (sent <= 1 ? 1 : this.#target.maxInFlight)) yield* this.#oldest()
      const answer = this.#produce(batch)
      answer.catch(() => {})
      this.#inFlight.push({ batch, answer })
      sent++
    }
    while (this.#inFlight.length > 0) yield* this.#oldest()
    if (this.#restored > total) throw foreignRecords(this.#target)
  }

  /** Waits until no request is on its way any more, whatever becomes of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#inFlight.map(({ answer }) => answer))
  }

  #isThere({ position, records }: OutgoingBatch): boolean {
    if (position >= this.#restored) return false
    if (position + BigInt(records) <= this.#restored) return true
    throw foreignRecords(this.#target)
  }

  async *#oldest(): AsyncGenerator<OutgoingBatch, void, void> {
    const [oldest] = this.#inFlight
    if (oldest === undefined) return
    await oldest.answer
    this.#inFlight.shift()
    yield oldest.batch
  }

  async #produce(batch: OutgoingBatch): Promise<void> {
    const { kafka, partition, identity, targetFrom, signal } = this.#target
    const { error, baseOffset } = await kafka.produce(partition, batch.bytes(identity), { signal })
    if (error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || error === 'DUPLICATE_SEQUENCE_NUMBER') {
      throw new TransportError(`${partitionName(partition)} has lost track of the restore's sequence: ${error}`, {
        system: 'kafka',
        reason: error,
        retryable: true,
      })
    }
    if (error !== undefined) throw protocolError(error, `append to ${partitionName(partition)}`)
    if (baseOffset !== targetFrom + batch.position) throw foreignRecords(this.#target)
  }
}

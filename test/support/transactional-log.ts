import fc from 'fast-check'
import { RecordBatchView } from '../../src/batch/record-batch.js'
import type { AbortedTransaction } from '../../src/kafka/transport.js'
import { BIT, batchBytes, markerBytes, numberedRecords } from './batches.js'

/** A log in which several producers' transactions lie between each other, and what is true of it. */
export interface TransactionalLog extends fc.WithToStringMethod {
  /** In order; their offsets follow each other without a hole. */
  readonly batches: readonly RecordBatchView[]
  readonly end: bigint
  /** Offsets of the records that a read_committed consumer sees, by a model that knows what each producer did. */
  readonly committed: readonly bigint[]
  /** What a broker names to a reader of `[from, next)`: aborted transactions that overlap it. */
  abortedIn(from: bigint, next: bigint): AbortedTransaction[]
}

/** A thing that a producer does; ends of transactions that are not open do nothing. */
interface Step {
  readonly producer: number
  readonly action: 'write' | 'write-plainly' | 'commit' | 'abort'
  readonly records: number
}

const PRODUCERS = 3
/** Producer ids far apart and beyond 32 bits. */
const PRODUCER_ID = 2n ** 33n
const NO_PRODUCER = -1n
/** No log is empty. */
const FIRST: Step = { producer: 0, action: 'write-plainly', records: 1 }

const step: fc.Arbitrary<Step> = fc.record({
  producer: fc.nat({ max: PRODUCERS - 1 }),
  action: fc.oneof(
    { weight: 4, arbitrary: fc.constant('write' as const) },
    { weight: 1, arbitrary: fc.constant('write-plainly' as const) },
    { weight: 2, arbitrary: fc.constantFrom('commit' as const, 'abort' as const) },
  ),
  records: fc.integer({ min: 1, max: 3 }),
})

/** Logs in which every transaction is decided, as below a last stable offset. */
export const transactionalLog: fc.Arbitrary<TransactionalLog> = fc
  .tuple(
    fc.array(step, { minLength: 1, maxLength: 25 }),
    fc.array(fc.constantFrom('commit' as const, 'abort' as const), { minLength: PRODUCERS, maxLength: PRODUCERS }),
  )
  .map(([steps, ends]) =>
    transactionalLogOf([FIRST, ...steps, ...ends.map((action, producer): Step => ({ producer, action, records: 1 }))]),
  )

/** The log that comes of `steps`. */
export function transactionalLogOf(steps: readonly Step[]): TransactionalLog {
  const batches: RecordBatchView[] = []
  const committed: bigint[] = []
  const aborted: (AbortedTransaction & { readonly markerOffset: bigint })[] = []
  const open = new Map<number, bigint[]>()
  let end = 0n
  const append = (bytes: Buffer) => {
    const batch = new RecordBatchView(bytes)
    const offsets = Array.from({ length: Number(batch.nextOffset - end) }, (_, index) => end + BigInt(index))
    batches.push(batch)
    end = batch.nextOffset
    return offsets
  }
  for (const { producer, action, records } of steps) {
    const producerId = PRODUCER_ID + BigInt(producer)
    const content = { baseOffset: end, records: numberedRecords(records), leaderEpoch: 3 }
    if (action === 'write-plainly') {
      committed.push(...append(batchBytes({ ...content, producerId: NO_PRODUCER })))
    } else if (action === 'write') {
      const offsets = append(batchBytes({ ...content, producerId, attributes: BIT.transactional }))
      open.set(producer, [...(open.get(producer) ?? []), ...offsets])
    } else {
      const written = open.get(producer)
      const [firstOffset] = written ?? []
      if (written === undefined || firstOffset === undefined) continue
      open.delete(producer)
      if (action === 'commit') committed.push(...written)
      else aborted.push({ producerId, firstOffset, markerOffset: end })
      append(markerBytes(action, { baseOffset: end, producerId, leaderEpoch: 3 }))
    }
  }
  return {
    // What a failed property shows: bytes would say nothing.
    [fc.toStringMethod]: () =>
      steps.map(({ producer, action, records }) => `${producer} ${action} ${records}`).join(', '),
    batches,
    end,
    committed: committed.sort((a, b) => Number(a - b)),
    abortedIn: (from, next) =>
      aborted
        .filter(({ firstOffset, markerOffset }) => markerOffset >= from && firstOffset < next)
        .map(({ producerId, firstOffset }) => ({ producerId, firstOffset })),
  }
}

/** Offsets of every record in `batches`. */
export function offsetsOf(batches: readonly RecordBatchView[]): bigint[] {
  return batches.flatMap((batch) => [...batch.records()].map(({ offset }) => offset))
}

/** Cuts a list at some of its places; nothing is lost and no piece is empty. */
export function cutAt<T>(items: readonly T[], places: readonly number[]): T[][] {
  const ends = [...new Set(places.map((place) => place % (items.length + 1))), items.length].sort((a, b) => a - b)
  let start = 0
  return ends.flatMap((end) => {
    const piece = items.slice(start, end)
    start = end
    return piece.length === 0 ? [] : [piece]
  })
}

/** Where a list of batches begins and ends. */
export function rangeOf(batches: readonly RecordBatchView[]): { readonly from: bigint; readonly next: bigint } {
  return { from: batches[0]?.baseOffset ?? 0n, next: batches.at(-1)?.nextOffset ?? 0n }
}

/** A log without transactions. */
export function plainLog(batches: readonly Buffer[]): TransactionalLog {
  const views = batches.map((bytes) => new RecordBatchView(bytes))
  const end = views.at(-1)?.nextOffset ?? 0n
  return {
    [fc.toStringMethod]: () => `${batches.length} batches`,
    batches: views,
    end,
    committed: offsetsOf(views),
    abortedIn: () => [],
  }
}

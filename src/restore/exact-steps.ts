import { END_OF_LOG } from '../archive/archive-range.js'
import type { DamagePolicy } from '../archive/link-reading.js'
import { type ChainBatch, isLimited, linksSince, readChain, type TimeRange } from '../archive/read-chain.js'
import type { SegmentReadOptions, SegmentSource } from '../archive/read-segment.js'
import type { ReusedBlocks } from '../archive/reused-blocks.js'
import { UndecidedTransactions } from '../archive/undecided-transactions.js'
import { forProducing } from '../batch/write-batch.js'
import { type Content, isSmall, isWhole, runs, SmallBatches, whole } from './content.js'
import { fillerBatch, fillerCounts } from './filler.js'
import type { PartitionChain } from './plan-source.js'
import { type OutgoingBatch, type RestoreStep, SEQUENCES, type TransactionPart } from './step.js'
import { TransactionSlots } from './transaction-slots.js'

/** Where and how a partition's log is made again. */
export interface ExactTarget extends SegmentReadOptions, TimeRange, DamagePolicy {
  /** Offset at which the target ends before the restore. */
  readonly targetFrom: bigint
}

/**
 * The whole log of a chain at the offsets it had: fillers up to its start, plain batches, transactions as transactions
 * with each marker at its offset, and an empty transaction for every other offset that holds no record. A transaction
 * whose marker is in a gap of the archive, or behind its end, ends there as the sidecars say.
 *
 * With a range of times the log starts at the first wanted record and ends behind the last one.
 */
export async function* exactSteps(
  source: SegmentSource,
  { chain, from, next }: Pick<PartitionChain, 'chain' | 'from' | 'next'>,
  { targetFrom, blocks, signal, spares, onDamage, ...times }: ExactTarget,
): AsyncGenerator<RestoreStep, void, void> {
  const steps = new ExactSteps(targetFrom, blocks)
  const limited = isLimited(times)
  if (!limited) yield* steps.startAt(from)
  const small = new SmallBatches()
  const links = linksSince(chain, times.sinceMs)
  let reached = links[0]?.from ?? from
  for await (const item of readChain(source, links, { isolation: 'judged', blocks, signal, spares, onDamage })) {
    const isBehindGap = item.from > reached
    const fits = isPlain(item) && isSmall(item) && isWhole(item, times)
    if (isBehindGap || !(fits && small.endAt(item))) yield* steps.plain(small.take())
    if (isBehindGap) yield* steps.endTransactions(reached, item.from)
    reached = item.next
    if (!fits) yield* steps.of(item, times)
    else if (small.add(item)) yield* steps.plain(small.take())
  }
  yield* steps.plain(small.take())
  yield* steps.endTransactions(reached, END_OF_LOG)
  if (!limited) yield* steps.fillUpTo(next)
}

function isPlain({ batch }: ChainBatch): boolean {
  return !batch.transactional && !batch.control
}

/** Puts steps one behind the other, and counts what their places and sequences follow from. */
class ExactSteps {
  readonly #targetFrom: bigint
  readonly #blocks: ReusedBlocks | undefined
  readonly #slots = new TransactionSlots()
  readonly #undecided = new UndecidedTransactions()
  /** Records sent so far under each slot's producer; `undefined` is the one of plain batches. */
  readonly #sent = new Map<number | undefined, bigint>()
  /** First offset that no step fills yet; `undefined` until the log's start is known. */
  #offset: bigint | undefined

  constructor(targetFrom: bigint, blocks: ReusedBlocks | undefined) {
    this.#targetFrom = targetFrom
    this.#blocks = blocks
  }

  /** Fills the log up to its start, and removes the fillers. */
  *startAt(offset: bigint): Generator<RestoreStep, void, void> {
    this.#offset = this.#targetFrom
    for (const count of fillerCounts(offset - this.#targetFrom)) {
      const sourceFrom = this.#offset
      const facts = {
        records: 0,
        sizeBytes: 0,
        timestampMs: -1n,
        sourceFrom,
        sourceNext: sourceFrom,
        recordsBefore: () => 0,
      }
      const offsets = BigInt(count)
      yield this.#batch({ ...facts, bytes: () => fillerBatch(count) }, { offsets, transaction: undefined })
    }
    if (offset > this.#targetFrom) yield { type: 'log-start', position: offset - this.#targetFrom, offsets: 0n }
  }

  /** Whatever the batch is. */
  *of(item: ChainBatch, times: TimeRange): Generator<RestoreStep, void, void> {
    const { batch, committed } = item
    if (batch.control) return yield* this.#marker(item)
    const contents = isWhole(item, times) ? [whole(item)] : runs(item, times)
    if (isPlain(item)) return yield* this.plain(contents)
    yield* this.#inPlace(contents, () => this.#slots.open(batch.producerId))
    if (this.#slots.has(batch.producerId)) this.#undecided.take(batch, committed === true)
  }

  /** Batches outside of transactions. */
  plain(contents: Iterable<Content>): Generator<RestoreStep, void, void> {
    return this.#inPlace(contents, () => undefined)
  }

  *#inPlace(
    contents: Iterable<Content>,
    transaction: () => TransactionPart | undefined,
  ): Generator<RestoreStep, void, void> {
    for (const content of contents) {
      yield* this.fillUpTo(content.sourceFrom)
      yield this.#batch(content, { offsets: BigInt(content.records), transaction: transaction() })
    }
  }

  /** Ends what was begun before the gap `[from, next)` and has no marker yet, in offsets that hold no record. */
  *endTransactions(from: bigint, next: bigint): Generator<RestoreStep, void, void> {
    for (const { producerId, end } of this.#undecided.endIn(from, next)) yield* this.#end(producerId, end)
  }

  /** The marker that ends a transaction. One of a transaction without batches is as good as a hole. */
  *#marker({ batch, from, next }: ChainBatch): Generator<RestoreStep, void, void> {
    const { producerId, marker, baseOffset } = batch
    this.#undecided.take(batch, false)
    if (marker === undefined || baseOffset < from || baseOffset >= next) return
    if (!this.#slots.has(producerId)) return
    yield* this.fillUpTo(baseOffset)
    yield* this.#end(producerId, marker)
  }

  /** Ends a producer's transaction with the next offset. */
  *#end(producerId: bigint, outcome: 'commit' | 'abort'): Generator<RestoreStep, void, void> {
    const slot = this.#slots.close(producerId)
    if (slot === undefined) return
    yield { type: 'marker', slot, outcome, position: this.#take(1n), offsets: 1n }
  }

  /** Fills what holds no record before an offset; before the first one that is where the log starts. */
  *fillUpTo(offset: bigint): Generator<RestoreStep, void, void> {
    if (this.#offset === undefined) return yield* this.startAt(offset)
    const offsets = offset - this.#offset
    if (offsets <= 0n) return
    yield { type: 'hole', position: this.#take(offsets), offsets, freeSlots: this.#slots.use(offsets) }
  }

  #batch(
    { bytes, ...facts }: Content,
    { offsets, transaction }: Pick<OutgoingBatch, 'offsets' | 'transaction'>,
  ): OutgoingBatch {
    const sent = this.#sent.get(transaction?.slot) ?? 0n
    this.#sent.set(transaction?.slot, sent + offsets)
    const baseSequence = Number(sent % SEQUENCES)
    return {
      ...{ type: 'batch', ...facts, position: this.#take(offsets), offsets, baseSequence, transaction },
      bytes: (identity) =>
        forProducing(bytes(), { ...identity, baseSequence, transactional: transaction !== undefined }),
      release: () => this.#blocks?.release(facts.sourceNext),
    }
  }

  /** The place of the next so many offsets. */
  #take(offsets: bigint): bigint {
    const offset = this.#offset ?? this.#targetFrom
    this.#offset = offset + offsets
    return offset - this.#targetFrom
  }
}
